"""`routedsl diff`: what it tells, as text and as JSON, how it ends, and that its witness decides as it says."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.language.settings import DEFAULTS, MODEL, UPSTREAM
from routedsl.tools.cli import main

OLD = """
model tiny { id "t:1" context 8k }
model large {}
route auto, "gpt-*" {
  when tools > 0 and 200 <= chars < 500 -> tiny as tools { timeout 3s }
  else large
  fallback [large, tiny]
}
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, new: str, old: str = OLD) -> Result:
    Path("old.route").write_text(old)
    Path("new.route").write_text(new)
    return CliRunner().invoke(main, ["diff", "old.route", "new.route", *arguments])


def test_the_same_is_told_as_the_same() -> None:
    result = run(new=f"let small = chars < 500\n{OLD.replace('200 <= chars < 500', 'small and not (chars < 200)')}")
    assert result.exit_code == 0
    assert result.stdout == "the same: no request is decided differently, and nothing is declared differently\n"
    assert json.loads(run("--json", new=OLD).stdout) == {"same": True, "regions": [], "declared": [], "undecided": []}


def test_a_region_is_told_with_both_decisions_and_a_witness() -> None:
    result = run(new=OLD.replace("chars < 500", "chars < 400"))
    assert result.exit_code == 1
    region, old, new, witness, blank, summary = result.stdout.splitlines()
    assert region == "route auto: when tools > 0 and 400 <= chars < 500"
    assert old == "  old  tools   -> tiny, then large  timeout 3s"
    assert new == "  new  auto:2  -> large, then tiny"
    assert witness.startswith('  witness: {"body": {"model": "auto"')
    assert (blank, summary) == ("", "1 region is decided differently, 1 shown; 0 declarations differ")


def test_json_has_the_request_whole_and_it_is_decided_as_told() -> None:
    result = run("--json", new=OLD.replace("chars < 500", "chars < 400"))
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    (region,) = told["regions"]
    assert (region["asked"], region["conditions"]) == (
        {"old": "auto", "new": "auto"},
        ["tools > 0 and 400 <= chars < 500"],
    )
    assert region["old"]["rules"] == [{"rule": "tools", "at": "old.route:5:3"}]
    assert (region["old"]["target"], region["old"]["options"]) == ("tiny", {"timeout": 3.0})
    request = json.dumps(region["witness"]["request"])
    for side in ("old", "new"):
        decided = CliRunner().invoke(main, ["decide", f"{side}.route", "--json"], input=request)
        assert json.loads(decided.stdout) == region[side]["decision"]
    assert region["old"]["decision"]["chain"] == ["tiny", "large"]


DECLARED = {
    "model tiny id": ('"t:1"', '"t:2"', 'model tiny id: "t:1" -> "t:2"'),
    "a price": ("model large {}", "model large { input_price $2.50 }", "model large input_price: $0 -> $2.5"),
    "tags": ("model large {}", 'model large { tags ["eu"] }', 'model large tags: [] -> ["eu"]'),
    "a model": ("model large {}", "model large {} model huge {}", "model huge is new"),
    "a name": ("model large {}", "model large {} model huge {}", "name huge: nobody -> model huge"),
    "a pattern": (', "gpt-*"', "", 'pattern "gpt-*": route auto -> nobody'),
    "defaults": ("model large {}", "model large {} defaults { deadline 9s }", "defaults deadline: none -> 9s"),
    "explicit": ("model large {}", "model large {} defaults { explicit auto }", "defaults explicit: none -> auto"),
    "a zone": (
        "model large {}",
        'model large {} defaults { timezone "Asia/Tokyo" }',
        'defaults timezone: "UTC" -> "Asia/Tokyo"',
    ),
    "an upstream": ("model large {}", 'model large {} upstream far { url "https://a.b/v1" }', "upstream far is new"),
}


@pytest.mark.parametrize(("before", "after", "line"), DECLARED.values(), ids=DECLARED)
def test_what_is_declared_differently_is_told(before: str, after: str, line: str) -> None:
    result = run(new=OLD.replace(before, after))
    assert result.exit_code == 1
    assert line in result.stdout.splitlines()


def test_every_setting_can_be_told() -> None:
    head = (
        'upstream {0} {{ url "https://{0}.b/v1" }} model {0} {{ upstream {0} }}\n'
        'upstream far {{ url "https://{0}.b/v1" connect {1}s key $KEY_{1} protocol {3} kind {4} slots {1} }}\n'
        'model tiny {{ upstream {5} id "t:{1}" context {1}k quality {1} supports [{2}] tags ["{0}"]'
        " input_price ${1} output_price ${1} typical_output {1} }}\n"
        "defaults {{ timeout {1}s first_token {1}s idle {1}s deadline 3{1}s retry {1} sticky {1}m max_output {1}k"
        ' explore {1}% hedge {1}s fallback [{0}] fallback_on [{6}] timezone "Asia/{7}" {8} }}\nelse tiny\n'
    )
    result = run(
        "--json",
        old=head.format("a", 1, "tools", "openai", "vllm", "far", "filtered", "Tokyo", "buffer whole"),
        new=head.format("b", 2, "json", "anthropic", "llamacpp", "b", "invalid", "Dubai", "explicit auto"),
    )
    assert result.exception is None or isinstance(result.exception, SystemExit)
    told = {(one["kind"], one["setting"]): (one["old"], one["new"]) for one in json.loads(result.stdout)["declared"]}
    assert {setting for kind, setting in told if kind == "upstream"} - {None} == set(UPSTREAM.readers)
    assert {setting for kind, setting in told if kind == "model"} - {None} == set(MODEL.readers)
    # A fallback is told with the rules that it is for.
    assert {setting for kind, setting in told if kind == "defaults"} == {*DEFAULTS.readers} - {"fallback"}
    assert told["upstream", "connect"] == ("1s", "2s")
    assert told["upstream", "key"] == ("$KEY_1", "$KEY_2")
    assert told["upstream", "kind"] == ("vllm", "llamacpp")
    assert told["upstream", "slots"] == told["model", "typical_output"] == ("1", "2")
    assert told["model", "supports"] == ("[tools]", "[json]")
    assert told["model", "input_price"] == ("$1", "$2")
    assert told["defaults", "sticky"] == ("1m", "2m")
    assert told["defaults", "explore"] == ("1%", "2%")


@pytest.mark.parametrize("broken", ["when chras < 1 -> a\nelse b\n", "", "when chars < 1 -> tiny\n"])
def test_a_policy_that_does_not_load_cannot_be_compared(broken: str) -> None:
    assert run(new=broken).exit_code == 2
    assert run(new=OLD, old=broken).exit_code == 2
