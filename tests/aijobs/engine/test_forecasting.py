"""When a job will be done: the mathematics, and a simulation of what the p90 covers."""

import heapq
import random
from bisect import bisect_right
from collections import Counter, deque
from dataclasses import dataclass, field, replace

import pytest

from aijobs.engine.forecasting import (
    MOST_SCORES,
    Basis,
    Correction,
    Deep,
    Lane,
    Times,
    Turn,
    Work,
    correction_of,
    mixed,
    of_running,
    score_of,
    work_of,
)
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
# As long as the service looks back for what higher lanes take.
LATELY_SECONDS = 300.0
# What a run costs beside itself, which no record of run times knows.
OVERHEAD_SECONDS = 0.3


@dataclass(order=True)
class Waiting:
    key: tuple[int, int]
    type: str = field(compare=False)
    seconds: float = field(compare=False)


@dataclass
class Simulation:
    """Processes that take jobs of strict lanes, which come in bursts; forecasts as the service makes them."""

    draw: random.Random
    places: int
    # Runs take longer, all of them, from the middle on.
    slower: float
    now: float = 0.0
    queue: list[Waiting] = field(default_factory=list)
    # When it ends, type, since when.
    running: list[tuple[float, str, float, int, Priority]] = field(default_factory=list)
    lately: deque[tuple[float, float, Priority]] = field(default_factory=deque)
    buckets: dict[str, deque[int]] = field(default_factory=lambda: {name: deque(maxlen=100) for name in TYPES})
    scores: deque[tuple[float, bool]] = field(default_factory=lambda: deque(maxlen=MOST_SCORES))
    # Job: when, and the model's median and p90; and the moment that was published.
    open: dict[int, tuple[float, float, float]] = field(default_factory=dict)
    published: dict[int, float] = field(default_factory=dict)
    ended: dict[int, float] = field(default_factory=dict)

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
        return sum(self.ended[each] <= self.published[each] for each in self.ended) / len(self.ended)

    def arrive(self, number: int, factor: float) -> None:
        name = self.draw.choices(list(SHARES), list(SHARES.values()))[0]
        lane = self.draw.choices(list(Priority), [0.2, 0.6, 0.2])[0]
        median, deviation = TYPES[name]
        seconds = factor * median * self.draw.lognormvariate(0, deviation) + OVERHEAD_SECONDS
        job = Waiting((-lane, number), name, seconds)
        ahead = sum(each.key[0] == -lane for each in self.queue)
        forecast = self.basis().forecast(self.times()[name], lane, ahead)
        assert forecast is not None
        self.open[number] = (self.now, *forecast.model)
        self.published[number] = self.now + forecast.p90
        heapq.heappush(self.queue, job)
        self.start_what_can()

    def basis(self) -> Basis:
        times = self.times()
        lanes: dict[int, Lane] = {}
        for lane in Priority:
            types = Counter(each.type for each in self.queue if each.key[0] == -lane)
            one = mixed(types or SHARES, times)
            busy = sum(seconds for _, seconds, other in self.lately if other == lane) / LATELY_SECONDS
            lanes[lane] = Lane(self.places, jobs=types.total(), one=one, busy=busy)
        left = [times[name].left(self.now - since) for _, name, since, *_ in self.running]
        scores = [*self.scores, *filter(lambda score: score[0] > 1, map(self.score, self.open))][-MOST_SCORES:]
        missed = sum(late for _, late in scores) / max(len(scores), 1)
        return Basis(lanes, work_of(left), correction_of([score for score, _ in scores], missed))

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
            self.now, name, since, number, lane = heapq.heappop(self.running)
            self.lately.append((self.now, self.now - since, lane))
            while self.lately[0][0] < self.now - LATELY_SECONDS:
                self.lately.popleft()
            self.ended[number] = self.now
            self.scores.append(self.score(number))
            del self.open[number]
            self.buckets[name].append(bisect_right(BUCKET_BOUNDS, self.now - since - OVERHEAD_SECONDS))
            self.start_what_can()
        if until != float("inf"):
            self.now = until

    def start_what_can(self) -> None:
        while self.queue and len(self.running) < self.places:
            job = heapq.heappop(self.queue)
            heapq.heappush(
                self.running, (self.now + job.seconds, job.type, self.now, job.key[1], Priority(-job.key[0]))
            )


@forms(1, 3)
@pytest.mark.parametrize("slower", [1.0, 1.3])
@pytest.mark.parametrize("places", [2, 4, 8])
def test_nine_of_ten_jobs_end_by_their_p90(places: int, slower: float, examples: int) -> None:
    """500 jobs of mixed types in three lanes; from the middle on, all runs may take longer than any record says."""
    covered = [Simulation(random.Random(seed), places, slower).run(500) for seed in range(examples)]
    assert 0.85 <= sum(covered) / len(covered) <= 0.95, covered


TEN = Times(((10.0, 1.0),))


def lanes(**changes: object) -> dict[int, Lane]:
    return {Priority.NORMAL: replace(Lane(places=2, one=work_of([TEN])), **changes)}  # type: ignore[arg-type]


def median_of(basis: Basis, ahead: int, **more: object) -> float:
    found = basis.forecast(TEN, Priority.NORMAL, ahead, **more)  # type: ignore[arg-type]
    assert found is not None
    return found.median


def test_an_idle_process_takes_a_job_at_once() -> None:
    found = Basis(lanes(), running=work_of([TEN])).forecast(TEN, Priority.NORMAL, 0)
    assert found is not None
    assert (found.start, found.median) == (0, 10)


def test_the_work_before_a_job_is_divided_among_the_processes() -> None:
    running = work_of([TEN.left(5.0)] * 2)
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
    assert median_of(Basis(lanes(places=8)), 3, turn=Turn(1, 3)) == pytest.approx(40, rel=0.05)


def test_a_job_that_is_not_due_starts_when_it_is() -> None:
    assert median_of(Basis(lanes()), 0, due_in=60.0) == 70


def test_without_a_process_nothing_is_said() -> None:
    assert Basis(lanes(places=0)).forecast(TEN, Priority.NORMAL, 0) is None
    assert Basis().forecast(TEN, Priority.NORMAL, 0) is None


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
    late = correction_of([float(each) for each in range(100)])
    assert (late.median, late.p90) == (49, 92)
    found = Basis(lanes(), running=work_of([TEN] * 2), correction=Correction(0.5, 3.0)).forecast(
        TEN, Priority.NORMAL, 4
    )
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
