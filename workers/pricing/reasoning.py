"""Why a price is recommended, in plain words."""

from dataclasses import dataclass

from workers.pricing.constraints import NONE
from workers.pricing.money import from_minor

BOUNDS = {
    "min_margin": "the minimum margin",
    "min_price": "the minimum price",
    "max_price": "the maximum price",
    "map_price": "the minimum advertised price",
    "max_change": "the largest step per run",
    "charm_ending": "the price ending",
    "stock_cover": "the stock on hand",
    "competitor": "the competitor's offer",
}


@dataclass(frozen=True, slots=True)
class Anchor:
    """The competitor's offer in words, and the band its rule allows in minor units, NONE = absent."""

    label: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Case:
    """What there is to say about one SKU."""

    current: int
    price: int
    exponent: int
    elasticity: float
    identified: bool
    unseen: bool
    change: float
    confidence: float
    objective: str
    cost_missing: bool
    binding: str | None
    forced: bool
    blocked: bool
    broken: str | None
    """The hard bound the current price breaks."""
    at_best: bool
    anchor: Anchor
    stop: str | None
    """What keeps ``price`` from coming nearer to the anchor's band; None within it."""
    unguarded: bool
    """The anchor asks for a cut, but there is neither a cost nor a floor."""


def _demand(case: Case) -> str:
    """What is known of the demand. Between -0.9 and -1.1 neither word would be honest."""
    elasticity = case.elasticity
    number = f"{elasticity:.1f}".replace("-", "−")
    kind = "elastic" if elasticity < -1.1 else "inelastic" if elasticity > -0.9 else "neither elastic nor inelastic"
    source = "" if case.identified else ", estimated mostly from your other products"
    return f"Demand is {kind} ({number}{source})"


def _blocked(case: Case) -> str:
    """No allowed price within one step."""
    name = BOUNDS[case.binding or "max_change"]
    if case.binding == "charm_ending":
        return "No allowed price keeps the ending of the current price, so the price is held."
    if case.binding == "max_change" and case.broken:
        return (
            f"The current price violates {BOUNDS[case.broken]}, and one step cannot correct that. The price is held."
        )
    return f"The constraints contradict each other: {name} requires more than the maximum price. The price is held."


def _anchored(case: Case, at_most: bool) -> str:
    """Which offer holds the price, at most or at least, and where."""
    label, bound = case.anchor.label, case.anchor.high if at_most else case.anchor.low
    amount = str(from_minor(bound, case.exponent))
    # Matching an offer of 12.40, the price need not be said twice.
    offer = f"the {label}" if label.startswith(f"{amount} ") else f"{amount} against the {label}"
    return f"The competitor rule allows at {'most' if at_most else 'least'} {offer}"


def _nearer_end(case: Case) -> str:
    """The same of a price within the band: the end that it is nearer to."""
    low, high = case.anchor.low, case.anchor.high
    return _anchored(case, low == NONE or (high != NONE and high - case.price < case.price - low))


def _pulled(case: Case, share: float, expected: str) -> str:
    """A change towards the competitor's band."""
    cut = case.price < case.current
    verb, amount = "cut" if cut else "raised", from_minor(case.price, case.exponent)
    reach = f", as far as {BOUNDS[case.stop]} allows" if case.stop else ""
    return f"{_anchored(case, cut)}: the price is {verb} by {share:.1f} % to {amount}{reach}{expected}."


def _moved(case: Case) -> str:
    """A change, forced or chosen."""
    share = abs(case.price / case.current - 1) * 100
    verb = "Raising" if case.price > case.current else "Cutting"
    effect = f"{abs(case.change):.1f} % {'more' if case.change >= 0 else 'less'} profit"
    if case.forced:
        expected = "" if case.cost_missing else f", which is expected to earn {effect}"
        if case.binding == "competitor":
            return _pulled(case, share, expected)
        amount = from_minor(case.price, case.exponent)
        bound = BOUNDS[case.binding or "max_price"]
        return f"The current price violates {bound}: {amount} is the nearest allowed price{expected}."
    if case.objective == "revenue":
        effect = f"more revenue and {effect}"
    return f"{_demand(case)}: {verb.lower()} the price by {share:.1f} % is expected to earn {effect}."


def _held(case: Case) -> str:
    """No change although some price is allowed."""
    if case.unguarded:
        return (
            f"The current price is above what the {case.anchor.label} calls for. Without a cost or a minimum price "
            "the service cannot tell how far to cut it, so the price is held."
        )
    if case.stop:
        return (
            f"The price cannot follow the {case.anchor.label}, because {BOUNDS[case.stop]} comes first. It is held."
        )
    if case.unseen:
        return "There are no sales of this product to go by, so the price is held."
    if case.cost_missing:
        return f"{_demand(case)}. Without the product's cost, what a price earns is unknown, so the price is held."
    if case.at_best:
        if case.binding:
            best = f"{_demand(case)}: the current price is the best that {BOUNDS[case.binding]} allows."
            return f"{best} {_nearer_end(case)}." if case.binding == "competitor" else best
        return f"Current price is already optimal. {_demand(case)}."
    return f"{_demand(case)}: no allowed price is likely enough to earn at least 1 % more {case.objective}."


def explain(case: Case) -> str:
    """One to three sentences."""
    if case.blocked:
        text = _blocked(case)
    elif case.price != case.current:
        text = _moved(case)
        if case.binding == "competitor" and not case.forced:
            text += f" {_nearer_end(case)}."
        elif case.binding and not case.forced:
            text += f" {BOUNDS[case.binding].capitalize()} limits the change."
    else:
        text = _held(case)
    return text
