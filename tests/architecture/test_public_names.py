"""`__all__` of the package is the public interface: sorted, complete, and all there."""

import ast
from pathlib import Path

import routedsl


def bound_names(source: str) -> set[str]:
    """The public names that a module's top level imports, defines or assigns."""
    names: set[str] = set()
    for node in ast.parse(source).body:
        match node:
            case ast.Import(aliases) | ast.ImportFrom(names=aliases):
                names.update(alias.asname or alias.name for alias in aliases)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                names.add(name)
            case ast.Assign(targets=targets):
                names.update(target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case _:
                pass
    return {name for name in names if not name.startswith("_")}


def test_all_is_sorted() -> None:
    assert routedsl.__all__ == sorted(routedsl.__all__)


def test_all_is_there() -> None:
    assert [name for name in routedsl.__all__ if not hasattr(routedsl, name)] == []


def test_nothing_public_is_left_out() -> None:
    assert bound_names(Path(routedsl.__file__).read_text()) <= set(routedsl.__all__)
