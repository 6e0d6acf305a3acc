"""How soon a change is found, and how seldom one where there is none: seeded, with 20 units sold a day."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from tests.benchmarks.return_anomalies import ALONE, QUIET, changed
from tests.workers.returns.simulate import alarms, alone, first_alarms
from workers.returns.spikes import of_skus

# SKUs, weeks, and how many days apart the looks are that find false alarms: one lasts for days.
SHORT, LONG = (60, 3, 3), (1000, 52, 1)
SIZES = [pytest.param(*SHORT, id="short"), pytest.param(*LONG, id="long", marks=pytest.mark.long)]
pytestmark = pytest.mark.timeout(14_400)


def at_least(share: float, runs: int) -> float:
    """What a share of at least this comes to in so many runs, all but always (3 standard errors)."""
    return share - 3 * math.sqrt(share * (1 - share) / runs)


def looks(skus: int, half: int, most: int) -> Sequence[int]:
    """Of a daily job; in the short form only on the days that count, on which a daily one has found no less."""
    return range(1, most + 1) if skus == LONG[0] else (half, most)


@pytest.mark.parametrize("history", [60, 120, 180])
@pytest.mark.parametrize(("before", "after", "half", "most"), [(0.1, 0.2, 10, 20), (0.05, 0.15, 8, 14)])
@pytest.mark.parametrize(("skus", "weeks", "every"), SIZES)
def test_a_rise_is_found_soon(
    history: int, before: float, after: float, half: int, most: int, skus: int, weeks: int, every: int
) -> None:
    first = first_alarms(changed(skus, skus, history, before, after), history, looks(skus, half, most), 180)
    assert np.mean(first <= half) >= at_least(0.5, skus)
    assert np.mean(first <= most) >= at_least(0.9, skus)


@pytest.mark.parametrize("name", QUIET)
@pytest.mark.parametrize(("skus", "weeks", "every"), SIZES)
def test_false_alarms_are_rare(name: str, skus: int, weeks: int, every: int) -> None:
    world = QUIET[name](np.random.default_rng(4), skus, 150 + 7 * weeks)
    allowed = skus * weeks / 1000
    assert len(alarms(world, 151, 180, every=every)) <= allowed + 3 * math.sqrt(allowed)


@pytest.mark.parametrize(("before", "after", "half", "most"), [(0.1, 0.2, 10, 20), (0.05, 0.15, 8, 14)])
@pytest.mark.parametrize(("skus", "weeks", "every"), SIZES)
def test_a_rise_is_found_soon_for_a_tenant_with_one_sku(
    before: float, after: float, half: int, most: int, skus: int, weeks: int, every: int
) -> None:
    world = changed(skus, skus, 120, before, after)
    first = np.full(skus, most + 1)
    for days in reversed(looks(skus, half, most)):
        # One test is all there is, so that the control of false discoveries takes nothing back.
        for sku, _ in of_skus(alone(world.until(120 + days))).alarms:
            first[sku] = days
    assert np.mean(first <= half) >= at_least(0.5, skus)
    assert np.mean(first <= most) >= at_least(0.9, skus)


@pytest.mark.parametrize("history", [28, 120])
@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize(("skus", "weeks", "every"), SIZES)
def test_false_alarms_are_rare_for_tenants_with_one_sku(
    name: str, history: int, skus: int, weeks: int, every: int
) -> None:
    looked_at = 4 if history == 28 else weeks
    world = ALONE[name](np.random.default_rng(4), skus, history + 7 * looked_at)
    allowed = skus * looked_at / 1000
    assert len(alarms(world, history + 1, 180, alone, every)) <= allowed + 3 * math.sqrt(allowed)
