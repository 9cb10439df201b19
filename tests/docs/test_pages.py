"""What the pages show is true: policies load or fail as told, excerpts are their files', links lead somewhere."""

import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

from routedsl.analysis.findings import lints
from routedsl.base.diagnostic import has_errors
from routedsl.base.source import Source
from routedsl.discover import builtin
from routedsl.engine.signal import Signal
from routedsl.language.format import format_source
from routedsl.loading.policy import load_policy
from routedsl.tools.cli import main
from scripts import reference
from tests.docs.pages import OURS, PAGES, ROOT, Fence, anchors, every_fence, fences, links, write_files


def by_place(value: Fence | Path) -> str:
    return value.at if isinstance(value, Fence) else str(value.relative_to(ROOT))


@pytest.mark.parametrize("fence", [each for each in every_fence("route") if not each.is_excerpt], ids=by_place)
def test_a_policy_is_found_to_be_as_the_page_says(fence: Fence, tmp_path: Path) -> None:
    write_files(fence.page, tmp_path)
    path = tmp_path / (fence.title or "snippet.route")
    path.write_text(fence.text, "utf-8")
    found = load_policy(path, builtin(), lints).diagnostics
    assert [(d.span.source.position(d.span.start)[0], d.code, d.message) for d in found] == fence.findings
    assert has_errors(found) == ("error" in fence.marks)


@pytest.mark.parametrize("fence", [each for each in every_fence("route") if not each.marks], ids=by_place)
def test_a_policy_is_in_canonical_form(fence: Fence) -> None:
    assert format_source(Source(fence.at, fence.text)) == fence.text


DESIGN = (ROOT / "DESIGN.md").read_text("utf-8")
LAYERS = {"discover", *(path.parent.name for path in ROOT.glob("src/routedsl/*/__init__.py"))}
EXCERPTS = [fence for page in PAGES for fence in fences(page) if fence.is_excerpt]


@pytest.mark.parametrize("fence", EXCERPTS, ids=by_place)
def test_an_excerpt_is_in_its_file(fence: Fence) -> None:
    assert fence.title is not None
    assert fence.text in (ROOT / fence.title).read_text("utf-8")


@pytest.mark.parametrize("page", PAGES, ids=by_place)
def test_links_lead_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        if "://" not in link:
            name, _, anchor = link.partition("#")
            target = (page.parent / name).resolve() if name else page
            if not target.exists() or (anchor and anchor not in anchors(target)):
                lost.append(link)
    assert lost == []


def commands_of(fence: Fence) -> list[list[str]]:
    """The commands of a `sh` block as words; a comment is none of them."""
    joined = fence.text.replace("\\\n", " ")
    return [words for line in joined.splitlines() if (words := shlex.split(line, comments=True))]


COMMANDS = [
    pytest.param(words, id=f"{fence.at} {' '.join(words[:3])}")
    for page in PAGES
    for fence in fences(page)
    if fence.language == "sh"
    for words in commands_of(fence)
]


@pytest.mark.parametrize("words", COMMANDS)
def test_a_command_is_there(words: list[str]) -> None:
    match words:
        case ["routedsl", verb, *arguments]:
            command = main.get_command(click.Context(main), verb)
            assert command is not None
            command.make_context(verb, arguments).close()
        case ["make", "-C", folder, target]:
            assert f"\n{target}:" in (ROOT / folder / "Makefile").read_text()
        case ["make", target]:
            assert f"\n{target}:" in (ROOT / "Makefile").read_text()
        case _:
            assert words[0] in ("curl", "git", "cd", "pip", "python3", "export", "pytest", ".", "sed")


@pytest.mark.parametrize("page", reference.PAGES, ids=by_place)
def test_what_is_generated_is_fresh(page: Path) -> None:
    assert reference.refreshed(page.read_text("utf-8")) == page.read_text("utf-8"), "run scripts/reference.py"


@pytest.mark.parametrize("signal", reference.every_signal(), ids=lambda signal: signal.name)
def test_a_predicate_of_the_tables_can_be_written(signal: Signal, tmp_path: Path) -> None:
    path = tmp_path / "policy.route"
    path.write_text(f"when {reference.predicate(signal)} -> tiny else large", "utf-8")
    loading = load_policy(path, builtin(), lints)
    assert loading.program is not None
    # With all of a closed list, or a fact that this policy does not declare, it is no question any more.
    assert {finding.code for finding in loading.diagnostics} <= {"R0511", "R0512", "R0513"}


def test_the_modules_of_the_design_are_there() -> None:
    named = re.findall(r"`(?:routedsl\.)?([a-z]+(?:\.[a-z_]+)?)`", DESIGN)
    dotted = [name for name in named if "." in name]
    assert [name for name in dotted if find_spec(f"routedsl.{name}") is None] == []


def test_the_layers_of_the_design_are_all_there() -> None:
    drawn = DESIGN.partition("## Layers")[2].split("```")[1]
    assert set(re.findall(r"(?:^|\| )([a-z]+)", drawn, re.MULTILINE)) - {"text"} == LAYERS


def test_our_pages_are_there() -> None:
    assert [page for page in OURS if not page.is_file()] == []
