"""What competitors' offers mean for our prices: the band a rule allows, price wars, and offers not to be believed."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal, TypeVar

from workers.pricing.constraints import NONE

Moment = TypeVar("Moment", datetime, float)

WAR = 4
"""Undercuts in a row that make a war: two of ours and two of theirs. One exchange is an answer, not a war."""


@dataclass(frozen=True, slots=True)
class AnchorRule:
    """How a seller wants to stand to the competitor's price."""

    rule: Literal["match", "beat_by", "stay_within"]
    percent: float
    """Per cent of the competitor's price, 0 … < 100; without meaning for ``match``."""

    def __post_init__(self) -> None:
        """Raise ValueError where ``percent`` is out of range."""
        if not 0 <= self.percent < 100:
            raise ValueError("percent must be in 0 … < 100")


def band(rule: AnchorRule, anchor_minor: int) -> tuple[int, int]:
    """Lowest and highest price the rule allows, in minor units like ``anchor_minor``; NONE = no limit.

    Exact, and rounded inwards: beating 0.40 by 1 % is 0.39. Never below one minor unit. Raises ValueError for an
    anchor below one minor unit.
    """
    if anchor_minor < 1:
        raise ValueError("anchor_minor must be at least 1")
    # Of the decimal the seller wrote, not of the float nearest to it: 10 % off 10.00 is 9.00.
    share = 0 if rule.rule == "match" else Fraction(str(rule.percent)) / 100
    if rule.rule == "stay_within":
        return math.ceil(anchor_minor * (1 - share)), math.floor(anchor_minor * (1 + share))
    return NONE, max(1, math.floor(anchor_minor * (1 - share)))


def _undercuts(
    own: Sequence[tuple[Moment, float, float]], theirs: Sequence[tuple[Moment, float]]
) -> Iterator[tuple[bool, float]]:
    """The cuts by which the lower price changed hands, in time order: whether it was ours, and the new price."""
    # At one instant the scan comes first: a change can answer it, and not the other way round.
    events = [(time, 0, lowest) for time, lowest in theirs] + [(time, 1, after) for time, _, after in own]
    ours, lowest = own[0][1], math.nan
    for _, is_ours, price in sorted(events):
        if is_ours:
            if price <= lowest < ours:
                yield True, price
            ours = price
        else:
            if price < ours <= lowest:
                yield False, price
            lowest = price


def price_war(own: Sequence[tuple[Moment, float, float]], theirs: Sequence[tuple[Moment, float]]) -> bool:
    """Whether we and the competitors have undercut each other in turn, at least twice each.

    ``own``: our applied changes (time, price before, price after); ``theirs``: the lowest landed price per scan
    (time, lowest). Both in time order and of the window to be judged; prices in any one unit, above 0.

    We undercut when a change takes us from above their lowest price to at most that price; they do when the
    lowest price goes from at least ours to below ours. It is a war when four undercuts in a row alternate and
    none is higher than the one it answers. So no war are: a single clearance, cuts of one side only, a competitor
    that matches and never goes below, prices that sink side by side, and an exchange that begins anew from higher
    prices.
    """
    if not own:
        return False
    length = 0
    before: tuple[bool, float] | None = None
    for cut in _undercuts(own, theirs):
        answers = before is not None and cut[0] != before[0] and cut[1] <= before[1]
        length = length + 1 if answers else 1
        if length == WAR:
            return True
        before = cut
    return False


def suspicious(price: float, ours: float, factor: float) -> bool:
    """Whether a competitor's ``price`` is off ours by more than ``factor`` (>= 1) in either direction.

    Such a price is usually another pack size, a wrong match or a page misread. All in one unit.
    """
    return price * factor < ours or price > ours * factor
