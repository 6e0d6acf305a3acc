"""What has changed since an earlier sample, and whether chance explains it.

Questions that both samples have are compared with themselves: that takes out how different questions are. The
p-value is that of a randomisation test: if nothing has changed, a question's two results might as well be exchanged.
Without enough questions in common the two samples' questions are shuffled as a whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from workers.visibility.intervals import SEED, Floats
from workers.visibility.scoring import Measure, Sample

SHUFFLES = 4999
# Fewer questions in common cannot differ significantly: five have 32 ways to be exchanged.
FEWEST_PAIRS = 6
SIGNIFICANT = 0.05


@dataclass(frozen=True, slots=True)
class Change:
    """`paired`: how many questions were compared with themselves; 0 where the samples were compared as a whole."""

    difference: float
    p_value: float
    paired: int

    @property
    def is_significant(self) -> bool:
        return self.p_value <= SIGNIFICANT


def change(measure: Measure, before: Sequence[Sample], now: Sequence[Sample]) -> Change | None:
    """None where either sample has nothing to count."""
    common = {each.question for each in before} & {each.question for each in now}
    if len(common) >= FEWEST_PAIRS:
        first, second = (measure.sums([e for e in samples if e.question in common]) for samples in (before, now))
        return _exchanged(first, second)
    return _shuffled(measure.sums(before), measure.sums(now))


Sums = tuple[Floats, Floats]


def _exchanged(before: Sums, now: Sums) -> Change | None:
    """The two results of each question change places at random."""
    if not before[1].sum() or not now[1].sum():
        return None
    swaps = np.random.default_rng(SEED).random((SHUFFLES, len(before[0]))) < 0.5
    pairs = [
        (np.where(swaps, second, first), np.where(swaps, first, second))
        for first, second in zip(before, now, strict=True)
    ]
    found = _difference(now, before)
    return Change(
        found, _p_value(found, [_totals(pairs[0][1], pairs[1][1]), _totals(pairs[0][0], pairs[1][0])]), len(before[0])
    )


def _shuffled(before: Sums, now: Sums) -> Change | None:
    """All questions are dealt to the two samples at random."""
    if not before[1].sum() or not now[1].sum():
        return None
    sums, counts = (np.concatenate(each) for each in zip(before, now, strict=True))
    order = np.random.default_rng(SEED).permuted(np.tile(np.arange(len(sums)), (SHUFFLES, 1)), axis=1)
    first, second = order[:, : len(before[0])], order[:, len(before[0]) :]
    found = _difference(now, before)
    return Change(
        found, _p_value(found, [_totals(sums[second], counts[second]), _totals(sums[first], counts[first])]), 0
    )


def _difference(now: Sums, before: Sums) -> float:
    return float(now[0].sum() / now[1].sum() - before[0].sum() / before[1].sum())


def _totals(sums: Floats, counts: Floats) -> Floats:
    """The ratio of each shuffle; not a number where it has nothing to count."""
    totals = counts.sum(axis=1)
    ratios: Floats = np.divide(sums.sum(axis=1), totals, out=np.full(len(totals), np.nan), where=totals > 0)
    return ratios


def _p_value(found: float, ratios: Sequence[Floats]) -> float:
    """Phipson and Smyth 2010: what was found is one of the shuffles, so that no p-value is 0."""
    differences = ratios[0] - ratios[1]
    known = differences[~np.isnan(differences)]
    return float((1 + np.count_nonzero(np.abs(known) >= abs(found) - 1e-9)) / (1 + len(known)))
