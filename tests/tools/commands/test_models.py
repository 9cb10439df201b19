"""`routedsl models`: what each model is, what it costs, and where that comes from."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.tools.cli import main
from tests.loading.test_prices import Library, library, price  # noqa: F401 - a fixture

POLICY = """
upstream cloud { url "https://api.provider.test/v1" }
upstream desk  { url "http://127.0.0.1:11434/v1" }
model tiny  { upstream desk  id "llama3.2:1b"  context 8k  quality 30.5  supports [] }
model big   { upstream cloud  id "big-1"  output_price $7.50  supports [tools, images]  tags [paid] }
model odd   { upstream cloud }
else big
"""


def run(folder: Path, *options: str, text: str = POLICY) -> Result:
    (folder / "p.route").write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["models", str(folder / "p.route"), *options])


def test_each_model_has_its_line(tmp_path: Path, library: Library) -> None:  # noqa: F811 - a fixture
    library({"big-1": price(Decimal("1.25"), Decimal(10))})
    result = run(tmp_path)
    assert result.exit_code == 0
    assert (
        result.stdout
        == """\
model  upstream  id           context             quality  input        output         supports
tiny   desk      llama3.2:1b  8000                30.5     none         none           text alone
big    cloud     big-1        any (128000 known)  -        $1.25 known  $7.5 declared  tools, images
odd    cloud     odd          any                 -        none         none           anything
prices: dollars for a million tokens
"""
    )
    assert (
        result.stderr == "the prices of `odd` are not written, nor known by the upstream and the id: they count as $0\n"
    )


def test_programs_get_all_of_it(tmp_path: Path, library: Library) -> None:  # noqa: F811 - a fixture
    library({"big-1": price(Decimal("1.25"), Decimal(10))})
    tiny, big, _ = map(json.loads, run(tmp_path, "--json").stdout.splitlines())
    assert big == {
        "model": "big",
        "upstream": "cloud",
        "id": "big-1",
        "provider": "provider",
        "context": None,
        "known_context": 128_000,
        "quality": None,
        "input_price": {"dollars": 1.25, "from": "known"},
        "output_price": {"dollars": 7.5, "from": "declared"},
        "typical_output": None,
        "supports": ["tools", "images"],
        "tags": ["paid"],
    }
    assert (tiny["provider"], tiny["input_price"]["from"]) == (None, "none")


def test_without_the_extra_it_says_what_that_would_add(tmp_path: Path, library: Library) -> None:  # noqa: F811 - a fixture
    library({})
    result = run(tmp_path)
    assert result.exit_code == 0
    assert "known" not in result.stdout
    expected = 'the prices of `big`, `odd` are not written; `pip install "routedsl-gateway[prices]"` looks them up\n'
    assert result.stderr == expected


@pytest.mark.parametrize(("text", "code"), [("else tiny", 0), ("else tinny tiny", 2), ("", 2)])
def test_policies_without_models_and_with_mistakes(text: str, code: int, tmp_path: Path) -> None:
    result = run(tmp_path, text=text)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr
