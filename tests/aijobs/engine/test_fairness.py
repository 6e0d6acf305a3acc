"""How long a job waits for others: the engine's own functions under schedules that hypothesis draws.

The database is real, the time, the worker and the broker are simulated: three first-in-first-out lists of job ids,
which a worker of P processes empties in strict order, high before normal before low, as a worker with
`queue_order_strategy: priority` does. Let w(t) be the window of tenant t.

**Fairness.** Between the dispatch of a tenant's first job in a lane and its start, at most

    the sum of w(t) over the other tenants with jobs in that lane  (active tenants × window)

jobs of that lane start, however many wait, and none of a lower lane; those of higher lanes come first, as strict
priority means. With several processes, P - 1 more that are claimed in the same moment. It holds under any load: only
windows are in the lists, what is released later is behind. The tenant's own limits may hold the job for longer
(suspended, at `max_running`), and no other tenant's can. A running sequential batch adds its next member to the
window of its tenant, so add the sequential batches that are running.

**A tenant's own jobs.** None of its lower lanes starts between the dispatch of its job in a higher one and that job's
start, with `max_running` too; with several processes one each, that was being claimed in that moment.

**Starvation.** A job becomes due; nothing of its tenant waits that became due earlier. It starts at the latest after

    2 × promote_after + 2 sweeps + the time for 2 × (sum of w(t) over the tenants with jobs in the high lane) starts

whatever arrives in the high and normal lanes meanwhile, at any rate: by then it is in the high lane, in its tenant's
first place, where at most one round of windows starts until its tenant has room and at most one more before it. The
load must leave workers and a sweeper alive; in one sweep, a thousand jobs are promoted, the longest waiting first.
Each job of its tenant that became due earlier may take its turn before it.
At `max_running` it waits for one of its tenant's running jobs to end, too.
"""

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.db import transaction
from django.db.models import F
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from aijobs.engine import broker, lifecycle, queueing
from aijobs.engine.broker import Link
from aijobs.engine.lifecycle import Run
from aijobs.models import Job, Tenant
from aijobs.states import Priority
from tests import engine

pytestmark = pytest.mark.django_db

HIGH_TO_LOW = sorted(Priority, reverse=True)
PROMOTE_AFTER: float = settings.AIJOBS_PROMOTE_AFTER_SECONDS


@dataclass(frozen=True)
class Started:
    """`lane`: of the list that the worker took it from."""

    job: UUID
    tenant: int
    lane: Priority


@dataclass
class Floor:
    """Tenants, the broker's lists, and a worker."""

    processes: int
    tenants: list[Tenant]
    lists: dict[Priority, deque[UUID]] = field(default_factory=lambda: {lane: deque() for lane in Priority})
    running: list[Run] = field(default_factory=list)
    started: list[Started] = field(default_factory=list)
    # In the order of dispatch.
    dispatched: dict[tuple[int, Priority], list[UUID]] = field(default_factory=lambda: defaultdict(list))

    def publish(self, chains: Iterable[tuple[Link, list[Link]]], hints: Sequence[str] = ()) -> None:
        """Stands for broker.publish."""
        for link, _ in chains:
            self.lists[Priority(link.lane)].append(link.id)

    def window(self, tenant: Tenant) -> int:
        assert tenant.release_window is not None
        return tenant.release_window

    def dispatch(self, tenant: Tenant, lane: Priority, count: int = 1) -> list[UUID]:
        ids = engine.dispatch(tenant, count, priority=lane)
        self.dispatched[tenant.pk, lane] += ids
        return ids

    def take(self) -> Started | None:
        """A free process takes the next message: claim, and refill where the claim asks for it, as run_job does."""
        lane = next((lane for lane in HIGH_TO_LOW if self.lists[lane]), None)
        if lane is None or len(self.running) == self.processes:
            return None
        job_id = self.lists[lane].popleft()
        run = lifecycle.claim(job_id, engine.WORKER)
        if run is None:
            return None
        self.running.append(run)
        self.started.append(Started(run.id, run.tenant_id, lane))
        if run.refill:
            queueing.refill(run.tenant_id)
        return self.started[-1]

    def end(self, process: int) -> None:
        if self.running:
            run = self.running.pop(process % len(self.running))
            engine.complete(run)
            if run.limited:
                queueing.refill(run.tenant_id)

    def sweep(self) -> None:
        queueing.promote()
        queueing.release_due()

    def wait(self, seconds: float) -> None:
        """The database's clock stands still in a test: the rows move instead."""
        earlier = timedelta(seconds=seconds)
        Job.objects.filter(status="queued").update(
            run_after=F("run_after") - earlier, released_at=F("released_at") - earlier
        )

    def start_next(self) -> None:
        """The next job that may start does; the longest running ones end where it has to wait for them."""
        already = len(self.started)
        while len(self.started) == already:
            if len(self.running) == self.processes or not any(self.lists.values()):
                if not self.running:
                    return
                self.end(0)
            self.take()

    def work_until(self, over: Callable[[], bool]) -> None:
        """Every process at work, the sweeper too, until it is over."""
        for step in range(1000):
            if over():
                return
            if len(self.running) == self.processes or not any(self.lists.values()):
                self.end(0)
                if step % 4 == 0:
                    self.sweep()
            self.take()
        raise AssertionError("it never is over")

    def has_started(self, job_id: UUID) -> bool:
        return any(each.job == job_id for each in self.started)

    def running_of(self, tenant: Tenant) -> int:
        return sum(run.tenant_id == tenant.pk for run in self.running)

    def started_between(self, moment: int, job_id: UUID) -> list[Started]:
        """What started after `moment`, a number of starts, and before the job."""
        return self.started[moment : [each.job for each in self.started].index(job_id)]

    # --- What is true at every moment ---

    def check(self) -> None:
        jobs = list(
            Job.objects.exclude(status="completed").values_list("id", "tenant_id", "lane", "status", "released_at")
        )
        released = {row[0]: (row[1], Priority(row[2])) for row in jobs if row[3] == "queued" and row[4] is not None}
        in_lane = Counter(released.values())
        running = Counter(tenant for _, tenant, _, status, _ in jobs if status == "running")
        for tenant in self.tenants:
            assert all(in_lane[tenant.pk, lane] <= self.window(tenant) for lane in Priority), "window exceeded"
            assert tenant.max_running is None or running[tenant.pk] <= tenant.max_running, "max_running exceeded"
        for job_id, (_, lane) in released.items():
            assert job_id in self.lists[lane], "released, and not in the broker's list of its lane"
        self._lists_hold_windows_and_stale_copies(released)

    def _lists_hold_windows_and_stale_copies(self, released: dict[UUID, tuple[int, Priority]]) -> None:
        windows = sum(self.window(tenant) for tenant in self.tenants)
        for lane, waiting in self.lists.items():
            live = {job_id for job_id in waiting if released.get(job_id, (0, None))[1] == lane}
            assert len(live) <= windows

    def check_order(self) -> None:
        """First in, first out among a tenant's jobs of one priority."""
        place = {each.job: number for number, each in enumerate(self.started)}
        for ids in self.dispatched.values():
            places = [place[job_id] for job_id in ids if job_id in place]
            assert places == sorted(places), "overtaken by a younger one of the same tenant and priority"


# --- Schedules --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shop:
    window: int
    max_running: int | None


@dataclass(frozen=True)
class Arrive:
    tenant: int
    lane: Priority
    count: int

    def __call__(self, floor: Floor) -> None:
        floor.dispatch(floor.tenants[self.tenant % len(floor.tenants)], self.lane, self.count)


@dataclass(frozen=True)
class Take:
    def __call__(self, floor: Floor) -> None:
        floor.take()


@dataclass(frozen=True)
class End:
    process: int

    def __call__(self, floor: Floor) -> None:
        floor.end(self.process)


@dataclass(frozen=True)
class Sweep:
    def __call__(self, floor: Floor) -> None:
        floor.sweep()


@dataclass(frozen=True)
class Wait:
    """In parts of `promote_after`."""

    part: float

    def __call__(self, floor: Floor) -> None:
        floor.wait(self.part * PROMOTE_AFTER)


Step = Arrive | Take | End | Sweep | Wait

LANES = st.sampled_from(Priority)
LIMITS = st.none() | st.integers(1, 3)
SHOPS = st.lists(st.builds(Shop, st.integers(1, 4), LIMITS), min_size=1, max_size=5)
PROCESSES = st.integers(1, 3)
STEPS = st.lists(
    st.builds(Arrive, st.integers(0, 4), LANES, st.integers(1, 6))
    | st.builds(Take)
    | st.builds(End, st.integers(0, 2))
    | st.builds(Sweep)
    | st.builds(Wait, st.sampled_from([0.4, 1.1])),
    max_size=16,
)


@contextmanager
def floor_of(shops: list[Shop], processes: int) -> Iterator[Floor]:
    """Undone at the end, so that examples do not see each other."""
    with transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        tenants = [
            Tenant(name=f"floor-{number}", release_window=shop.window, max_running=shop.max_running)
            for number, shop in enumerate(shops)
        ]
        floor = Floor(processes, Tenant.objects.bulk_create(tenants))
        patch.setattr(broker, "publish", floor.publish)
        patch.setattr(broker, "available", lambda: True)
        yield floor
        transaction.set_rollback(True)


def follow(floor: Floor, steps: list[Step]) -> None:
    for step in steps:
        step(floor)
        floor.check()


def schedules(examples: int) -> hypothesis_settings:
    return hypothesis_settings(
        max_examples=examples,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        # Shrinking replays hundreds of schedules against the database: the first failing one is told as it is.
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )


# --- The bounds -------------------------------------------------------------------------------------------------


def everything_ends_in_order(shops: list[Shop], processes: int, steps: list[Step]) -> None:
    """Windows, `max_running` and the order hold at every step, and every job ends."""
    with floor_of(shops, processes) as floor:
        follow(floor, steps)
        jobs = sum(map(len, floor.dispatched.values()))
        floor.work_until(lambda: len(floor.started) == jobs and not floor.running)
        floor.check()
        floor.check_order()
        assert not Job.objects.exclude(status="completed").exists()


def newcomer_waits_for_windows_only(
    shops: list[Shop], processes: int, before: list[Step], lane: Priority, after: list[Step]
) -> None:
    """The bound of fairness, for the first job of a tenant that comes last."""
    with floor_of([*shops, Shop(window=1, max_running=None)], processes) as floor:
        *others, newcomer = floor.tenants
        # It has not come yet.
        floor.tenants = others
        follow(floor, before)
        floor.tenants = [*others, newcomer]
        busy = set(
            Job.objects.filter(lane=lane, status="queued", released_at__isnull=False).values_list("tenant", flat=True)
        )
        bound = sum(floor.window(tenant) for tenant in others if tenant.pk in busy)
        moment = len(floor.started)
        [probe] = floor.dispatch(newcomer, lane)
        follow(floor, after)
        floor.work_until(lambda: floor.has_started(probe))
        waited_for = floor.started_between(moment, probe)
        assert sum(each.lane == lane for each in waited_for) <= bound
        assert all(each.lane >= lane for each in waited_for)


def own_lower_jobs_do_not_hold_up_higher_ones(
    shops: list[Shop], processes: int, before: list[Step], lower: Priority, backlog: int, after: list[Step]
) -> None:
    """With and without `max_running`: the first tenant's backlog, and its first job of the lane above."""
    with floor_of(shops, processes) as floor:
        tenant, lane = floor.tenants[0], Priority(lower + 1)

        def is_own(step: Step) -> bool:
            return isinstance(step, Arrive) and step.lane >= lane and step.tenant % len(shops) == 0

        follow(floor, [step for step in before if not is_own(step) and not isinstance(step, Wait)])
        floor.dispatch(tenant, lower, backlog)
        floor.take()
        moment = len(floor.started)
        places = tenant.max_running is None or floor.running_of(tenant) < tenant.max_running
        [probe] = floor.dispatch(tenant, lane)
        follow(floor, [step for step in after if not is_own(step) and not isinstance(step, Wait)])
        floor.work_until(lambda: floor.has_started(probe))
        waited_for = floor.started_between(moment, probe)
        assert [each for each in waited_for if each.tenant == tenant.pk and each.lane < lane] == []
        if places:
            # It waits in the broker, at once: no job of a lower lane starts, whosever it is.
            assert all(each.lane >= lane for each in waited_for)


# Of the starvation's schedules: how many jobs the workers start in one `promote_after`.
STARTS_IN_A_PERIOD = 6


def low_job_does_not_starve(shops: list[Shop], processes: int, starts_in_a_sweep: int, own_flood: bool) -> None:
    """High and normal jobs of every tenant keep coming, faster than they are run; one job is low.

    `own_flood`: the low job's own tenant sends them too.
    """
    with floor_of(shops, processes) as floor:
        [probe] = floor.dispatch(floor.tenants[0], Priority.LOW)
        flooding = floor.tenants if own_flood else floor.tenants[1:]
        # Counted in starts, as the time is: this many are due before the last promotion.
        due = 2 * STARTS_IN_A_PERIOD + 2 * starts_in_a_sweep
        bound = due + 2 * sum(map(floor.window, floor.tenants))
        while not floor.has_started(probe):
            flood(floor, flooding)
            floor.sweep()
            for _ in range(starts_in_a_sweep):
                floor.start_next()
            floor.wait(starts_in_a_sweep * PROMOTE_AFTER / STARTS_IN_A_PERIOD)
            floor.check()
            assert len(floor.started) <= bound + starts_in_a_sweep, "starved"
        assert len(floor.started_between(0, probe)) <= bound


def flood(floor: Floor, tenants: list[Tenant]) -> None:
    """Leave more than a window of high and of normal jobs waiting."""
    waiting = Counter(Job.objects.filter(status="queued").values_list("tenant_id", "priority"))
    for tenant in tenants:
        for lane in (Priority.HIGH, Priority.NORMAL):
            wanted = 2 * floor.window(tenant) + STARTS_IN_A_PERIOD
            if (missing := wanted - waiting[tenant.pk, lane]) > 0:
                floor.dispatch(tenant, lane, missing)


SEVERAL = [
    pytest.param(15, id="short"),
    # Five thousand schedules of each (a fifth of it where one takes long): some ten minutes in all.
    pytest.param(5000, id="long", marks=[pytest.mark.long, pytest.mark.timeout(3600)]),
]
LOWER = st.sampled_from([Priority.LOW, Priority.NORMAL])


@pytest.mark.parametrize("examples", SEVERAL)
def test_everything_ends_in_order(examples: int) -> None:
    schedules(examples)(given(SHOPS, PROCESSES, STEPS)(everything_ends_in_order))()


@pytest.mark.parametrize("examples", SEVERAL)
def test_newcomer_waits_for_windows_only(examples: int) -> None:
    schedules(examples)(given(SHOPS, PROCESSES, STEPS, LANES, STEPS)(newcomer_waits_for_windows_only))()


@pytest.mark.parametrize("examples", SEVERAL)
def test_own_lower_jobs_do_not_hold_up_higher_ones(examples: int) -> None:
    drawn = given(SHOPS, PROCESSES, STEPS, LOWER, st.integers(1, 12), STEPS)
    schedules(examples)(drawn(own_lower_jobs_do_not_hold_up_higher_ones))()


@pytest.mark.parametrize("examples", SEVERAL)
def test_low_job_does_not_starve(examples: int) -> None:
    drawn = given(SHOPS, PROCESSES, st.integers(1, 6), st.booleans())
    schedules(examples // 5)(drawn(low_job_does_not_starve))()
