"""Prices that a policy does not write and that are known all the same, by the extra `prices`."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from importlib import import_module
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from routedsl.base.units import DOLLAR
from routedsl.language.policy import Model, Policy
from routedsl.language.syntax import Declaration
from routedsl.loading.files import Reading

PRICES = ("input_price", "output_price")
Unwritten = Mapping[str, tuple[str, ...]]
"""The prices that are not written, by the models that could be asked for them."""


class Known(Struct, frozen=True):
    """What is known of a model at its provider: pico-dollars for a million tokens, and the tokens of its window.

    Where a price depends on the length of the prompt or the time of the day, it is the dearest.
    """

    provider: str
    input_price: int | None
    output_price: int | None
    context: int | None


def is_installed() -> bool:
    """Whether there is anything to look prices up in."""
    return _snapshot() is not None


def is_hosted(model: Model, policy: Policy) -> bool:
    """Whether a model is where a provider could be: no price is known of a machine of one's own."""
    upstream = policy.upstreams.get(model.upstream or "")
    return upstream is not None and _is_public(upstream.url)


def unwritten(reading: Reading) -> Unwritten:
    """The prices that the models of a policy's files leave unwritten."""
    declared = (each for file in reading.files for each in file.statements if isinstance(each, Declaration))
    return {
        each.name.text: tuple(price for price in PRICES if price not in {one.name.text for one in each.settings})
        for each in declared
        if each.keyword == "model"
    }


def priced(policy: Policy, lacking: Unwritten) -> Policy:
    """The policy with the prices that are known in the place of those that it does not write.

    They are a part of its digest, for it may decide by them.
    """
    found = {name: prices for name, prices in _found(policy, lacking) if prices}
    if not found:
        return policy
    models = {name: replace(model, **found.get(name, {})) for name, model in policy.models.items()}
    return replace(policy, models=models, digest=_digest(policy.digest, found))


def known(model: Model, policy: Policy) -> Known | None:
    """What is known of a declared model, by its upstream and its id; None where nothing is."""
    if not is_hosted(model, policy):
        return None
    return _looked_up(policy.upstreams[model.upstream or ""].url, model.id)


def _found(policy: Policy, lacking: Unwritten) -> Iterator[tuple[str, dict[str, int]]]:
    for name, names in lacking.items():
        model = policy.models.get(name)
        there = known(model, policy) if names and model is not None else None
        prices = {price: getattr(there, price) for price in names} if there is not None else {}
        yield name, {price: dollars for price, dollars in prices.items() if dollars is not None}


def _digest(digest: str, found: Mapping[str, Mapping[str, int]]) -> str:
    told = (f"{name} {price} {dollars}" for name, prices in sorted(found.items()) for price, dollars in prices.items())
    return sha256("\n".join((digest, *told)).encode()).hexdigest()


def _is_public(url: str) -> bool:
    """Whether a provider could be there: to look its prices up takes half a second, the first time."""
    import ipaddress  # noqa: PLC0415 - only a price that is not written needs it
    from urllib.parse import urlsplit  # noqa: PLC0415 - likewise

    host = urlsplit(url).hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return "." in host
    return False


# ── what is known ───────────────────────────────────────────────────────────────────────────────


@cache
def _snapshot() -> Any:
    """The library's list as it was installed, which is never fetched anew; None without the library."""
    try:
        return import_module("genai_prices.data_snapshot").get_snapshot()
    except ImportError:
        return None


@cache
def _looked_up(url: str, id_: str) -> Known | None:
    snapshot = _snapshot()
    if snapshot is None:
        return None
    try:
        provider, model = snapshot.find_provider_model(id_, None, None, url)
    except LookupError:
        return None
    every = tuple(_in_force(model.prices))
    return Known(provider.id, _dearest(every, "input_mtok"), _dearest(every, "output_mtok"), model.context_window)


def _in_force(prices: Any) -> Iterator[Any]:
    """The prices that hold today, at any time of the day."""
    if not isinstance(prices, list):
        yield prices
        return
    now, plain = datetime.now(UTC), None
    for each in prices:
        if each.constraint is None or hasattr(each.constraint, "start_date"):
            plain = each.prices if each.constraint is None or each.constraint.active(now) else plain
        else:
            yield each.prices
    if plain is not None:
        yield plain


def _dearest(every: tuple[Any, ...], name: str) -> int | None:
    told = [price for each in every for price in _tiers(getattr(each, name, None))]
    return max((int(price * DOLLAR) for price in told), default=None)


def _tiers(price: Any) -> Iterator[Any]:
    if hasattr(price, "tiers"):
        yield from (price.base, *(tier.price for tier in price.tiers))
    elif price is not None:
        yield price
