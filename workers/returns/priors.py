"""How far a reason code is believed, and how a comment and a code decide together.

A code is a prior: P(reason | code). It is most often right, and when it is not, the reason is often one that it is
taken for: return postage is free for faults, so "defective" and "not as described" are also chosen by customers who
changed their mind. No public data has codes beside checked reasons, so the numbers are judgements, rough on purpose:
a clear comment outweighs each of them, an unclear one none.

A comment is evidence: its classifier was trained with all reasons equally frequent, so that its probabilities are
proportional to P(comment | reason), and Bayes' rule multiplies the two. With the probability of `other` the comment
says nothing about the reason, and leaves what the code said; with MISREAD it was understood wrongly, and any reason
may be meant. So a comment decides against a code from about 0.6 on, and from less for reasons that the code is often
taken for.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workers.returns.codes import Code
from workers.returns.reasons import REASONS, Reason

R = Reason
Distribution = NDArray[np.float64]
"""Over REASONS, in their order."""

LEAST = 1e-12

INDEX: Mapping[Reason, int] = {reason: number for number, reason in enumerate(REASONS)}

MISREAD = 0.1
"""How often a comment means something else than what is read in it."""

RIGHT: Mapping[Reason, float] = {
    R.TOO_SMALL: 0.8,
    R.TOO_LARGE: 0.8,
    R.STYLE_OR_COLOR: 0.7,
    R.DEFECTIVE: 0.6,
    R.DAMAGED_IN_TRANSIT: 0.75,
    R.WRONG_ITEM_SENT: 0.75,
    R.MISSING_PARTS: 0.75,
    R.NOT_AS_DESCRIBED: 0.55,
    R.POOR_QUALITY: 0.65,
    R.NOT_COMPATIBLE: 0.75,
    R.LATE_DELIVERY: 0.8,
    R.BETTER_PRICE: 0.8,
    R.CHANGED_MIND: 0.6,
    R.ORDERED_BY_MISTAKE: 0.7,
    R.OTHER: 0.5,
}
"""How often a code's reason is the real one."""

TAKEN_FOR: Mapping[Reason, tuple[Reason, ...]] = {
    R.TOO_SMALL: (R.TOO_LARGE, R.NOT_AS_DESCRIBED),
    R.TOO_LARGE: (R.TOO_SMALL, R.NOT_AS_DESCRIBED),
    R.STYLE_OR_COLOR: (R.CHANGED_MIND, R.NOT_AS_DESCRIBED, R.POOR_QUALITY),
    R.DEFECTIVE: (R.POOR_QUALITY, R.DAMAGED_IN_TRANSIT, R.MISSING_PARTS, R.NOT_COMPATIBLE),
    R.DAMAGED_IN_TRANSIT: (R.DEFECTIVE, R.POOR_QUALITY),
    R.WRONG_ITEM_SENT: (R.ORDERED_BY_MISTAKE, R.NOT_AS_DESCRIBED, R.MISSING_PARTS),
    R.MISSING_PARTS: (R.WRONG_ITEM_SENT, R.DEFECTIVE),
    R.NOT_AS_DESCRIBED: (R.POOR_QUALITY, R.STYLE_OR_COLOR, R.TOO_SMALL, R.TOO_LARGE, R.NOT_COMPATIBLE),
    R.POOR_QUALITY: (R.DEFECTIVE, R.NOT_AS_DESCRIBED, R.STYLE_OR_COLOR),
    R.NOT_COMPATIBLE: (R.ORDERED_BY_MISTAKE, R.TOO_SMALL, R.TOO_LARGE, R.DEFECTIVE),
    R.LATE_DELIVERY: (R.CHANGED_MIND,),
    R.BETTER_PRICE: (R.CHANGED_MIND,),
    R.CHANGED_MIND: (R.STYLE_OR_COLOR, R.TOO_SMALL, R.TOO_LARGE, R.POOR_QUALITY, R.BETTER_PRICE),
    R.ORDERED_BY_MISTAKE: (R.CHANGED_MIND, R.NOT_COMPATIBLE, R.TOO_SMALL, R.TOO_LARGE),
    R.OTHER: (),
}
"""The reasons that share half of the rest; the other half goes to all reasons alike."""


@cache
def prior(code: Code) -> Distribution:
    """P(reason | code). A code of several reasons shares its part among them, and its first has a tenth more."""
    meant = [code.reason, *sorted(code.also - {code.reason})]
    right = RIGHT[code.reason]
    found = np.full(len(REASONS), (1 - right) / 2 / len(REASONS))
    taken = TAKEN_FOR[code.reason] or REASONS
    for reason in taken:
        found[INDEX[reason]] += (1 - right) / 2 / len(taken)
    for reason in meant:
        found[INDEX[reason]] += right / (len(meant) + 0.1)
    found[INDEX[code.reason]] += right * 0.1 / (len(meant) + 0.1)
    return found


def posterior(said: Distribution, code: Code) -> Distribution:
    """What the comment's probabilities and the code's say together."""
    before = prior(code)
    silent = said[INDEX[Reason.OTHER]]
    speaking = said.copy()
    speaking[INDEX[Reason.OTHER]] = 0
    speaking = (1 - MISREAD) * speaking + MISREAD * speaking.sum() / len(REASONS)
    product = speaking * before
    found = silent * before + (1 - silent) * product / max(product.sum(), LEAST)
    # The comment's probabilities are rounded: they sum to 1 only about.
    return np.asarray(found / found.sum())
