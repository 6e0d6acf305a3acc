"""A code and a comment together."""

import numpy as np
import pytest

from workers.returns.codes import look_up
from workers.returns.priors import INDEX, posterior
from workers.returns.reasons import REASONS, Reason


@pytest.mark.parametrize("code", ["DEFECTIVE", "UNWANTED_ITEM", "NO_REASON_GIVEN"])
def test_nothing_is_surer_than_sure_where_rounded_probabilities_sum_to_more_than_1(code: str) -> None:
    said = np.zeros(len(REASONS))
    said[INDEX[Reason.DEFECTIVE]] = 0.9999
    said[INDEX[Reason.POOR_QUALITY]] = 0.0002
    known = look_up(code)
    assert known is not None
    found = posterior(said, known)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert found.max() <= 1
