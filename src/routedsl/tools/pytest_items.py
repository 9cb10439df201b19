"""The tests of policy files as items of pytest: one for each `test` block, by its name.

A file's tests are those of the policy that it is a part of: its folder's, that of a folder above which imports
it, else its own. Each policy is loaded once.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from routedsl.base.diagnostic import PolicyError
from routedsl.base.render import render_text
from routedsl.discover import discover
from routedsl.engine.program import Program
from routedsl.engine.verdict import Verdict, judge
from routedsl.language.policy import Test
from routedsl.loading.files import SUFFIX
from routedsl.loading.policy import Loading, load_policy
from routedsl.loading.tested import cases_of
from routedsl.tools.verdicts import teller

_LOADED = pytest.StashKey[dict[Path, Loading]]()


class Failure(Exception):  # noqa: N818 - a verdict, not an error of the program
    """A test that failed, as it is told."""


class RouteFile(pytest.File):
    """A policy file that has tests."""

    def collect(self) -> Iterator["RouteItem"]:
        """An item for each test of the file; what keeps the policy from loading is an error of the collection."""
        loading, policy = self._policy()
        if loading.program is None:
            raise self.CollectError(_short(render_text(loading.diagnostics).rstrip(), self.config.rootpath))
        for test in loading.program.policy.tests:
            if Path(test.span.source.name).resolve() == self.path.resolve():
                yield RouteItem.from_parent(self, name=test.name, test=test, program=loading.program, policy=policy)

    def _policy(self) -> tuple[Loading, Path]:
        """The policy that the file is a part of, and its path; where none loads, the folder's."""
        first: tuple[Loading, Path] | None = None
        for path in _policies(self.path, self.config.rootpath):
            loading = self._loaded(path)
            first = first or (loading, path)
            if _is_whole(loading) and _holds(loading, self.path):
                return loading, path
        return first or (self._loaded(self.path), self.path)

    def _loaded(self, path: Path) -> Loading:
        known = self.config.stash.setdefault(_LOADED, {})
        if path not in known:
            known[path] = load_policy(path, discover())
        return known[path]


def _policies(file: Path, root: Path) -> Iterator[Path]:
    """What a file may be a part of: the folders above that hold policy files, the nearest first, then itself."""
    for folder in file.parents:
        if _holds_policies(folder):
            yield folder
        if folder == root:
            break
    yield file


def _holds_policies(folder: Path) -> bool:
    try:
        return any(path.suffix == SUFFIX for path in folder.iterdir())
    except OSError:
        return False


def _is_whole(loading: Loading) -> bool:
    """Whether a policy loads and has rules; a fragment of declarations may load too."""
    return loading.program is not None and bool(loading.program.policy.rules)


def _holds(loading: Loading, file: Path) -> bool:
    return any(Path(source.name).resolve() == file.resolve() for source in loading.sources)


class RouteItem(pytest.Item):
    """One test of a policy."""

    def __init__(self, *, test: Test, program: Program, policy: Path, **more: object) -> None:
        """Know the test and its policy."""
        super().__init__(**more)  # type: ignore[arg-type]  # what pytest passes on
        self._test = test
        self._program = program
        self._policy = policy

    def runtest(self) -> None:
        """Decide the test's request; raises `Failure` where something is not as expected."""
        cases, found = cases_of([self._test], self._policy, self._program.catalog)
        if found:
            raise PolicyError(found)
        verdict = judge(self._test, cases[self._test.name], self._program)
        if not verdict.passed:
            raise Failure(self._told(verdict))

    def _told(self, verdict: Verdict) -> str:
        return f"{self._test.span.at}: {teller(self._program)(verdict).rstrip()}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:  # noqa: ARG002 - pytest's signature
        """What was expected, what is instead, and why."""
        match excinfo.value:
            case Failure() as failure:
                told = str(failure)
            case PolicyError(diagnostics=found):
                told = render_text(found).rstrip()
            case _:
                return str(super().repr_failure(excinfo))
        return _short(told, self.config.rootpath)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands, and its name."""
        line, _ = self._test.span.source.position(self._test.span.start)
        return self.path, line - 1, self.name


def _short(text: str, root: Path) -> str:
    """The text with places as seen from pytest's root folder."""
    return text.replace(f"{root}{os.sep}", "")
