"""Finds the extensions there are, built in and installed, and freezes them into a `Catalog`."""

import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from pathlib import Path
from pkgutil import iter_modules
from types import MappingProxyType, ModuleType
from typing import TypeVar

import routedsl.probes
import routedsl.protocols
import routedsl.signals
import routedsl.strategies
from routedsl.engine.catalog import Catalog
from routedsl.engine.probe import Probe
from routedsl.engine.protocol import Protocol
from routedsl.engine.signal import About, Signal
from routedsl.engine.strategy import Strategy

_NAME = re.compile(r"[a-z][a-z0-9_]*")

Extension = TypeVar("Extension", Signal, Strategy, Protocol, Probe)


class CatalogError(Exception):
    """An extension that is not what it should be: a mistake of its author, found at start-up."""


@cache
def builtin() -> Catalog:
    """The extensions that come with routedsl; raises `CatalogError`."""
    return freeze(
        signals=_within(routedsl.signals, Signal),
        strategies=_within(routedsl.strategies, Strategy),
        protocols=_within(routedsl.protocols, Protocol),
        probes=_within(routedsl.probes, Probe),
    )


@cache
def discover() -> Catalog:
    """Those and the ones that installed distributions offer as entry points; raises `CatalogError`."""
    known = builtin()
    if not _may_be_offered():
        return known
    return freeze(
        signals=[*known.signals.values(), *known.model_facts.values(), *_installed("routedsl.signals", Signal)],
        strategies=[*known.strategies.values(), *_installed("routedsl.strategies", Strategy)],
        protocols=[*known.protocols.values(), *_installed("routedsl.protocols", Protocol)],
        probes=[*known.probes.values(), *_installed("routedsl.probes", Probe)],
    )


def freeze(
    signals: Iterable[Signal],
    strategies: Iterable[Strategy],
    protocols: Iterable[Protocol],
    probes: Iterable[Probe],
) -> Catalog:
    """A catalog of these extensions; raises `CatalogError` where a name is no name or taken, or a law names nothing."""
    every = tuple(signals)
    catalog = Catalog(
        signals=_by_name((signal for signal in every if signal.about is not About.MODEL), lambda s: s.name),
        model_facts=_by_name((signal for signal in every if signal.about is About.MODEL), lambda s: s.name),
        strategies=_by_name(strategies, lambda strategy: strategy.name),
        protocols=_by_name(protocols, lambda protocol: protocol.endpoint),
        probes=_by_name(probes, lambda probe: probe.name),
    )
    for signal in catalog.signals.values():
        if signal.at_most is not None and signal.at_most not in catalog.signals:
            raise CatalogError(f"the signal `{signal.name}` is at most `{signal.at_most}`, which there is not")
    return catalog


def _by_name(extensions: Iterable[Extension], name_of: Callable[[Extension], str]) -> Mapping[str, Extension]:
    named: dict[str, Extension] = {}
    for extension in extensions:
        name, kind = name_of(extension), type(extension).__name__.lower()
        if not _NAME.fullmatch(name):
            raise CatalogError(f"`{name}` is no name for a {kind}: lower-case letters, digits and `_` make one")
        if name in named:
            raise CatalogError(f"there are two {kind}s named `{name}`")
        named[name] = extension
    return MappingProxyType(named)


def _within(package: ModuleType, kind: type[Extension]) -> Iterator[Extension]:
    names = sorted(module.name for module in iter_modules(package.__path__, f"{package.__name__}."))
    return (_bound(import_module(name), name, kind) for name in names if "._" not in name)


def _bound(module: object, place: str, kind: type[Extension]) -> Extension:
    constant = kind.__name__.upper()
    found = getattr(module, constant, None)
    if not isinstance(found, kind):
        raise CatalogError(f"`{place}` must bind `{constant}` to a {kind.__name__}")
    return found


# ── what is installed ───────────────────────────────────────────────────────────────────────────


def _installed(group: str, kind: type[Extension]) -> Iterator[Extension]:
    from importlib.metadata import entry_points  # noqa: PLC0415 - it takes as long as all other imports of a command

    points = sorted(entry_points(group=group), key=lambda point: (point.name, point.value))
    return (_bound(_loaded(point.load, point.value, group), point.value, kind) for point in points)


def _loaded(load: Callable[[], object], place: str, group: str) -> object:
    try:
        return load()
    except Exception as error:
        raise CatalogError(f"`{place}`, offered for {group}, cannot be imported: {error}") from error


def _may_be_offered() -> bool:
    """Whether any installed distribution may offer an extension: a look that takes a tenth of reading all metadata."""
    finders = [finder for finder in sys.meta_path if hasattr(finder, "find_distributions")]
    return finders != [PathFinder] or any(_may_offer(folder) for folder in sys.path)


def _may_offer(folder: str) -> bool:
    """Whether a distribution in a folder of modules may offer one; of what is no plain folder, always."""
    try:
        with os.scandir(folder or ".") as entries:
            return folder.endswith(".egg") or any(_names_a_group(entry.path) for entry in entries)
    except OSError as error:
        return not isinstance(error, FileNotFoundError)


def _names_a_group(path: str) -> bool:
    if not path.lower().endswith((".dist-info", ".egg-info")):
        return False
    try:
        return b"[routedsl." in Path(path, "entry_points.txt").read_bytes()
    except OSError:
        return False  # it offers nothing at all
