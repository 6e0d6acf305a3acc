"""When a job will be done: the mathematics, and a simulation of what the p90 covers."""

import heapq
import itertools
import random
from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from aijobs.auth import TenantAccess
from aijobs.engine import forecasts
from aijobs.engine.arrivals import Arrivals, Dispatched
from aijobs.engine.forecasting import (
    MOST_SCORES,
    Basis,
    Correction,
    Deep,
    Forecast,
    Lane,
    Run,
    Times,
    Turn,
    Work,
    correction_of,
    mixed,
    of_running,
    score_of,
    work_of,
)
from aijobs.engine.workload import LATELY_SECONDS, LEAST_SECONDS, Workload
from aijobs.models import BUCKET_BOUNDS, BUCKETS
from aijobs.states import Priority
from tests.drawing import forms

# Types of jobs: medians in seconds, and how much single runs differ (of the logarithm).
TYPES = {"quick": (1.0, 0.5), "usual": (8.0, 0.6), "long": (40.0, 0.4)}
SHARES = {"quick": 0.6, "usual": 0.3, "long": 0.1}
MEAN_SECONDS = 8.2
# Jobs that arrive together, and the share of what the processes can do that arrives.
BURST = 12
BUSY = 0.85
# What a run costs beside itself, which no record of run times knows.
OVERHEAD_SECONDS = 0.3
# The one with a limit.
TENANT = 1
# The tenants of all other jobs: their windows hold nothing back.
OTHERS = TenantAccess(2, "Others", "UTC", suspended=False, release_window=10_000, max_running=None, queue_limit=None)


def forecast_of(
    basis: Basis, run: Times, lane: Priority, ahead: int, *, due_in: float = 0.0, turn: Turn | None = None
) -> Forecast | None:
    line = basis.line(lane)
    return basis.forecast(Run(run), line.waiting(ahead, turn), due_in=due_in) if line else None


@dataclass(order=True)
class Waiting:
    key: tuple[int, int]
    type: str = field(compare=False)
    seconds: float = field(compare=False)
    limited: bool = field(compare=False)


@dataclass
class Simulation:
    """Processes that take jobs of strict lanes, which come in bursts; forecasts as the service makes them.

    They rest on what was measured at the last round, and on what has been dispatched since.
    """

    draw: random.Random
    places: int
    # Runs take longer, all of them, from the middle on.
    slower: float
    # Of each five jobs one is of a tenant that may run so many at a time; None: as many as there are processes.
    most: int | None = None
    round_seconds: float = 2.0
    now: float = 0.0
    next_round: float = 0.0
    arrivals: Arrivals = field(default_factory=lambda: Arrivals(Workload()))
    queue: list[Waiting] = field(default_factory=list)
    # When it ends, since when.
    running: list[tuple[float, float, Waiting]] = field(default_factory=list)
    lately: deque[tuple[float, float, Priority]] = field(default_factory=deque)
    buckets: dict[str, deque[int]] = field(default_factory=lambda: {name: deque(maxlen=100) for name in TYPES})
    scores: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=MOST_SCORES))
    # Job: when, and the model's median and p90; and the moment that was published.
    open: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    published: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)
    limited: set[int] = field(default_factory=set)

    def run(self, jobs: int) -> float:
        """The share of the jobs that had ended by their p90."""
        number = 0
        while number < jobs:
            self.advance(self.now + self.draw.expovariate(BUSY * self.places / BURST / MEAN_SECONDS))
            for _ in range(min(jobs - number, 1 + int(self.draw.expovariate(1 / (BURST - 1))))):
                self.arrive(number, 1.0 if number < jobs / 2 else self.slower)
                number += 1
        self.advance(float("inf"))
        # The first ones have no record to be corrected by.
        return self.covered(range(jobs))

    def covered(self, jobs: Collection[int]) -> float:
        return sum(self.ended[each] <= self.published[each] for each in jobs) / len(jobs)

    def arrive(self, number: int, factor: float) -> None:
        name = self.draw.choices(list(SHARES), list(SHARES.values()))[0]
        lane = self.draw.choices(list(Priority), [0.2, 0.6, 0.2])[0]
        median, deviation = TYPES[name]
        seconds = factor * median * self.draw.lognormvariate(0, deviation) + OVERHEAD_SECONDS
        limited = self.most is not None and self.draw.random() < 0.2
        job = Waiting((-lane, number), name, seconds, limited)
        tenant = replace(OTHERS, id=TENANT, max_running=self.most) if limited else OTHERS
        at = datetime.fromtimestamp(self.now, UTC)
        _, forecast = forecasts.expected(self.arrivals, name, lane, tenant, at)
        assert forecast is not None
        self.arrivals.note(Dispatched(UUID(int=number), name, lane, tenant, at))
        if limited:
            self.limited.add(number)
        self.open[number] = (self.now, *forecast.model)
        self.published[number] = self.now + forecast.p90
        self.queue.append(job)
        self.start_what_can()

    def measure(self) -> None:
        times = self.times()
        lanes: dict[int, Lane] = {}
        for lane in Priority:
            here = [each for each in self.queue if each.key[0] == -lane]
            types = Counter(each.type for each in here)
            own = Counter(each.type for each in here if each.limited)
            lately = min(max(self.now, LEAST_SECONDS), LATELY_SECONDS)
            busy = sum(seconds for _, seconds, other in self.lately if other == lane) / lately
            deep = {TENANT: Deep(own.total(), self.most or 1, mixed(own, times), self.most)} if own else {}
            lanes[lane] = Lane(
                self.places,
                jobs=types.total(),
                released=types.total() - max(0, own.total() - (self.most or 0)),
                one=mixed(types or SHARES, times),
                busy=busy,
                deep=deep,
            )
        left = [(job, work_of([times[job.type].left(self.now - since)])) for _, since, job in self.running]
        own_left = tuple(each for job, each in left if job.limited)
        missed = sum(late for _, late in self.scores) / max(len(self.scores), 1)
        correction = correction_of([score for score, _ in self.scores], missed)
        basis = Basis(lanes, tuple(each for _, each in left), correction, {TENANT: own_left})
        self.arrivals = Arrivals(Workload(basis, times, self.now))

    def score(self, number: int) -> tuple[float, bool]:
        """Of a job that ends now, or will later."""
        at, median, p90 = self.open[number]
        return score_of(self.now - at, median, p90), self.now > self.published[number]

    def times(self) -> dict[str, Times]:
        known: dict[str, Times] = {}
        for name, ended in self.buckets.items():
            counts = [0] * BUCKETS
            for each in ended:
                counts[each] += 1
            median = TYPES[name][0]
            known[name] = Times.of_buckets(counts) if ended else Times.of_range(median, 4 * median)
        return known

    def advance(self, until: float) -> None:
        while self.running and self.running[0][0] <= until:
            self.measure_until(self.running[0][0])
            self.end_first()
        if until != float("inf"):
            self.measure_until(until)
            self.now = until

    def measure_until(self, moment: float) -> None:
        while self.next_round <= moment:
            self.now = self.next_round
            self.measure()
            self.next_round += self.round_seconds

    def end_first(self) -> None:
        self.now, since, job = heapq.heappop(self.running)
        lane, number = Priority(-job.key[0]), job.key[1]
        self.lately.append((self.now, self.now - since, lane))
        while self.lately[0][0] < self.now - LATELY_SECONDS:
            self.lately.popleft()
        self.ended[number] = self.now
        self.scores.append(self.score(number))
        del self.open[number]
        self.buckets[job.type].append(bisect_right(BUCKET_BOUNDS, self.now - since - OVERHEAD_SECONDS))
        self.start_what_can()

    def start_what_can(self) -> None:
        while len(self.running) < self.places and (job := self.next_job()):
            self.queue.remove(job)
            heapq.heappush(self.running, (self.now + job.seconds, self.now, job))

    def next_job(self) -> Waiting | None:
        at_limit = self.most is not None and sum(job.limited for *_, job in self.running) >= self.most
        return min((each for each in self.queue if not (at_limit and each.limited)), default=None)


@forms(1, 3)
@pytest.mark.parametrize("slower", [1.0, 1.3])
@pytest.mark.parametrize("places", [2, 4, 8])
@pytest.mark.parametrize("round_seconds", [2.0, 20.0])
def test_nine_of_ten_jobs_end_by_their_p90(round_seconds: float, places: int, slower: float, examples: int) -> None:
    """500 jobs of mixed types in three lanes; from the middle on, all runs may take longer than any record says.

    With long rounds, most jobs come and go between two measurements.
    """
    simulations = [
        Simulation(random.Random(seed), places, slower, round_seconds=round_seconds) for seed in range(examples)
    ]
    covered = [each.run(500) for each in simulations]
    assert 0.85 <= sum(covered) / len(covered) <= 0.95, covered


@forms(2, 8)
@pytest.mark.parametrize(("places", "most"), [(4, 1), (8, 2)])
def test_also_where_a_tenants_limit_holds_its_jobs_up(places: int, most: int, examples: int) -> None:
    """Of the tenant's own a few less: how many jobs of higher lanes it will dispatch is not known."""
    simulations = [Simulation(random.Random(seed), places, 1.0, most) for seed in range(examples)]
    covered = [each.run(500) for each in simulations]
    limited = [each.covered(each.limited) for each in simulations]
    assert 0.85 <= sum(covered) / len(covered) <= 0.95, covered
    assert 0.8 <= sum(limited) / len(limited) <= 0.95, limited


TEN = Times(((10.0, 1.0),))


def lanes(**changes: object) -> dict[int, Lane]:
    return {Priority.NORMAL: replace(Lane(places=2, one=work_of([TEN])), **changes)}  # type: ignore[arg-type]


def median_of(basis: Basis, ahead: int, **more: object) -> float:
    found = forecast_of(basis, TEN, Priority.NORMAL, ahead, **more)  # type: ignore[arg-type]
    assert found is not None
    return found.median


def test_an_idle_process_takes_a_job_at_once() -> None:
    found = forecast_of(Basis(lanes(), running=(work_of([TEN]),)), TEN, Priority.NORMAL, 0)
    assert found is not None
    assert (found.start, found.median) == (0, 10)


def test_the_work_before_a_job_is_divided_among_the_processes() -> None:
    running = (work_of([TEN.left(5.0)]),) * 2
    # Twenty runs on two processes, and what remains of the two that run: the last process is free after 100 s or so.
    assert median_of(Basis(lanes(), running), 20) == pytest.approx(112, rel=0.05)
    assert median_of(Basis(lanes(places=4), running), 20) == pytest.approx(58, rel=0.1)


def test_higher_lanes_go_first_and_take_what_they_have_taken_lately() -> None:
    normal = lanes()
    high = Lane(places=2, jobs=20, one=work_of([TEN]))
    behind = median_of(Basis({**normal, Priority.HIGH: high}), 0)
    assert behind == pytest.approx(median_of(Basis(normal), 20), rel=0.01)
    # They keep one of the two processes busy: what is before it takes twice as long.
    busy = median_of(Basis({**normal, Priority.HIGH: replace(high, busy=1.0)}), 0)
    assert busy - 10 == pytest.approx(2 * (behind - 10), rel=0.05)


def test_a_tenant_that_may_run_one_job_at_a_time_waits_for_its_own() -> None:
    assert median_of(Basis(lanes(places=8)), 3, turn=Turn(1, (), work_of([TEN] * 3))) == pytest.approx(40, rel=0.05)


def test_behind_a_long_run_of_its_tenant_a_job_waits_for_that() -> None:
    long = work_of([Times(((600.0, 1.0),)).left(100.0)])
    ahead = work_of([TEN] * 3)
    basis = Basis(lanes(places=8))
    assert median_of(basis, 0, turn=Turn(1, (long,))) == pytest.approx(510)
    assert median_of(basis, 3, turn=Turn(1, (long,), ahead)) == pytest.approx(540, rel=0.01)
    # It holds up one of two places: the other one is for the three before it.
    assert median_of(basis, 3, turn=Turn(2, (long,), ahead)) == pytest.approx(40, rel=0.05)
    assert median_of(basis, 0, turn=Turn(2, (long,))) == 10
    # Of three that run, where two may, two must end.
    assert median_of(basis, 0, turn=Turn(2, (long, *[work_of([TEN.left(each)]) for each in (3.0, 6.0)]))) == 17


def test_two_places_of_a_tenant_are_filled_one_after_the_other() -> None:
    running = (work_of([TEN.left(5.0)]), work_of([TEN.left(2.0)]))
    basis = Basis(lanes(places=8))
    assert median_of(basis, 0, turn=Turn(2, running)) == 15
    # One goes first, from the fifth to the fifteenth second; the other place is free after eight.
    assert median_of(basis, 1, turn=Turn(2, running, work_of([TEN]))) == pytest.approx(18, abs=1)


def test_what_a_limit_holds_back_holds_up_no_lower_lane() -> None:
    one = work_of([TEN])
    high = Lane(places=4, jobs=1_000, one=one, deep={1: Deep(1_000, 1, one, 1)})
    # One of the thousand goes first, and then one of the four processes is theirs.
    assert median_of(Basis({**lanes(places=4), Priority.HIGH: high}, (one,) * 4), 0) < 30
    free = replace(high, deep={1: Deep(1_000, 16, one)})
    assert median_of(Basis({**lanes(places=4), Priority.HIGH: free}, (one,) * 4), 0) > 2_000


@pytest.mark.parametrize("most", [4, 20])
def test_one_job_more_than_a_limit_allows_makes_no_great_difference(most: int) -> None:
    one = work_of([TEN])

    def behind(jobs: int) -> float:
        high = Lane(places=4, jobs=jobs, one=one, deep={1: Deep(jobs, most, one, most)})
        return median_of(Basis({**lanes(places=4), Priority.HIGH: high}, (one,) * 4), 0)

    waits = [behind(jobs) for jobs in range(1, 40)]
    assert waits == sorted(waits)
    # Each is a quarter of a run.
    assert all(later - earlier < 4 for earlier, later in itertools.pairwise(waits))


def test_what_is_held_back_is_not_taken_for_what_is_not() -> None:
    slow, quick = work_of([Times(((600.0, 1.0),))]), work_of([Times(((1.0, 1.0),))])
    both = mixed({"slow": 1_000, "quick": 3}, {"slow": Times(((600.0, 1.0),)), "quick": Times(((1.0, 1.0),))})
    high = Lane(places=4, jobs=1_003, one=both, deep={1: Deep(1_000, 1, slow, 1)})
    assert high.held == 999
    assert high.first.mean == pytest.approx(slow.mean + 3 * quick.mean, rel=0.01)


def test_a_tenants_jobs_of_higher_lanes_go_before_its_own() -> None:
    slow, one = Work(1, 100.0), work_of([TEN])
    basis = Basis(
        {
            Priority.NORMAL: Lane(places=4, jobs=5, one=one, deep={1: Deep(5, 1, slow, 1)}),
            Priority.HIGH: Lane(places=4, jobs=2, one=one, deep={1: Deep(2, 1, one, 1)}),
        }
    )
    assert basis.ahead_of(1, Priority.NORMAL, 3).mean == 320
    assert basis.ahead_of(1, Priority.HIGH, 1).mean == 10
    # Of one with no more than its window, what is like the lane's.
    assert basis.ahead_of(2, Priority.NORMAL, 3).mean == 30


def test_a_job_that_is_not_due_starts_when_it_is() -> None:
    assert median_of(Basis(lanes()), 0, due_in=60.0) == 70


def test_without_a_process_nothing_is_said() -> None:
    assert Basis(lanes(places=0)).line(Priority.NORMAL) is None
    assert Basis().line(Priority.NORMAL) is None


def test_a_run_that_goes_on_is_one_of_the_longer_ones() -> None:
    times = Times(((1.0, 0.5), (10.0, 0.4), (100.0, 0.1)))
    assert (of_running(times, 0).median, of_running(times, 0).p90) == (1, 10)
    assert (of_running(times, 5).median, of_running(times, 5).p90) == (5, 95)
    # Beyond all that there have been.
    assert 0 < of_running(times, 200).median < of_running(times, 200).p90 < 300


def test_tenants_take_turns() -> None:
    lane = Lane(2, jobs=1_020, released=36, deep={1: Deep(1_000, 16)})
    # The first window of another tenant is behind what is in the broker; its second one behind a second of the first.
    assert lane.ahead_of_waiting(16, 16) == 36
    assert lane.ahead_of_waiting(160, 16) == 160 + 20
    assert Lane(2, jobs=1_000, released=16, deep={1: Deep(1_000, 16)}).ahead_of_waiting(999, 16) == 999


def test_what_came_to_the_broker_before() -> None:
    lane = Lane(2, jobs=40, released=40, released_at=tuple(float(at) for at in range(20)))
    assert [lane.released_before(at) for at in (-1.0, 10.0, 100.0)] == [0, 20, 40]


def test_forecasts_are_corrected_by_what_came_of_the_last_ones() -> None:
    assert correction_of([5.0] * 10) == Correction()
    late = correction_of([each / 10 for each in range(100)])
    assert (late.median, late.p90) == (4.9, 9.1)
    # A standstill of minutes, as jobs of milliseconds have it.
    assert correction_of([10_000.0] * 100) == Correction(20, 20)
    # The first jobs of a service, which nobody knew to be quick.
    assert correction_of([-30.0] * 100) == Correction(-1, 1.3)
    basis = Basis(lanes(), running=(work_of([TEN]),) * 2, correction=Correction(0.5, 3.0))
    found = forecast_of(basis, TEN, Priority.NORMAL, 4)
    assert found is not None
    median, p90 = found.model
    assert (found.median, found.p90) == (median + 0.5 * (p90 - median), median + 3 * (p90 - median))


def test_a_mixture_varies_by_its_types_as_well() -> None:
    one = mixed({"a": 1.0, "b": 3.0}, {"a": Times(((1.0, 1.0),)), "b": Times(((5.0, 1.0),))})
    assert (one.jobs, one.mean, one.variance) == (1, 4, 3)
    assert mixed({}, {}) == Work()


def test_times_of_buckets_are_those_of_the_runs() -> None:
    counts = [0] * BUCKETS
    for seconds in (1.0, 2.0, 2.0, 4.0, 100_000.0):
        counts[bisect_right(BUCKET_BOUNDS, seconds)] += 1
    times = Times.of_buckets(counts)
    assert times.quantiles([0.5])[0] == pytest.approx(2, rel=0.42)
    assert sum(weight for _, weight in times.points) == pytest.approx(1)
