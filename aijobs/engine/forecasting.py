"""When a job will start and be done: the mathematics, on what the sweeper has measured. It asks nobody.

A job waits for the work before it, divided among the processes that take from its lane, while work of higher lanes
goes on arriving; then it runs as long as jobs of its type do. Both are distributions: the run's is that of the last
runs, the waiting's a normal one whose mean and variance are those of a sum of runs. What the model does not know (how
busy the machine is, what a run costs beside itself, how wrong yesterday's runs are for today) is in the correction:
forecasts are kept of some jobs, and once those have ended, it is known how far off they were. The p90 that is
published is one that nine of ten of these have met.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate
from math import ceil, sqrt
from statistics import NormalDist

from aijobs.models import BUCKET_BOUNDS
from aijobs.states import Priority

# Equally probable values of a standard normal distribution.
NODES = [NormalDist().inv_cdf((number + 0.5) / 15) for number in range(15)]
# So many of a run's time.
EVEN = 20
# Each bucket is this many points.
PARTS = (0.125, 0.375, 0.625, 0.875)
# Beside what the times of single runs vary, all of them together are longer or shorter than before by about as much.
DRIFT = 0.3
# Between a median and its p90 lie milliseconds at least: those of the clock and of the way to a worker.
LEAST_SPREAD_SECONDS = 0.02
# Higher lanes never take all of what there is: jobs that wait are promoted.
MOST_ARRIVING = 0.8
# Forecasts that must have come true or not before they correct anything, and those that do: the last ones.
LEAST_SCORES = 30
MOST_SCORES = 100
# The published share is 0.9. A little more is aimed at, as a forecast that was too early is known to be so late; and
# more by as much as the share of those that were missed lately is above a tenth, times the gain.
AIMED_AT = 0.91
GAIN = 2.0
# No forecast is corrected by more, in units of its own spread: after a standstill, quick jobs, whose spread is
# milliseconds, are late by thousands of these, which says nothing of others. And none is much earlier than the model
# says: of what nobody has measured it expects the worst, so the first jobs of a new service are done far earlier.
MOST_CORRECTION = 20.0
EARLIEST_MEDIAN, EARLIEST_P90 = -1.0, 1.3


@dataclass(frozen=True, slots=True)
class Times:
    """How long something takes: seconds, and how probable each is."""

    points: tuple[tuple[float, float], ...]

    @classmethod
    def of_buckets(cls, jobs: Sequence[int]) -> "Times":
        total = sum(jobs) * len(PARTS)
        filled = ((number, count) for number, count in enumerate(jobs) if count)
        return cls(tuple((_within(number, part), count / total) for number, count in filled for part in PARTS))

    @classmethod
    def of_range(cls, low: float, high: float) -> "Times":
        """Of what nobody has measured: as probable at half the lowest of usual times as at twice the highest."""
        low, high, points = low / 2, high * 2, 12
        return cls(tuple((low * (high / low) ** ((n + 0.5) / points), 1 / points) for n in range(points)))

    @property
    def mean(self) -> float:
        return sum(seconds * weight for seconds, weight in self.points)

    @property
    def variance(self) -> float:
        mean = self.mean
        return sum(weight * (seconds - mean) ** 2 for seconds, weight in self.points)

    def left(self, elapsed: float) -> "Times":
        """Of a run that has taken so long already, what remains. One beyond all others goes on a little longer."""
        later = [(seconds - elapsed, weight) for seconds, weight in self.points if seconds > elapsed]
        if not later:
            return Times.of_range(0.1 * max(elapsed, 0.1), 0.5 * max(elapsed, 0.1))
        total = sum(weight for _, weight in later)
        return Times(tuple((seconds, weight / total) for seconds, weight in later))

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """The smallest values below which so great shares lie; the shares rise."""
        found: list[float] = []
        below, value = 0.0, 0.0
        for value, weight in sorted(self.points):
            below += weight
            while len(found) < len(shares) and below >= shares[len(found)] - 1e-9:
                found.append(value)
        return found + [value] * (len(shares) - len(found))


def _within(number: int, part: float) -> float:
    if number == 0:
        return BUCKET_BOUNDS[0] * part
    lower = BUCKET_BOUNDS[number - 1]
    upper = BUCKET_BOUNDS[number] if number < len(BUCKET_BOUNDS) else 2 * lower
    return lower * float((upper / lower) ** part)


@dataclass(frozen=True, slots=True)
class Work:
    """Jobs, and the seconds that all of them together run: mean and variance of the sum."""

    jobs: float = 0
    mean: float = 0.0
    variance: float = 0.0

    def __add__(self, other: "Work") -> "Work":
        return Work(self.jobs + other.jobs, self.mean + other.mean, self.variance + other.variance)

    def times(self, longer: float) -> "Work":
        return Work(self.jobs, longer * self.mean, longer**2 * self.variance)

    def after(self, seconds: float) -> "Work":
        """Of a wait, what remains: less of it is less uncertain."""
        if not self.mean:
            return self
        left = max(0.0, 1 - seconds / self.mean)
        return Work(self.jobs, left * self.mean, left * self.variance)

    def part(self, jobs: float) -> "Work":
        """So many jobs like these."""
        share = jobs / self.jobs if self.jobs else 0.0
        return Work(jobs, share * self.mean, share * self.variance)


def work_of(times: Iterable[Times]) -> Work:
    """One job of each."""
    total = Work()
    for each in times:
        total += Work(1, each.mean, each.variance)
    return total


def mixed(weights: Mapping[str, float], times: Mapping[str, Times]) -> Work:
    """One job of a lane in which types have these weights: its variance is also that of not knowing which it is."""
    total = sum(weights.values())
    if not total:
        return Work()
    mean = sum(weight * times[name].mean for name, weight in weights.items()) / total
    square = sum(weight * (times[name].variance + times[name].mean ** 2) for name, weight in weights.items()) / total
    return Work(1, mean, max(0.0, square - mean**2))


@dataclass(frozen=True, slots=True)
class Deep:
    """A tenant with more jobs in a lane than its window holds, or with a limit. `one`: a job like these.

    `most`: so many of them may run at a time; None: as many as there are processes.
    """

    jobs: int
    window: int
    one: Work = Work()
    most: int | None = None

    @property
    def held(self) -> int:
        """Those that no other tenant waits for, because they wait for others of their own."""
        return 0 if self.most is None else max(0, self.jobs - self.most)


@dataclass(frozen=True, slots=True)
class Lane:
    """What is due in a lane. `one`: a job like those that wait, or ran lately."""

    # Worker processes that take from it.
    places: int = 0
    jobs: int = 0
    # In the broker; and the moments at which they came there, evenly chosen.
    released: int = 0
    released_at: tuple[float, ...] = ()
    one: Work = Work()
    # Processes that its jobs have kept busy in the last minutes, on average.
    busy: float = 0.0
    # By tenant.
    deep: Mapping[int, Deep] = field(default_factory=dict)

    def released_before(self, at: float) -> int:
        """How many of the lane's jobs came to the broker before that moment, and wait there."""
        if not self.released_at:
            return 0
        return round(self.released * sum(each < at for each in self.released_at) / len(self.released_at))

    @property
    def arriving(self) -> float:
        """Processes that are kept busy by jobs that are not among the first: by new ones, or by those held back."""
        return max(self.busy, sum(each.most for each in self.deep.values() if each.most and each.held))

    @property
    def held(self) -> int:
        """Jobs that their tenants' limits hold back. Lower lanes wait for all others."""
        return sum(each.held for each in self.deep.values())

    @property
    def first(self) -> Work:
        """The work of those others: what is held back may be unlike them."""
        held = sum(each.held * each.one.mean for each in self.deep.values())
        return replace(self.one.part(self.jobs - self.held), mean=max(0.0, self.jobs * self.one.mean - held))

    def ahead_of_waiting(self, own: int, window: int, arrived: float = 0) -> int:
        """Jobs before one that waits for its tenant's window, behind `own` ones of its tenant.

        Tenants take turns, a window each: while this one's earlier jobs run, as many windows of the others do. Those
        that `arrived` are earlier ones, too, but not counted here.
        """
        shallow = self.jobs - sum(each.jobs for each in self.deep.values())
        turns = (own + arrived) / max(window, 1)
        fair = shallow + sum(min(each.jobs, turns * each.window) for each in self.deep.values())
        return max(own, round(fair), self.released)


@dataclass(frozen=True, slots=True)
class Correction:
    """Of the median and the p90, in units of the model's own distance between the two.

    Until there is a record, the p90 is twice as far away: a new service does not know what is coming.
    """

    median: float = 0.0
    p90: float = 2.0


def correction_of(scores: Sequence[float], missed: float = 0.1) -> Correction:
    """What the last forecasts would have needed: the p90 is one that nine of ten met.

    `missed`: the share of these whose published p90 was too early. While the machine becomes slower that is more than
    a tenth, because what is known is how fast it was.
    """
    if len(scores) < LEAST_SCORES:
        return Correction()
    ordered = sorted(scores)
    aim = AIMED_AT + GAIN * max(0.0, missed - 0.1)
    p90 = ordered[min(ceil(aim * (len(ordered) + 1)), len(ordered)) - 1]
    median = ordered[(len(ordered) - 1) // 2]
    beyond = max(1.0, aim)
    latest = max(median + beyond * max(p90 - median, 0.05), EARLIEST_P90)
    return Correction(max(EARLIEST_MEDIAN, min(median, MOST_CORRECTION)), min(latest, MOST_CORRECTION))


@dataclass(frozen=True, slots=True)
class Forecast:
    """In seconds from now. `model`: the median and the p90 without a correction, for the record."""

    start: float
    median: float
    p90: float
    model: tuple[float, float]


def score_of(ended: float, median: float, p90: float) -> float:
    """How far off the model was, of a job that ended so many seconds after the forecast."""
    return (ended - median) / max(p90 - median, LEAST_SPREAD_SECONDS)


@dataclass(frozen=True, slots=True)
class Steps:
    """What is left of the runs on so many places, the soonest first.

    `filled`: seconds of the first one, of the first two, and so on; and the variances of these.

    The work ahead fills the places that are free the soonest, like water that is poured over steps: a run that is
    much longer than the others holds up its own place only.
    """

    places: int
    running: int
    left: tuple[float, ...]
    filled: tuple[float, ...]
    variances: tuple[float, ...]

    @classmethod
    def of(cls, places: int, running: Collection[Work]) -> "Steps":
        # Of more runs than places, the first ones that end make none free.
        steps = [*[Work()] * (places - len(running)), *sorted(running, key=lambda left: left.mean)][-places:]
        left = tuple(step.mean for step in steps)
        variances = accumulate(step.variance for step in steps)
        return cls(places, len(running), left, tuple(accumulate(left)), tuple(variances))

    def until_free(self, ahead: Work) -> Work:
        """Until one of the places is free, behind the jobs ahead: mean and variance."""
        if self.running + ahead.jobs < self.places:
            return Work()
        poured, middle = ahead.mean, _in_the_middle(ahead)
        used, level = 0, 0.0
        for left, filled in zip(self.left, self.filled, strict=True):
            if used and level <= left:
                break
            used += 1
            level = (filled + poured) / used
            if level < left:
                level = left
            # When the job starts, those ahead on the other places are in the middle of their runs.
            poured = max(poured - middle, 0.0)
        variance = (self.variances[used - 1] + ahead.variance) / used**2
        return Work(used, level, variance + (DRIFT * level) ** 2)


def _in_the_middle(work: Work) -> float:
    """What is left of one of these runs, at a moment that has nothing to do with when it began."""
    if not work.mean:
        return 0.0
    return (work.mean / work.jobs + work.variance / work.mean) / 2


def _longer(places: int, arriving: float) -> float:
    """How many times as long a wait takes, while so many of the places are kept busy by what arrives."""
    return 1 / (1 - min(arriving / places, MOST_ARRIVING))


@dataclass(frozen=True, slots=True)
class Turn:
    """A tenant that may run so many jobs at a time. `running`: what is left of each; `ahead`: those that go first.

    `served`: for how many seconds since this was so there was something of it to do.
    """

    most: int
    running: tuple[Work, ...] = ()
    ahead: Work = Work()
    served: float = 0.0

    @property
    def until_free(self) -> Work:
        """Since this was so."""
        return Steps.of(self.most, self.running).until_free(self.ahead)


@dataclass(frozen=True, slots=True)
class Arrived:
    """What came into a lane and into higher ones between the measurement and a job.

    `ahead`: what goes before the job; `everything`: also what waits for the windows of other tenants. `served`: for
    how many seconds since the measurement there was work, of what was measured or of this.
    """

    ahead: Work = Work()
    everything: Work = Work()
    served: float = 0.0

    def later(self, seconds: float) -> "Arrived":
        return replace(self, served=self.served + seconds)


NOTHING = Arrived()


@dataclass(frozen=True, slots=True)
class Line:
    """What goes before the jobs of a lane.

    `higher`: work of higher lanes; `held`: what limits hold back there; `due`: work of higher lanes and of this one.
    `deep`: whether some of what is due, there or here, waits for its tenant's window.
    """

    lane: Lane
    steps: Steps
    higher: Work
    held: Work
    due: Work
    deep: bool
    # How many times as long a wait takes, while jobs of higher lanes arrive; and with those that are held back.
    longer: float
    longer_with_held: float

    def waiting(self, ahead: int, turn: Turn | None = None, arrived: Arrived = NOTHING) -> Work:
        """How long a job waits behind so many of its lane, and behind what arrived later."""
        before = self.higher + self.lane.one.part(ahead) + arrived.ahead
        until_free = self.steps.until_free
        if self.deep or arrived.everything.jobs > arrived.ahead.jobs:
            # What has been done since is replaced from behind the windows, until nothing is left there. And what a
            # limit holds back takes places for no longer than if all of it went first.
            everything = self.higher + self.held + self.lane.one.part(self.lane.jobs) + arrived.everything
            waits = (
                until_free(before).times(self.longer_with_held),
                until_free(before + self.held).times(self.longer),
                until_free(everything).after(arrived.served).times(self.longer),
            )
            wait = min(waits, key=lambda each: each.mean)
        else:
            wait = until_free(before).after(arrived.served).times(self.longer)
        if turn is None:
            return wait
        # A tenant's own jobs of higher lanes take its turns as well: for want of a record, as often as all tenants'.
        return max(wait, turn.until_free.after(turn.served).times(self.longer), key=lambda each: each.mean)

    def left(self, arrived: Arrived) -> int:
        """Jobs of what arrived that are probably still before it."""
        ahead, places = arrived.ahead, self.lane.places
        free = max(0, places - self.steps.running - self.due.jobs)
        ended = arrived.served * places * ahead.jobs / ahead.mean if ahead.mean else 0.0
        return max(0, round(ahead.jobs - free - ended))

    def level(self, arrived: Work) -> float:
        """Seconds from the measurement until a place is free for a job behind everything."""
        return self.steps.until_free(self.due + arrived).mean


@dataclass(frozen=True, slots=True)
class Basis:
    """What the sweeper has measured."""

    lanes: Mapping[int, Lane] = field(default_factory=dict)
    # What is left of each job that runs.
    running: tuple[Work, ...] = ()
    correction: Correction = Correction()
    # The same of tenants that may have so many only, by tenant.
    running_of: Mapping[int, tuple[Work, ...]] = field(default_factory=dict)

    def lane(self, lane: Priority) -> Lane:
        return self.lanes.get(lane, Lane())

    def higher(self, lane: Priority) -> int:
        """Due jobs of higher lanes that go first."""
        return sum(each.jobs - each.held for other, each in self.lanes.items() if other > lane)

    def ahead_of(self, tenant: int, lane: Priority, own: int) -> Work:
        """So many jobs of a tenant in a lane, and all of its that wait in higher ones."""
        here = self.lane(lane)
        deep = here.deep.get(tenant)
        ahead = (deep.one if deep else here.one).part(own)
        for other, each in self.lanes.items():
            if other > lane and (higher := each.deep.get(tenant)):
                ahead += higher.one.part(higher.jobs)
        return ahead

    def line(self, lane: Priority) -> Line | None:
        """None where no process takes from the lane."""
        here = self.lane(lane)
        if not here.places:
            return None
        higher = [each for other, each in self.lanes.items() if other > lane]
        first = sum((each.first for each in higher), Work())
        everything = sum((each.one.part(each.jobs) for each in higher), Work())
        return Line(
            here,
            Steps.of(here.places, self.running),
            first,
            Work(
                sum(each.held for each in higher),
                max(0.0, everything.mean - first.mean),
                max(0.0, everything.variance - first.variance),
            ),
            first + here.first,
            any(each.deep for each in (here, *higher)),
            _longer(here.places, sum(each.busy for each in higher)),
            _longer(here.places, sum(each.arriving for each in higher)),
        )

    def forecast(self, run: "Run", wait: Work, *, due_in: float = 0.0) -> Forecast:
        """Of a queued job that waits for so long."""
        deviation = sqrt(wait.variance)
        median, p90 = run.ends([max(due_in, wait.mean + deviation * node) for node in NODES])
        spread = max(p90 - median, LEAST_SPREAD_SECONDS)
        expected = max(due_in, median + self.correction.median * spread)
        latest = max(expected, median + self.correction.p90 * spread)
        return Forecast(min(max(due_in, wait.mean), expected), expected, latest, (median, p90))


class Run:
    """How long the runs of a type take, in forms that are worked out once."""

    def __init__(self, times: Times) -> None:
        self.work = work_of([times])
        self._median, self._p90 = times.quantiles((0.5, 0.9))
        # Equally probable values: sums of these with others need no weights.
        self._even = times.quantiles([(number + 0.5) / EVEN for number in range(EVEN)])

    def ends(self, starts: Sequence[float]) -> tuple[float, float]:
        """The median and the p90 of when it ends, where it starts at these moments, which rise, equally probably."""
        if starts[0] == starts[-1]:
            return starts[0] + self._median, starts[0] + self._p90
        ends = sorted([start + seconds for start in starts for seconds in self._even])
        return ends[len(ends) // 2], ends[ceil(0.9 * len(ends)) - 1]


class Since:
    """What has been dispatched since a measurement, as a queue that its places work off. Moments: seconds from it."""

    def __init__(self, basis: Basis) -> None:
        self.lines = {lane: line for lane in Priority if (line := basis.line(lane))}
        self._all = dict.fromkeys(self.lines, Work())
        self._shared = dict.fromkeys(self.lines, Work())
        self._idle = dict.fromkeys(self.lines, 0.0)

    def before(self, lane: Priority, moment: float, beyond: Work) -> Arrived:
        """What is before a job that is dispatched to the lane at this moment, by a tenant with so much beyond."""
        if lane not in self.lines:
            return NOTHING
        return Arrived(self._shared[lane] + beyond, self._all[lane], moment - self._idle[lane])

    def above(self, lane: Priority) -> Arrived:
        """What has come into higher lanes, of which nothing is known to be done."""
        higher = [each for each in self.lines if each > lane]
        if not higher:
            return NOTHING
        work = self._shared[min(higher)]
        return Arrived(work, work)

    def add(self, lane: Priority, run: Work, moment: float, *, shared: bool = True) -> None:
        """A job. `shared`: others wait for it; beyond its tenant's window, only jobs of the tenant do."""
        for other, line in self.lines.items():
            if other <= lane:
                # The work until now would have been done by then.
                self._idle[other] = max(self._idle[other], moment - line.level(self._all[other]))
                self._all[other] += run
                if shared:
                    self._shared[other] += run


def of_running(run: Times, elapsed: float) -> Forecast:
    """Of a job that has run for so long: as jobs of its type that took longer have gone on."""
    median, p90 = run.left(elapsed).quantiles((0.5, 0.9))
    return Forecast(-elapsed, median, p90, (median, p90))
