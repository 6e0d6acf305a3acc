"""Return rates with intervals."""

import numpy as np

from workers.returns.beta import quantile
from workers.returns.panel import Floats

OUTSIDE = 0.025
"""Share of the posterior on either side of an interval."""


def intervals(returned: Floats, sold: Floats) -> tuple[Floats, Floats]:
    """(n,) equal-tailed 95 % bounds under Jeffreys' prior; 0 and 1 where nothing, or everything, came back.

    Each unit counts as if it came back, or not, whatever the others do. All at once: a thousand cost hardly more than
    one.
    """
    kept = np.maximum(sold - returned, 0.0)
    low, high = (quantile(share, returned + 0.5, kept + 0.5) for share in (OUTSIDE, 1 - OUTSIDE))
    return np.where(returned > 0, low, 0.0), np.where(kept > 0, high, 1.0)
