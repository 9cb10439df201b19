"""The canonical form of policy files: one way to write each policy, and nothing of its meaning changed.

Two spaces indent. A statement, an option and a rule each stand on their lines; `when A -> x else y`
that stood on one line stays there, and so does a declaration, if it fits in 100 columns. Longer
conditions break before `and`, `or` and `->`. Lists and braces that are too long, or have comments in
them, hold one entry a line. Operators are spaced, settings on one line are set apart by two spaces.
Names are quoted, and conditions put in parentheses, only where that is needed; literals stay as
they were written. Consecutive lines align the `=` of `let` and `pool`, the braces of declarations,
and the comments behind them. Blank lines stay, one at a time, but for those at either end of braces.
Comments stay with what they stood beside, or above.
"""

from collections.abc import Iterable, Sequence

from routedsl.base.diagnostic import PolicyError
from routedsl.base.source import Source
from routedsl.language import syntax as s
from routedsl.language import written
from routedsl.language.lines import Piece, Writer, aligned, fits
from routedsl.language.parse import parse


class FormatError(Exception):
    """The formatted text would not say the same as the text: a mistake of the formatter's own."""


def format_source(source: Source) -> str:
    """The text in canonical form; raises `PolicyError` where it does not parse."""
    file, diagnostics = parse(source)
    if diagnostics:
        raise PolicyError(diagnostics)
    formatted = format_file(file)
    again, mistakes = parse(Source(source.name, formatted))
    if mistakes or _said(again) != _said(file):
        message = f"{source.name} was left as it is: formatting it would change what it says"
        raise FormatError(message)
    return formatted


def _said(file: s.File) -> tuple[object, ...]:
    return file.edition, file.statements, sorted(comment.text for comment in file.comments)


def format_file(file: s.File) -> str:
    """The text of a file in canonical form."""
    writer = Writer(file.source.text, file.comments)
    if file.edition is not None:
        start = file.source.text.rfind("edition", 0, file.edition.span.start)
        writer.item(0, [Piece(f"edition {file.edition.text}", start)], file.edition.span.end)
    _statements(writer, 0, file.statements)
    writer.comments_before(len(file.source.text) + 1, 0)
    return "".join(f"{line}\n" for line in aligned(writer.lines))


def _statements(w: Writer, depth: int, nodes: Sequence[s.Statement | s.Stated | s.Expected]) -> None:
    rest = list(reversed(nodes))
    while rest:
        node = rest.pop()
        if rest and (pair := _pair(w, depth, node, rest[-1])):
            w.item(depth, [Piece(pair, node.span.start)], rest.pop().span.end)
        else:
            _statement(w, depth, node)


def _pair(w: Writer, depth: int, node: object, after: object) -> str | None:
    """`when A -> x else y`, if it stood on one line and fits on one."""
    if not (isinstance(node, s.Rule) and isinstance(after, s.Rule) and node.condition and not after.condition):
        return None
    apart = not w.text or "\n" in w.text[node.span.start : after.span.end]
    code = f"{_one_line(node)} {_one_line(after)}"
    return None if apart or not fits(depth, code) else code


def _statement(w: Writer, depth: int, node: s.Statement | s.Stated | s.Expected) -> None:
    match node:
        case s.Import() | s.Stated() | s.Expected():
            w.item(depth, [Piece(_entry(node), node.span.start)], node.span.end)
        case s.Declaration(keyword, name):
            _settings(w, depth, node, f"{keyword} {written.name(name)}", name.span.end)
        case s.Defaults():
            _settings(w, depth, node, "defaults", node.span.start)
        case s.Let(name, condition):
            named = f"let {name.text}"
            w.item(depth, _condition(f"{named} =", condition, node.span.start), node.span.end, "let", len(named))
        case s.Pool(name, target):
            named = f"pool {written.name(name)}"
            w.item(depth, _target(f"{named} =", target, node.span.start), node.span.end, "pool", len(named))
        case s.Assert(condition, value=value):
            promise = Piece(f"-> {written.promise(node)}", value.span.start)
            w.item(depth, [*_condition("assert", condition, node.span.start), promise], node.span.end)
        case s.Test():
            _test(w, depth, node)
        case s.Route(names, body):
            head = Piece(f"route {', '.join(map(written.name, names))} {{", node.span.start)
            _braces(w, depth, [head], names[-1].span.end, body, node.span.end)
        case s.Block(condition, body):
            *most, last = _condition("when", condition, node.span.start)
            _braces(w, depth, [*most, last.with_more(" {")], condition.span.end, body, node.span.end)
        case s.Rule():
            _rule(w, depth, node)
        case s.Setting():
            _setting(w, depth, node)


# ── braces and lists ────────────────────────────────────────────────────────────────────────────


def _settings(w: Writer, depth: int, node: s.Declaration | s.Defaults, head: str, head_end: int) -> None:
    """A declaration: on one line if it stood on one and fits."""
    code = f"{head} {_in_braces(node.settings)}"
    stays = "\n" not in w.text[node.span.start : node.span.end] or not node.settings
    if stays and fits(depth, code) and not w.has_comment(node.span.start, node.span.end):
        w.item(depth, [Piece(code, node.span.start)], node.span.end, head.partition(" ")[0], len(head))
    else:
        _braces(w, depth, [Piece(f"{head} {{", node.span.start)], head_end, node.settings, node.span.end)


def _in_braces(settings: Iterable[s.Setting]) -> str:
    return _spaced(map(written.setting, settings))


def _spaced(entries: Iterable[str]) -> str:
    inside = "  ".join(entries)
    return f"{{ {inside} }}" if inside else "{}"


def _test(w: Writer, depth: int, node: s.Test) -> None:
    """A test: on one line if it stood on one and fits."""
    head = f"test {written.text(node.name)}"
    body: tuple[s.Stated | s.Expected, ...] = (*node.stated, *node.expected)
    code = f"{head} {_spaced(map(_entry, body))}"
    stays = "\n" not in w.text[node.span.start : node.span.end] or not body
    if stays and fits(depth, code) and not w.has_comment(node.span.start, node.span.end):
        w.item(depth, [Piece(code, node.span.start)], node.span.end)
    else:
        _braces(w, depth, [Piece(f"{head} {{", node.span.start)], node.name.span.end, body, node.span.end)


def _entry(node: s.Import | s.Stated | s.Expected) -> str:
    match node:
        case s.Import(path):
            return f"import {written.text(path)}"
        case s.Stated():
            return written.stated(node)
        case s.Expected():
            return written.expected(node)


def _braces(
    w: Writer,
    depth: int,
    head: Sequence[Piece],
    head_end: int,
    body: Sequence[s.Statement | s.Stated | s.Expected],
    end: int,
) -> None:
    """A head that ends in `{`, a body with one entry a line, and the `}` that ends before `end`."""
    if not body and not w.has_comment(w.after_brace(head_end), end):
        w.item(depth, [*head[:-1], head[-1].with_more("}")], end)
        return
    w.item(depth, head, w.after_brace(head_end))
    _statements(w, depth + 1, body)
    w.close(depth, "}", end)


def _setting(w: Writer, depth: int, node: s.Setting) -> None:
    """A setting; a list that is too long, or has comments in it, holds one entry a line."""
    code, value = written.setting(node), node.value
    if not isinstance(value, s.Items) or (fits(depth, code) and not w.has_comment(value.span.start, value.span.end)):
        w.item(depth, [Piece(code, node.span.start)], node.span.end)
        return
    w.item(depth, [Piece(f"{node.name.text} [", node.span.start)], value.span.start + 1)
    for entry in value.items:
        w.item(depth + 1, [Piece(f"{written.operand(entry)},", entry.span.start)], entry.span.end)
    w.close(depth, "]", node.span.end)


# ── rules ───────────────────────────────────────────────────────────────────────────────────────


def _rule(w: Writer, depth: int, node: s.Rule) -> None:
    """A rule; its options stand in braces behind it, or one a line."""
    pieces = _head(node)
    if node.options:
        head_end = max(node.target.span.end, node.name.span.end if node.name else 0)
        inline = pieces[-1].with_more(f" {_in_braces(node.options)}")
        commented = w.has_comment(w.after_brace(head_end), node.span.end)
        if commented or not (fits(depth, _join([*pieces[:-1], inline])) or fits(depth + w.HANGING, inline.text)):
            opened = [*pieces[:-1], pieces[-1].with_more(" {")]
            _braces(w, depth, opened, head_end, node.options, node.span.end)
            return
        pieces = [*pieces[:-1], inline]
    w.item(depth, pieces, node.span.end)


def _one_line(node: s.Rule) -> str:
    return _join(_head(node)) + (f" {_in_braces(node.options)}" if node.options else "")


def _join(pieces: Iterable[Piece]) -> str:
    return " ".join(piece.text for piece in pieces)


def _head(node: s.Rule) -> list[Piece]:
    """A rule up to its options."""
    if node.condition is None:
        pieces = _target("else", node.target, node.span.start)
    else:
        target = _target("->", node.target, node.target.span.start)
        pieces = [*_condition("when", node.condition, node.span.start), *target]
    return [*pieces[:-1], pieces[-1].with_more(f" as {written.name(node.name)}")] if node.name else pieces


def _target(before: str, target: s.Target | s.Items, start: int) -> list[Piece]:
    code = written.models(target) if isinstance(target, s.Items) else written.target(target)
    if isinstance(target, s.ToStrategy) and target.where is not None:
        return _condition(f"{before} {code} where", target.where, start, further=1)
    return [Piece(f"{before} {code}", start)]


def _condition(before: str, condition: s.Condition, start: int, *, further: int = 0) -> list[Piece]:
    """A condition behind a word, in pieces that start with `and` or `or`."""
    first, *rest = written.parts(condition)
    pieces = [Piece(f"{word} {written.part(item, condition)}", item.span.start, further) for word, item in rest]
    return [Piece(f"{before} {written.part(first[1], condition)}", start), *pieces]
