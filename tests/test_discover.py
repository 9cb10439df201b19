"""Discovery: what comes with routedsl, what installed distributions offer, and mistakes in either."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import Distribution, DistributionFinder
from pathlib import Path
from shutil import make_archive

import pytest

from routedsl.discover import CatalogError, builtin, discover, freeze
from routedsl.engine.catalog import Catalog

Offer = Callable[..., Catalog]

SIGNAL = """
from routedsl.base.types import Type
from routedsl.engine.signal import Signal

SIGNAL = Signal(name="{name}", type=Type.COUNT, read=lambda moment: 7, doc="Seven.", since="1.0", at_most={most!r})
"""
STRATEGY = """
from routedsl.engine.strategy import Strategy

STRATEGY = Strategy(name="last", rank=lambda ballot: ballot.models[::-1], doc="The other way.", since="1.0")
"""
PROBE = """
from routedsl.engine.probe import Probe, Readings, in_turn

PROBE = Probe(name="tgi", ask=in_turn("/info"), read=lambda answers: Readings(), doc="Another.", since="1.0")
"""


@pytest.fixture
def offer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Offer:
    """Installs a distribution with one module, offered in a group, and discovers anew."""

    def installed(group: str, module: str, source: str) -> Catalog:
        (tmp_path / f"{module}.py").write_text(source)
        metadata = tmp_path / f"{module}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[routedsl.{group}]\nany = {module}\n")
        monkeypatch.syspath_prepend(tmp_path)
        return discover.__wrapped__()

    return installed


def test_nothing_installed_leaves_what_is_built_in() -> None:
    assert discover() == builtin()
    assert discover() is discover()


def test_an_installed_signal_is_a_word_like_any_other(offer: Offer) -> None:
    catalog = offer("signals", "seven_extension", SIGNAL.format(name="seven", most=None))
    assert catalog.signals.keys() - builtin().signals.keys() == {"seven"}
    assert catalog.vocabulary().signals["seven"].about == "request"


def test_an_installed_strategy_is_a_word_like_any_other(offer: Offer) -> None:
    assert "last" in offer("strategies", "last_extension", STRATEGY).vocabulary().strategies


@pytest.mark.parametrize("form", ["egg-info", "egg", "zip"])
def test_older_forms_of_distributions_offer_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    folder = tmp_path / "old.egg" if form == "egg" else tmp_path
    module = f"old_{form.replace('-', '_')}"
    metadata = folder / ("EGG-INFO" if form == "egg" else f"{module}-1.0.{form.replace('zip', 'dist-info')}")
    metadata.mkdir(parents=True)
    (metadata / ("METADATA" if form == "zip" else "PKG-INFO")).write_text(f"Name: {module}\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[routedsl.signals]\nany = {module}\n")
    (folder / f"{module}.py").write_text(SIGNAL.format(name="seven", most=None))
    if form == "zip":
        folder = Path(make_archive(str(tmp_path.parent / "old"), "zip", folder))
    monkeypatch.syspath_prepend(folder)
    assert "seven" in discover.__wrapped__().signals


def test_another_finder_may_offer_what_lies_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    class Finder(DistributionFinder):
        def find_spec(self, *_: object) -> None:
            return None

        def find_distributions(self, *_: object) -> Iterator[Distribution]:
            asked.append("routedsl")
            return iter(())

    asked: list[str] = []
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    discover.__wrapped__()
    assert asked


def test_an_installed_probe_is_a_kind_that_an_upstream_can_be(offer: Offer) -> None:
    assert "tgi" in offer("probes", "tgi_extension", PROBE).vocabulary().kinds


@pytest.mark.parametrize(
    ("module", "source", "message"),
    [
        ("taken", SIGNAL.format(name="chars", most=None), "there are two signals named `chars`"),
        ("unnamed", SIGNAL.format(name="Nr. 7", most=None), "`Nr. 7` is no name for a signal"),
        ("lawless", SIGNAL.format(name="seven", most="heaven"), "`seven` is at most `heaven`, which there is not"),
        ("empty", "", "`empty` must bind `SIGNAL` to a Signal"),
        ("other", "SIGNAL = 7", "`other` must bind `SIGNAL` to a Signal"),
        ("broken", "1 / 0", "`broken`, offered for routedsl.signals, cannot be imported: division by zero"),
    ],
)
def test_a_bad_extension_is_told_at_once(offer: Offer, module: str, source: str, message: str) -> None:
    with pytest.raises(CatalogError) as error:
        offer("signals", module, source)
    assert message in str(error.value)


def test_a_catalog_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        builtin().signals["chars"] = builtin().signals["words"]  # type: ignore[index]  # that is the point


def test_facts_of_models_are_told_apart() -> None:
    words = builtin().vocabulary()
    assert words.model_facts["quality"].declared
    assert not words.model_facts["latency"].declared
    assert words.strategies["split"]
    assert not words.strategies["first"]
    assert words.signals["header"].keyed
    assert words.signals["turns"].at_most == "messages"


def test_an_empty_catalog_is_one() -> None:
    assert freeze((), (), (), ()).vocabulary().signals == {}


def test_discovery_loads_nothing_heavy() -> None:
    """Every command starts with it: no event loop, no vocabulary of tokens, no checker, no metadata but ours."""
    code = "import sys, routedsl.discover as d; d.discover(); print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert {"aiohttp", "asyncio", "importlib.metadata", "lark", "pydantic", "re2"}.isdisjoint(run.stdout.split())
