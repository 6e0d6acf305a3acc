"""How soon a change is found, and how seldom one where there is none: seeded, with 20 units sold a day."""

import math

import numpy as np
import pytest

from tests.benchmarks.return_anomalies import QUIET, changed
from tests.workers.returns.simulate import alarms, first_alarms

SHORT, LONG = (80, 4), (1000, 52)
SIZES = [pytest.param(*SHORT, id="short"), pytest.param(*LONG, id="long", marks=pytest.mark.long)]
pytestmark = pytest.mark.timeout(14_400)


def at_least(share: float, runs: int) -> float:
    """What a share of at least this comes to in so many runs, all but always (3 standard errors)."""
    return share - 3 * math.sqrt(share * (1 - share) / runs)


@pytest.mark.parametrize("history", [60, 120, 180])
@pytest.mark.parametrize(("before", "after", "half", "most"), [(0.1, 0.2, 10, 20), (0.05, 0.15, 8, 14)])
@pytest.mark.parametrize(("skus", "weeks"), SIZES)
def test_a_rise_is_found_soon(
    history: int, before: float, after: float, half: int, most: int, skus: int, weeks: int
) -> None:
    first = first_alarms(changed(skus, skus, history, before, after), history, most, 180)
    assert np.mean(first <= half) >= at_least(0.5, skus)
    assert np.mean(first <= most) >= at_least(0.9, skus)


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(("skus", "weeks"), SIZES)
def test_false_alarms_are_rare(name: str, skus: int, weeks: int) -> None:
    world = QUIET[name](np.random.default_rng(4), skus, 150 + 7 * weeks)
    allowed = skus * weeks / 1000
    assert len(alarms(world, 151, 180)) <= allowed + 3 * math.sqrt(allowed)
