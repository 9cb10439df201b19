"""The checks of `make check` reach every package that they should."""

import re
import tomllib
from pathlib import Path
from typing import Any

import routedsl

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"
PACKAGE = Path(routedsl.__file__).parent


def contract(kind: str) -> dict[str, Any]:
    """The one import contract of this kind."""
    contracts = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["contracts"]
    (found,) = (each for each in contracts if each["type"] == kind)
    return dict(found)


def pure_layers() -> set[str]:
    """The names of the layers below `discover`, those to come included."""
    layers: list[str] = contract("layers")["layers"]
    return {name for layer in layers[layers.index("discover") + 1 :] for name in re.findall(r"\w+", layer)}


def test_every_pure_layer_that_exists_is_in_the_purity_contract() -> None:
    there = {f"routedsl.{name}" for name in pure_layers() if any(PACKAGE.glob(f"{name}/__init__.py"))}
    assert set(contract("forbidden")["source_modules"]) == there


def test_ruff_bans_clocks_in_exactly_the_pure_layers() -> None:
    ignores = tomllib.loads(PYPROJECT.read_text())["tool"]["ruff"]["lint"]["per-file-ignores"]
    (pattern,) = (pattern for pattern, codes in ignores.items() if codes == ["TID251"])
    match = re.fullmatch(r"!src/routedsl/\{([\w,]+)\}/\*\*", pattern)
    assert match
    assert set(match[1].split(",")) == pure_layers()
