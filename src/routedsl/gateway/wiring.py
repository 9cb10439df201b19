"""What the data plane's endpoints work with, as one value."""

from collections.abc import Collection
from dataclasses import dataclass

from aiohttp import web

from routedsl.engine.catalog import Catalog
from routedsl.gateway.clock import Clock
from routedsl.gateway.dispatch import Dispatcher
from routedsl.gateway.host import PolicyHost
from routedsl.gateway.intake import Intake
from routedsl.gateway.keys import Keys
from routedsl.gateway.ledger import Ledger
from routedsl.gateway.sessions import Sessions
from routedsl.gateway.settings import LIMITS, Limits
from routedsl.gateway.state import States
from routedsl.gateway.telemetry import Telemetry
from routedsl.gateway.traffic import Traffic


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """The parts of a running gateway.

    `hosts` are names it may be called by beside loopback's; None: any. `keys` None: nobody needs one.
    """

    catalog: Catalog
    host: PolicyHost
    dispatcher: Dispatcher
    states: States
    ledger: Ledger
    sessions: Sessions
    clock: Clock
    telemetry: Telemetry
    traffic: Traffic
    intake: Intake
    keys: Keys | None = None
    limits: Limits = LIMITS
    hosts: Collection[str] | None = ()


GATEWAY = web.AppKey("gateway", Gateway)
DECIDED = web.RequestKey("decided", bool)
"""Whether a request came as far as a decision."""
