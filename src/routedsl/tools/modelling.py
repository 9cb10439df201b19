"""The models of a policy as a person or a program reads them: what is declared, and what is known beside it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from routedsl.base.types import Type
from routedsl.base.units import Quantity, render_quantity, to_json
from routedsl.language.policy import Model, Policy
from routedsl.loading.files import read_policy
from routedsl.loading.prices import PRICES, is_hosted, is_installed, known, unwritten
from routedsl.tools.table import aligned

DECLARED, KNOWN, NONE = "declared", "known", "none"
"""Where a price comes from."""
_HEADINGS = ("model", "upstream", "id", "context", "quality", "input", "output", "supports")

Shown = Mapping[str, object]


def shown(policy: Policy, path: Path) -> list[Shown]:
    """Each declared model in the order of the text; `path` is where the policy was read from."""
    lacking = unwritten(read_policy(path))
    return [_shown(model, policy, lacking.get(model.name, ())) for model in policy.models.values()]


def _shown(model: Model, policy: Policy, lacking: Sequence[str]) -> Shown:
    there = known(model, policy)
    return {
        "model": model.name,
        "upstream": model.upstream,
        "id": model.id,
        "provider": None if there is None else there.provider,
        "context": model.context,
        "known_context": None if there is None else there.context,
        "quality": model.quality,
        **{price: _price(model, price, lacking) for price in PRICES},
        "typical_output": model.typical_output,
        "supports": None if model.supports is None else list(model.supports),
        "tags": list(model.tags),
    }


def _price(model: Model, name: str, lacking: Sequence[str]) -> Shown:
    price = getattr(model, name)
    origin = DECLARED if name not in lacking else KNOWN if price else NONE
    return {"dollars": to_json(Type.MONEY, price), "from": origin}


def told(models: Sequence[Shown]) -> str:
    """The models as a table. Prices are dollars for a million tokens."""
    rows = [_row(model) for model in models]
    return aligned([_HEADINGS, *rows]) + "prices: dollars for a million tokens\n"


def _row(model: Shown) -> tuple[str, ...]:
    supports = model["supports"]
    return (
        str(model["model"]),
        _or_dash(model["upstream"]),
        str(model["id"]),
        _context(model),
        _or_dash(None if model["quality"] is None else f"{model['quality']:g}"),
        *(_money(model[price]) for price in PRICES),
        "anything" if not isinstance(supports, list) else ", ".join(supports) or "text alone",
    )


def _context(model: Shown) -> str:
    if model["context"] is not None:
        return str(model["context"])
    there = model["known_context"]
    return "any" if there is None else f"any ({there} known)"


def _money(price: object) -> str:
    match price:
        case {"dollars": float() | int() as dollars, "from": str(origin)} if origin != NONE:
            return f"{render_quantity(Quantity(Type.MONEY, round(dollars * 10**12)))} {origin}"
        case _:
            return NONE


def _or_dash(value: object) -> str:
    return "-" if value is None else str(value)


def advice(policy: Policy, models: Sequence[Shown]) -> str:
    """What could be looked up and is not; and what may look as if it decided, and does not."""
    hosted = [str(each["model"]) for each in models if is_hosted(policy.models[str(each["model"])], policy)]
    lacking = [
        str(each["model"])
        for each in models
        if str(each["model"]) in hosted and any(_money(each[price]) == NONE for price in PRICES)
    ]
    if not lacking:
        return ""
    names = ", ".join(f"`{name}`" for name in lacking)
    if not is_installed():
        return f'the prices of {names} are not written; `pip install "routedsl-gateway[prices]"` looks them up\n'
    return f"the prices of {names} are not written, nor known by the upstream and the id: they count as $0\n"
