"""The public names for type checkers, which do not see that `__init__.py` imports them on demand."""

from routedsl.base.diagnostic import PolicyError as PolicyError
from routedsl.engine.request import RequestError as RequestError
from routedsl.loading.api import Decision as Decision
from routedsl.loading.api import Policy as Policy
from routedsl.loading.api import load as load

__all__ = ["Decision", "Policy", "PolicyError", "RequestError", "load"]
__version__: str
