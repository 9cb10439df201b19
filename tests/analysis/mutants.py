"""Bugs to seed into the analysis, one at a time, to see that the tests of its soundness find each."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent.parent
TESTS = ("regions", "budget", "ground", "index", "predicates", "soundness")
LONGEST = 300
"""Seconds after which a run counts as failed: a bug may make it run for ever."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """A text that stands once in a module of the analysis, and what a bug makes of it."""

    module: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.module}: {self.old.strip()} -> {self.new.strip()}"


MUTANTS = (
    # ── cells ──
    Mutant("space", "(2 << place) - 1", "(1 << place) - 1"),
    Mutant("space", "return (1 << place) - 1", "return (2 << place) - 1"),
    Mutant("space", "(1 << spans) - (2 << place)", "(1 << spans) - (1 << place)"),
    Mutant("space", "return (1 << spans) - (1 << place)", "return (2 << spans) - (1 << place)"),
    Mutant("space", "(int(c), int(c) + 1)", "(int(c),)"),
    Mutant("space", "(int(c), int(c) + 1)", "(int(c) + 1,)"),
    Mutant("space", "else following - 1)", "else following)"),
    Mutant("space", "last = _LAST_MINUTE if type_ is Type.TIME", "last = 1_000_000 if type_ is Type.SHARE"),
    Mutant("space", "if 0 <= start <= last", "if 0 < start < last"),
    Mutant("space", "if low < between.sample() < high:", "if low < high:"),
    Mutant("space", "return self.high - 1 if", "return self.high if"),
    Mutant("space", "return self.low + 1 if", "return self.low if"),
    Mutant("space", "if any(predicate.fact.optional for predicate in asked) else ()", "if False else ()"),
    Mutant("space", "and fact.type is Type.TEXT else ()", "else ()"),
    Mutant("space", 'OTHER + max(named, key=len, default="")', "OTHER"),
    Mutant(
        "space", "Dimension(fact, (*named, other, *missing), other=len(named))", "Dimension(fact, (*named, *missing))"
    ),
    Mutant("space", "self.add(fact.text, Dimension(fact, (*closed, *missing)))", "self.add_text(asked, missing)"),
    Mutant(
        "space",
        "self.add(fact.text, Dimension(fact, (False, True, *missing)))",
        "self.add(fact.text, Dimension(fact, (False, True)))",
    ),
    Mutant("space", "if all(value in places for value in values)", "if any(value in places for value in values)"),
    Mutant("space", "for value in set(values))", "for value in values)"),
    # ── ties ──
    Mutant("space", "known = self.dimensions[at].full & ~(1 << len(named))", "known = self.dimensions[at].full"),
    Mutant("space", "known = self.dimensions[at].full & ~(1 << len(named))", "known = (1 << len(named)) - 1"),
    Mutant("space", "Follows(place, found, YES)", "Follows(place, found, NO)"),
    Mutant("space", "self.tie(at, Follows(place, fails, NO))", "pass"),
    Mutant("space", "Follows(at, YES, ~fails)", "Follows(at, YES, found)"),
    Mutant("space", "self.tie(place, Follows(at, NO, ~found))", "pass"),
    Mutant("space", "Follows(second, YES, YES if left else NO)", "Follows(second, YES, YES)"),
    Mutant("space", "Follows(first, NO if left else YES, NO)", "Follows(first, NO, NO)"),
    Mutant("space", "bisect_right(lows, span.high)", "bisect_right(lows, span.low)"),
    Mutant("space", "bisect_left(highs, span.low)", "bisect_left(highs, span.high)"),
    Mutant("space", "self.tie(lesser, AtLeast(", "self.tie(greater, AtLeast("),
    Mutant("space", "and None not in self.dimensions[at].values", ""),
    Mutant("space", "at is None or word.type is not self.dimensions[at].fact.type", "at is None"),
    Mutant("space", "word = words.get(word.at_most)", "word = None"),
    Mutant("space", "and not word.optional and", "and"),
    Mutant("ties", "-1 if here & ~self.cells else", "-1 if not here & self.cells else"),
    Mutant("ties", "self.counts[here.bit_length() - 1]", "self.counts[lowest(here)]"),
    Mutant("ties", "self.firsts[lowest(here)]", "self.firsts[here.bit_length() - 1]"),
    Mutant("predicates", "all(map(matcher(second), texts))", "any(map(matcher(second), texts))"),
    Mutant("predicates", "set(texts) <= set(others)", "set(texts) >= set(others)"),
    Mutant("predicates", "_includes(wider, glob)", "_includes(glob, wider)"),
    Mutant("predicates", 'glob.replace("?", "*").split("*")', '[glob.replace("?", "").replace("*", "")]'),
    Mutant("predicates", 'if char != "*" and wider', "if wider"),
    Mutant("predicates", "rests[at] or row[-1]", "rests[at]"),
    # ── regions ──
    Mutant("regions", "return [{}] if value is holds else []", "return [{}] if value else []"),
    Mutant("regions", "budget, holds=not holds)", "budget, holds=holds)"),
    Mutant("regions", "isinstance(condition, And) is holds", "isinstance(condition, And)"),
    Mutant("regions", "cells if holds else full & ~cells", "cells if holds else full & (full ^ cells) >> 1 << 1"),
    Mutant("regions", "key = (id(condition), holds)", "key = (id(condition), True)"),
    Mutant("regions", "single[at] = single.get(at, 0) | cells", "single[at] = cells"),
    Mutant("regions", "if {} in boxes or any(", "if any("),
    Mutant("regions", "budget.spend(len(boxes) * len(part))", "budget.spend(0)"),
    Mutant("regions", "if self._left < 0:", "if self._left < -(10**9):"),
    Mutant("regions", "            both[at] = shared\n", ""),
    Mutant("regions", "            both[at] = cells\n", ""),
    Mutant("regions", "        rest[at] = here & cells\n", ""),
    Mutant("regions", "if outside == here:", "if outside != here:"),
    Mutant("regions", "{**rest, at: outside}, [*changed, at]", "{**rest, at: here}, [*changed, at]"),
    Mutant("regions", "            if not left:\n                return None\n", ""),
    Mutant("regions", "                changed.append(tie.other)\n", ""),
    Mutant("regions", "    rest = dict(box)\n", "    rest = box\n"),
    # ── the index ──
    Mutant("index", "since[first >> self.shift]", "since[last >> self.shift]"),
    Mutant(
        "index",
        "if cells.bit_count() > FEW:\n            return -1",
        "if cells.bit_count() > FEW:\n            return self.wide",
    ),
    Mutant("index", "found = self.wide", "found = self.free"),
    Mutant("index", "return self.wide | self.cells.get(lowest(cells), 0)", "return self.cells.get(lowest(cells), 0)"),
    Mutant("index", "column.wide = column.free | set_of(wide)", "column.wide = set_of(wide)"),
    Mutant("index", "among &= column.free if cells is None else", "among &= 0 if cells is None else"),
    Mutant("index", "_running(column.free, lasts[::-1])", "_running(0, lasts[::-1])"),
    Mutant("index", "known.get(at) != cells", "known.get(at) is None"),
    Mutant("index", "starts, ends = cells & ~(cells << 1)", "starts, ends = cells & ~(cells << 2)"),
    # ── reach ──
    Mutant("reach", "(1 << self.starts[place]) - 1, budget", "(2 << self.starts[place]) - 1, budget"),
    Mutant("reach", "(1 << self.starts[place]) - 1, budget", "(1 << self.starts[place]) - 1 & ~1, budget"),
    Mutant(
        "reach",
        "            return Unknown()\n        return Dead",
        "            return Dead(tuple(used))\n        return Dead",
    ),
    Mutant("reach", "if self.unsure_from < place else", "if self.unsure_from > place else"),
    Mutant("reach", "if own is None:\n            return Unknown()", "if own is None:\n            return Dead(())"),
    Mutant("reach", "others = among & ~(1 << number)", "others = among & ~(3 << number)"),
    Mutant("reach", "            budget.spend()\n", ""),
    Mutant("reach", "used.add(self.owners[number])", "used.add(0)"),
    Mutant("reach", "if len(needed) == 1 or self._covered", "if len(needed) == 2 or self._covered"),
    Mutant("reach", "or self._covered(own, [rule])", "or self._covered(own[:1], [rule])"),
    Mutant("reach", "or next((pair for pair in compared if pair[0] is not None), None)", ""),
    Mutant("reach", "if fewer and self._covered(own, fewer):", "if fewer:"),
    Mutant("reach", "if fewer and self._covered(own, fewer):", "if False:"),
    Mutant(
        "reach",
        "        except Undecided:\n            return False",
        "        except Undecided:\n            return True",
    ),
    # ── grounding ──
    Mutant("ground", "Op.LE: Op.GE, Op.GT", "Op.LE: Op.GT, Op.GT"),
    Mutant("ground", "Compare(other, _FLIPPED[op], value", "Compare(other, op, value"),
    Mutant(
        "ground",
        "if not isinstance(value, int | float):\n                    return Constant(False",
        "if not isinstance(value, int | float):\n                    return Constant(True",
    ),
    Mutant("ground", "Constant(value is not None and test_of(predicate)(value)", "Constant(value is not None"),
    Mutant("ground", 'if "*" not in pattern and "?" not in pattern', 'if "*" not in pattern'),
    Mutant("ground", 'if not pattern.strip("*")', 'if not pattern.strip("*?")'),
    Mutant("ground", "settling = isinstance(whole, Or)", "settling = isinstance(whole, And)"),
    Mutant("ground", "return Constant(not value, span=whole.span)", "return Constant(value, span=whole.span)"),
    Mutant("ground", "            return inner\n", "            return Not(inner, span=whole.span)\n"),
)


def is_found(mutant: Mutant) -> bool:
    """Whether the tests fail where the bug is seeded into a copy of the package."""
    with TemporaryDirectory() as folder:
        package = Path(folder) / "routedsl"
        shutil.copytree(ROOT / "src" / "routedsl", package, ignore=shutil.ignore_patterns("__pycache__"))
        module = package / "analysis" / f"{mutant.module}.py"
        text = module.read_text()
        if text.count(mutant.old) != 1:
            raise LookupError(f"this must stand once: {mutant}")
        module.write_text(text.replace(mutant.old, mutant.new))
        return _fails(folder)


def _fails(folder: str) -> bool:
    """Whether the tests fail with the package in a folder; that it is this one they test is made sure of."""
    which = "import routedsl.analysis, sys; sys.exit(not routedsl.analysis.__file__.startswith(sys.argv[1]))"
    environment = {**os.environ, "PYTHONPATH": folder, "HYPOTHESIS_PROFILE": "ci"}
    subprocess.run([sys.executable, "-c", which, folder], env=environment, cwd=folder, check=True)
    tests = [str(ROOT / "tests" / "analysis" / f"test_{name}.py") for name in TESTS]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, timeout=LONGEST).returncode == 1
    except subprocess.TimeoutExpired:
        return True
