"""The project's pages, and what readers copy from them: fenced blocks, commands and their output, links.

How a page's blocks are read:

- `route` is a policy. What is found in it stands in comments, `# R0402: message`, on the line where it is
  found; a block with an error is marked `route error`, one that is not in canonical form `route raw`.
- `title="…"` names the block's file. Files of one page lie in one folder. Where the repository has such
  a file, the block is an excerpt of it.
- `diff` is an edit of the file in its title: its `-` lines become its `+` lines.
- `console` is run in that folder: lines that begin with `$ ` are commands, the others their output,
  where `…` stands for anything.
- `python` is run there too. `sh` is only read: its commands must be there, with their options.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = tuple(
    sorted(
        (
            *ROOT.glob("*.md"),
            *ROOT.glob("docs/*.md"),
            *ROOT.glob("grammar/*.md"),
            *ROOT.glob("examples/*/*.md"),
            *ROOT.glob("tests/*/*.md"),
        )
    )
)
"""Every page of the project."""
OURS = tuple(
    ROOT / name for name in ("README.md", "DESIGN.md", "grammar/README.md", "docs/faults.md", "docs/simulation.md")
)
"""The pages whose blocks are run."""

_FENCE = re.compile(r"^```(?P<info>[^`\n]+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_TITLE = re.compile(r'title="([^"]+)"')
_FINDING = re.compile(r"# (R\d{4}): (.+)$")
_LINK = re.compile(r"\[[^\]\n]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """A fenced block: where it stands, the language that it names first, its marks, title and text."""

    page: Path
    line: int
    language: str
    marks: tuple[str, ...]
    title: str | None
    text: str

    @property
    def at(self) -> str:
        """`page:line`, to name tests."""
        return f"{self.page.relative_to(ROOT)}:{self.line}"

    @property
    def is_excerpt(self) -> bool:
        """Whether the block is a part of a file of the repository."""
        return self.title is not None and self.language != "diff" and (ROOT / self.title).is_file()

    @property
    def edit(self) -> tuple[str, str]:
        """The lines that a `diff` takes out, and those that it puts in."""
        out, into = ("".join(re.findall(f"^[{mark}](.*\n)", self.text, re.MULTILINE)) for mark in "-+")
        return out, into

    @property
    def findings(self) -> list[tuple[int, str, str]]:
        """Line, code and message of what the block says is found in it."""
        lines = enumerate(self.text.splitlines(), 1)
        return [(number, found[1], found[2]) for number, line in lines if (found := _FINDING.search(line))]


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a `console` block, and the output that the page shows."""

    line: str
    output: str

    def shows(self, output: str) -> bool:
        """Whether the output is what the page shows, blank lines at its end apart."""
        lines = ("(?:.*\n)*" if line == "…" else f"{_pattern(line)}\n" for line in self.output.splitlines())
        return re.fullmatch("".join(lines) + "\n*", f"{output}\n") is not None


def _pattern(line: str) -> str:
    return ".*".join(map(re.escape, line.split("…")))


def fences(page: Path) -> list[Fence]:
    """The fenced blocks of a page, in order."""
    text = page.read_text("utf-8")
    return [_fence(page, text, match) for match in _FENCE.finditer(text)]


def _fence(page: Path, text: str, match: re.Match[str]) -> Fence:
    title = _TITLE.search(match["info"])
    language, *marks = _TITLE.sub("", match["info"]).split()
    return Fence(
        page=page,
        line=text.count("\n", 0, match.start()) + 1,
        language=language,
        marks=tuple(marks),
        title=title and title[1],
        text=match["text"],
    )


def every_fence(*languages: str) -> list[Fence]:
    """The blocks of our pages in these languages."""
    return [fence for page in OURS if page.exists() for fence in fences(page) if fence.language in languages]


def commands(fence: Fence) -> Iterator[Command]:
    """The commands of a block, one that ends in `\\` going on in the next line."""
    for part in re.split(r"^\$ ", fence.text, flags=re.MULTILINE)[1:]:
        line = re.match(r"(?:.*\\\n)*.*\n", part)
        assert line is not None
        yield Command(line[0].strip(), part[line.end() :])


def write_files(page: Path, folder: Path) -> None:
    """Put the files that a page shows into a folder."""
    for fence in fences(page):
        if fence.title is not None and fence.language != "diff" and not fence.is_excerpt:
            path = folder / fence.title
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(fence.text, "utf-8")


def links(page: Path) -> list[str]:
    """Where the links of a page lead."""
    return _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    text = _FENCE.sub("", page.read_text("utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in _HEADING.findall(text)}
