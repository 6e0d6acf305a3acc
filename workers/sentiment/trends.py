"""Whether customers have become less content: two windows of reviews compared, with low counts handled.

The test is Fisher's exact one of the share of negative reviews. It holds its level at any count, and asks nothing of
the scores' distribution. Over all products of a run the false discovery rate is controlled (Benjamini and Hochberg).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Direction = Literal["better", "worse", "unclear", "too_few"]

# With fewer reviews than this in either window nothing is tested.
FEWEST = 5
# The false discovery rate over all products of a run, and the level of what is tested alone.
LEVEL = 0.05
# What is significant with many reviews may still be too small to act on: by how much the share of negative reviews
# must have risen for an alert, in itself and as a ratio.
MATERIAL_RISE = 0.05
MATERIAL_RATIO = 1.25
# Tables as likely as the observed one are as extreme, whatever the last bits of their probabilities are.
TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Counts:
    """The reviews of one window that have a label, and how many of them are negative."""

    reviews: int
    negative: int

    @property
    def share(self) -> float | None:
        """Of negative reviews; None without reviews."""
        return self.negative / self.reviews if self.reviews else None


@dataclass(frozen=True, slots=True)
class Trend:
    """What a window says beside the one before it.

    `p_value`: how probable a difference at least this rare is if nothing changed. `q_value`: the share of false
    discoveries among all products that look at least as changed. Both None where there are too few reviews.
    """

    direction: Direction
    p_value: float | None
    q_value: float | None
    is_alert: bool


TOO_FEW = Trend("too_few", None, None, is_alert=False)


def judge(changes: Sequence[tuple[Counts, Counts]]) -> list[Trend]:
    """The trend of each (before, now), tested together: the products of a run, or one pair alone."""
    tested = [index for index, (before, now) in enumerate(changes) if min(before.reviews, now.reviews) >= FEWEST]
    p_values = np.array([fisher(*changes[index]) for index in tested], dtype=np.float64)
    found = [TOO_FEW] * len(changes)
    for index, p_value, q_value in zip(tested, p_values, false_discovery_rates(p_values), strict=True):
        found[index] = _trend(*changes[index], float(p_value), float(q_value))
    return found


def _trend(before: Counts, now: Counts, p_value: float, q_value: float) -> Trend:
    rise = now.negative / now.reviews - before.negative / before.reviews
    direction: Direction = "unclear"
    if q_value <= LEVEL:
        direction = "worse" if rise > 0 else "better"
    return Trend(direction, p_value, q_value, direction == "worse" and _is_material(before, now))


def _is_material(before: Counts, now: Counts) -> bool:
    old, new = before.negative / before.reviews, now.negative / now.reviews
    return new - old >= MATERIAL_RISE and new >= MATERIAL_RATIO * old


def fisher(before: Counts, now: Counts) -> float:
    """The two-sided p-value of Fisher's exact test: of all tables with these margins, those as rare as this one."""
    negative, total = before.negative + now.negative, before.reviews + now.reviews
    lowest, highest = max(0, negative - before.reviews), min(negative, now.reviews)
    # The ratio of each table's probability to the one's before it; the first is 1.
    count = np.arange(lowest, highest, dtype=np.float64)
    ratios = (negative - count) * (now.reviews - count) / ((count + 1) * (total - negative - now.reviews + count + 1))
    logs = np.concatenate([[0.0], np.cumsum(np.log(ratios))])
    weights = np.exp(logs - logs.max())
    as_rare = logs <= logs[now.negative - lowest] + TIE
    return float(min(1.0, weights[as_rare].sum() / weights.sum()))


def false_discovery_rates(p_values: NDArray[np.float64]) -> NDArray[np.float64]:
    """The q-value of each p-value after Benjamini and Hochberg."""
    if not p_values.size:
        return p_values
    order = np.argsort(p_values, kind="stable")
    scaled = p_values[order] * p_values.size / np.arange(1, p_values.size + 1)
    rates = np.empty_like(p_values)
    rates[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return rates
