"""Prices that are not written: looked up by upstream and id, and never in the place of written ones."""

import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from routedsl.base.units import DOLLAR
from routedsl.discover import builtin
from routedsl.engine.example import NOON
from routedsl.engine.program import Program
from routedsl.engine.request import Message, Request
from routedsl.engine.world import World
from routedsl.loading import prices
from routedsl.loading.policy import require_policy

POLICY = """
upstream cloud { url "https://api.provider.test/v1" }
upstream desk  { url "http://127.0.0.1:11434/v1" }
upstream rack  { url "http://10.0.0.7:8000/v1" }
model near  { upstream desk  id "big-1" }
model far   { upstream rack  id "big-1" }
model big   { upstream cloud  id "big-1" }
model half  { upstream cloud  id "big-1"  output_price $3 }
model free  { upstream cloud  id "big-1"  input_price $0  output_price $0 }
model odd   { upstream cloud  id "nobody-knows" }
else cheapest of [big, half, free]
assert always -> cost <= $1
"""
HI = Request(endpoint="chat", model="auto", messages=(Message(role="user", text="hi"),))

Library = Callable[[Mapping[str, object]], None]


def price(input_mtok: object, output_mtok: object) -> Any:
    return SimpleNamespace(input_mtok=input_mtok, output_mtok=output_mtok)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Puts a library in the place of genai-prices that knows these models of one provider; none: there is none."""

    def forget() -> None:
        prices._snapshot.cache_clear()
        prices._looked_up.cache_clear()

    def install(models: Mapping[str, object]) -> None:
        def find(id_: str, _provider: None, _id: None, url: str) -> tuple[Any, Any]:
            assert url == "https://api.provider.test/v1", "nobody is asked about a machine of one's own"
            if id_ not in models:
                raise LookupError(id_)
            return SimpleNamespace(id="provider"), SimpleNamespace(prices=models[id_], context_window=128_000)

        snapshot = SimpleNamespace(find_provider_model=find)
        module = SimpleNamespace(get_snapshot=lambda: snapshot) if models else None
        monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", module)  # None: it cannot be imported
        forget()

    yield install
    forget()


def loaded(folder: Path, text: str = POLICY.replace("assert always -> cost <= $1", "")) -> Program:
    (folder / "p.route").write_text(text, encoding="utf-8")
    return require_policy(folder / "p.route", builtin())


def paid(program: Program) -> dict[str, tuple[float, float]]:
    models = program.policy.models.values()
    return {model.name: (model.input_price / DOLLAR, model.output_price / DOLLAR) for model in models}


def test_what_is_not_written_is_looked_up_and_what_is_written_stays(tmp_path: Path, library: Library) -> None:
    library({"big-1": price(Decimal("1.25"), Decimal(10))})
    assert paid(loaded(tmp_path)) == {
        "near": (0, 0),
        "far": (0, 0),
        "big": (1.25, 10),
        "half": (1.25, 3),
        "free": (0, 0),
        "odd": (0, 0),
    }


def test_decisions_go_by_them_and_so_does_the_digest(tmp_path: Path, library: Library) -> None:
    library({})
    plain = loaded(tmp_path)
    assert plain.decide(HI, World(now=NOON)).chain == ("big", "free", "half")
    library({"big-1": price(Decimal(1), Decimal(10))})
    one = loaded(tmp_path)
    library({"big-1": price(Decimal(1), Decimal(11))})
    other = loaded(tmp_path)
    assert one.decide(HI, World(now=NOON)).chain == ("free", "half", "big")
    assert len({each.policy.digest for each in (plain, one, other)}) == 3
    library({"another": price(Decimal(1), Decimal(11))})
    assert loaded(tmp_path).policy.digest == plain.policy.digest, "what is known and not needed changes nothing"


def test_a_promise_of_cost_is_proved_with_them(tmp_path: Path, library: Library) -> None:
    promising = POLICY.replace('id "big-1" }', 'id "big-1"  context 100k }').replace("$3 }", "$3  context 100k }")
    library({})
    loaded(tmp_path, promising)
    library({"big-1": price(Decimal(50), Decimal(50))})
    with pytest.raises(Exception, match="this promise does not hold"):
        loaded(tmp_path, promising)


class Always:
    start_date = datetime(2020, 1, 1, tzinfo=UTC)

    def active(self, _: datetime) -> bool:
        return True


class Never(Always):
    def active(self, _: datetime) -> bool:
        return False


@pytest.mark.parametrize(
    ("known", "dollars"),
    [
        pytest.param(price(None, Decimal(2)), (0, 2), id="one of the two"),
        pytest.param(
            price(SimpleNamespace(base=Decimal(1), tiers=[SimpleNamespace(price=Decimal("2.5"))]), Decimal(2)),
            (2.5, 2),
            id="the dearest by length",
        ),
        pytest.param(
            [
                SimpleNamespace(constraint=None, prices=price(Decimal(9), Decimal(9))),
                SimpleNamespace(constraint=Always(), prices=price(Decimal(3), Decimal(4))),
                SimpleNamespace(constraint=Never(), prices=price(Decimal(5), Decimal(6))),
            ],
            (3, 4),
            id="what holds since a day",
        ),
        pytest.param(
            [
                SimpleNamespace(constraint=None, prices=price(Decimal(3), Decimal(4))),
                SimpleNamespace(constraint=SimpleNamespace(), prices=price(Decimal(1), Decimal(5))),
            ],
            (3, 5),
            id="the dearest of the day",
        ),
    ],
)
def test_of_several_prices_the_dearest_that_holds_counts(
    known: object, dollars: tuple[float, float], tmp_path: Path, library: Library
) -> None:
    library({"big-1": known})
    assert paid(loaded(tmp_path))["big"] == dollars


def test_the_library_that_is_installed_knows_a_model(tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    text = 'upstream o { url "https://api.openai.com/v1" }\nmodel large { upstream o  id "gpt-4o" }\nelse large\n'
    spent = paid(loaded(tmp_path, text))["large"]
    assert 0 < spent[0] < spent[1] < 1000
