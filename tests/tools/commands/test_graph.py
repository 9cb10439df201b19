"""`routedsl graph`: golden drawings, and that each is whole and well formed whatever the policy says."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from routedsl.discover import builtin
from routedsl.engine.graph import DRAWINGS, RULE, Arrow, Node, Tree, flow, to_dot, to_mermaid
from routedsl.loading.policy import require_policy
from routedsl.tools.cli import main

FOLDER = Path(__file__).parents[2] / "cases" / "graph"
CASES = sorted(FOLDER.glob("*.route"))
EXTENSIONS = {"text": "txt", "mermaid": "mmd", "dot": "dot", "json": "json"}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["graph", *arguments])


def tree_of(path: Path) -> Tree:
    program = require_policy(path, builtin())
    return Tree(program.policy, program.plan)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize("style", [*DRAWINGS, "json"])
def test_a_policy_is_drawn_as_told(path: Path, style: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    result = run(path.name, "--format", style)
    assert (result.exit_code, result.stderr) == (0, "")
    expected = path.with_suffix(f".{EXTENSIONS[style]}")
    if os.environ.get("UPDATE_CASES"):
        expected.write_text(result.stdout, "utf-8")
    assert result.stdout == expected.read_text("utf-8")


def test_text_is_what_is_drawn_where_nothing_is_said() -> None:
    assert run(str(CASES[0])).stdout == run(str(CASES[0]), "--format", "text").stdout
    assert json.loads(run(str(CASES[0]), "--json").stdout) == json.loads(run(str(CASES[0]), "--format", "json").stdout)


def test_a_policy_that_does_not_load_is_not_drawn(tmp_path: Path) -> None:
    broken = tmp_path / "p.route"
    broken.write_text("when chras < 1 -> a\nelse b\n")
    result = run(str(broken))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "did you mean `chars`?" in result.stderr


# ── the flow ────────────────────────────────────────────────────────────────────────────────────


def parts(path: Path) -> tuple[dict[str, Node], list[Arrow]]:
    drawn = list(flow(tree_of(path)))
    nodes = [part for part in drawn if isinstance(part, Node)]
    assert len({node.id for node in nodes}) == len(nodes)
    return {node.id: node for node in nodes}, [part for part in drawn if isinstance(part, Arrow)]


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_arrow_has_its_nodes_and_every_node_is_come_to(path: Path) -> None:
    nodes, arrows = parts(path)
    ends = {arrow.end for arrow in arrows}
    assert {arrow.start for arrow in arrows} | ends <= set(nodes)
    assert [id_ for id_, node in nodes.items() if id_ not in ends and node.kind != "route"] == []


def test_where_no_rule_of_a_block_holds_the_way_goes_on_behind_it() -> None:
    nodes, arrows = parts(FOLDER / "nested.route")
    by_label = {node.lines[-1]: id_ for id_, node in nodes.items() if node.kind != RULE}
    on_no = {arrow.start: arrow.end for arrow in arrows if arrow.answer == "no"}
    team = by_label['header["x-team"] in ["support", "sales"]']
    weekday = by_label['not stream and weekday == "sat"']
    assert on_no[by_label["tools > 0"]] == on_no[team] == weekday
    assert on_no[by_label["json"]] == team


# ── well formed ─────────────────────────────────────────────────────────────────────────────────

_DOT_ESCAPE = re.compile(r"\\(.)")
_DOT_LINE = re.compile(
    r"  (?P<start>\w+)(?: -> (?P<end>\w+))?(?: \[(?:shape=\w+, )?label=\"(?P<label>(?:[^\"\\]|\\.)*)\"\])?;"
)
_MERMAID_NODE = re.compile(r'  (?P<id>\w+)(?:\(\[|\{\{|\[)"(?P<label>[^"]*)"(?:\]\)|\}\}|\])')
_MERMAID_ARROW = re.compile(r"  (\w+) -->(?:\|(\w+)\|)? (\w+)")
_ENTITY = re.compile(r"#(\d+);")


def read_dot(text: str) -> Iterator[Node | Arrow]:
    """The drawing read back, as Graphviz reads it."""
    opened, *inner, closed = text.splitlines()
    assert (opened, closed) == ("digraph policy {", "}")
    for line in inner:
        read = _DOT_LINE.fullmatch(line)
        assert read, line
        label = _DOT_ESCAPE.sub(lambda match: "\n" if match[1] == "n" else match[1], read["label"] or "")
        yield (
            Arrow(read["start"], read["end"], label) if read["end"] else Node(read["start"], "", (*label.split("\n"),))
        )


def read_mermaid(text: str) -> Iterator[Node | Arrow]:
    """The drawing read back, as Mermaid reads it."""
    first, *lines = text.splitlines()
    assert first == "flowchart TD"
    for line in lines:
        if arrow := _MERMAID_ARROW.fullmatch(line):
            yield Arrow(arrow[1], arrow[3], arrow[2] or "")
            continue
        node = _MERMAID_NODE.fullmatch(line)
        assert node, line
        words = [_ENTITY.sub(lambda match: chr(int(match[1])), word) for word in node["label"].split("<br>")]
        yield Node(node["id"], "", tuple(words))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
@pytest.mark.parametrize(("draw", "read"), [(to_dot, read_dot), (to_mermaid, read_mermaid)], ids=["dot", "mermaid"])
def test_a_drawing_says_all_of_the_flow(
    path: Path, draw: Callable[[Tree], str], read: Callable[[str], Iterator[Node | Arrow]]
) -> None:
    tree = tree_of(path)
    told = [Node(part.id, "", part.lines) if isinstance(part, Node) else part for part in flow(tree)]
    assert list(read(draw(tree))) == told


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_mermaid_gets_nothing_that_it_reads_as_more_than_text(path: Path) -> None:
    for line in to_mermaid(tree_of(path)).splitlines():
        label = _ENTITY.sub("", "".join(re.findall(r'"([^"]*)"', line))).replace("<br>", "")
        assert not set(label) & set('#;<>&"\\`*')
