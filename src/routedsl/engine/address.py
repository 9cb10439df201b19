"""Who is routed: what the model that a client asks for stands for."""

from collections.abc import Callable, Mapping

from msgspec import Struct

from routedsl.base.suggest import close_matches
from routedsl.base.types import Type
from routedsl.engine.matching import matcher
from routedsl.language.names import MAIN_ALIAS, MAIN_ROUTE
from routedsl.language.policy import Fact, Like, Policy, Route


class ToRoute(Struct, frozen=True):
    """A route decides."""

    route: str


class ToModel(Struct, frozen=True):
    """The client's choice is kept."""

    model: str


class Unknown(Struct, frozen=True):
    """Nothing answers to that name; `message` says so and names what comes close."""

    message: str


Destination = ToRoute | ToModel | Unknown


def _any(_name: str) -> bool:
    return True


class AddressBook(Struct, frozen=True):
    """The names that clients may ask for: exact ones, and patterns in the order of the text.

    A name that `may` is not true of is unknown to this client.
    """

    exact: Mapping[str, Destination]
    patterns: tuple[tuple[Callable[[str], bool], ToRoute], ...]
    may: Callable[[str], bool] = _any

    def among(self, may: Callable[[str], bool]) -> "AddressBook":
        """The book of a client who may ask for some names only."""
        return AddressBook(self.exact, self.patterns, may)

    def find(self, model: str | None) -> Destination:
        """Where a request for a model goes; no model stands for the main route."""
        wanted = MAIN_ROUTE if model is None else model
        if not self.may(wanted):
            return self._unknown(model)
        found = self.exact.get(wanted)
        if found is not None:
            return found
        return next((route for fits, route in self.patterns if fits(wanted)), None) or self._unknown(model)

    def _unknown(self, model: str | None) -> Unknown:
        if model is None:
            return Unknown(f"the request names no model, and there is no route `{MAIN_ROUTE}`")
        exact = [name for name in self.exact if self.may(name)]
        close = close_matches(model[:200], exact)
        known = close or exact[:10]
        names = ", ".join(f"`{name}`" for name in known)
        hint = f"; did you mean {names}?" if close else f"; there is {names}" if names else ""
        return Unknown(f"there is no model `{model[:200]}`{hint}")


def address_book(policy: Policy) -> AddressBook:
    """The book of a policy: a route's exact names go first, then declared models, then patterns."""
    routes = {name: ToRoute(route.name) for route in policy.routes.values() for name in route.names}
    alias = {MAIN_ALIAS: routes[MAIN_ROUTE]} if MAIN_ROUTE in routes else {}
    models = {name: _model(name, policy) for name in policy.models}
    patterns = tuple(
        (_like(pattern, route), ToRoute(route.name)) for route in policy.routes.values() for pattern in route.patterns
    )
    return AddressBook({**alias, **models, **routes}, patterns)


def _model(name: str, policy: Policy) -> Destination:
    if policy.explicit is None:
        return ToModel(name)
    taking = next(r.name for r in policy.routes.values() if policy.explicit in (*r.names, *r.patterns))
    return ToRoute(taking)


def _like(pattern: str, route: Route) -> Callable[[str], bool]:
    return matcher(Like(Fact("model", Type.TEXT), pattern, span=route.span))
