"""What the rollup says of a span, and how near its percentiles are to the true ones."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import strategies as st

from aijobs import sql
from aijobs.engine import figures, statistics
from aijobs.engine.figures import percentile
from aijobs.models import BUCKET_BOUNDS, BUCKETS, QueueStatistics
from aijobs.states import Priority
from tests.aijobs.engine.test_rollups import buckets_of
from tests.drawing import draws
from tests.factories import HourRollupFactory, MinuteRollupFactory

NOON = datetime(2026, 3, 12, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
TIMES = st.lists(st.floats(0.01, BUCKET_BOUNDS[-1], exclude_max=True), min_size=1, max_size=200)


@dataclass(frozen=True, slots=True)
class Moment:
    now: datetime


def true_percentile(times: list[float], share: float) -> float:
    """The smallest time that so great a share took at most."""
    ordered = sorted(times)
    return next(each for number, each in enumerate(ordered, 1) if number >= share * len(ordered))


@draws(30, 1000, TIMES, st.floats(0.01, 1))
def test_a_percentile_is_off_by_the_square_root_of_two_at_most(times: list[float], share: float) -> None:
    estimate = percentile(buckets_of(times), share)
    assert estimate is not None
    assert 2**-0.5 - 1e-9 <= estimate / true_percentile(times, share) <= 2**0.5 + 1e-9


def test_percentiles_of_times_that_are_spread_are_nearly_exact() -> None:
    times = [0.2 + number / 1000 for number in range(2000)]
    for share in (0.05, 0.25, 0.5, 0.75):
        assert percentile(buckets_of(times), share) == pytest.approx(true_percentile(times, share), rel=0.05)


def test_a_percentile_of_nothing_is_none_and_of_the_longest_is_the_last_bound() -> None:
    assert percentile([0] * BUCKETS, 0.5) is None
    assert percentile(buckets_of([100_000.0]), 0.5) == BUCKET_BOUNDS[-1]
    assert percentile(buckets_of([0.0]), 0.5) == pytest.approx(0.005)


@pytest.mark.django_db
def test_times_of_a_type_are_those_of_all_its_lanes_and_ends() -> None:
    HourRollupFactory(start=NOON, waiting=buckets_of([1.0]), running=buckets_of([10.0]))
    HourRollupFactory(start=NOON, lane=Priority.HIGH, waiting=buckets_of([1.0]), running=buckets_of([10.0]))
    HourRollupFactory(start=NOON, end="failed", waiting=buckets_of([1.0]), running=buckets_of([100.0]))
    HourRollupFactory(start=NOON, end="cancelled", running=buckets_of([5000.0]))
    HourRollupFactory(start=NOON, type="test_other", running=buckets_of([5000.0]))
    HourRollupFactory(start=NOON - HOUR, running=buckets_of([5000.0]))
    HourRollupFactory(start=NOON + HOUR, running=buckets_of([5000.0]))
    times = figures.times("test_probe", NOON, NOON + HOUR)
    assert times is not None
    assert times.running == buckets_of([10.0, 10.0, 100.0])
    assert times.waited(0.5) == pytest.approx(1, rel=0.42)
    assert times.ran(0.5) == pytest.approx(10, rel=0.42)
    assert times.ran(0.95) == pytest.approx(100, rel=0.42)
    assert figures.times("test_probe", NOON + 2 * HOUR, NOON + 3 * HOUR) is None


@pytest.mark.django_db
def test_a_median_is_of_the_last_runs() -> None:
    for minutes, seconds in ((0, 2.0), (1, 2.0), (2, 1000.0)):
        MinuteRollupFactory(start=NOON - minutes * MINUTE, count=50, running=buckets_of([seconds] * 50))
    assert figures.medians_of(figures.recent_runs(["test_probe"], 100))["test_probe"] == pytest.approx(2, rel=0.42)


@pytest.mark.django_db
def test_a_type_that_seldom_runs_has_the_median_of_its_last_hours() -> None:
    HourRollupFactory(running=buckets_of([60.0] * 3))
    HourRollupFactory(end="failed", error_code="X", running=buckets_of([1.0] * 30))
    medians = figures.medians_of(figures.recent_runs(["test_probe", "test_other"], 100))
    assert medians == {"test_probe": pytest.approx(60, rel=0.42)}


@pytest.mark.django_db
def test_estimates_read_the_rollup() -> None:
    """The drain rate that of this minute and the one before, in the clock of the database."""
    [moment] = sql.rows(Moment, "SELECT now() AS now", {})
    minute = moment.now.replace(second=0, microsecond=0)
    for minutes, end, count in ((0, "completed", 30), (-1, "failed", 90), (-1, "cancelled", 1), (-2, "failed", 5)):
        MinuteRollupFactory(start=minute + minutes * MINUTE, end=end, count=count, running=buckets_of([8.0]))
    MinuteRollupFactory(start=minute + HOUR, count=1000, lane=Priority.HIGH, running=buckets_of([8.0]))
    statistics.refresh()
    row = QueueStatistics.objects.get()
    assert row.drain_rate == pytest.approx(120 / (moment.now - minute + MINUTE).total_seconds())
    assert row.medians == {"test_probe": pytest.approx(8, rel=0.42)}
