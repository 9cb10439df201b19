"""Routing policy as code for LLM traffic: load a policy, decide requests, serve them."""

from importlib import import_module as _import_module

__all__ = ["Decision", "Policy", "PolicyError", "RequestError", "load"]

__version__ = "0.1.0"

_HOMES = {
    "Decision": "routedsl.loading.api",
    "Policy": "routedsl.loading.api",
    "PolicyError": "routedsl.base.diagnostic",
    "RequestError": "routedsl.engine.request",
    "load": "routedsl.loading.api",
}
"""Where each public name lives: it is imported when it is first asked for, so that `import routedsl` costs nothing."""


def __getattr__(name: str) -> object:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_import_module(home), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
