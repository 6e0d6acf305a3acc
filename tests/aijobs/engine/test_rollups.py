"""Whatever the order of ends, commits, sweeps and crashes: the rollup says what a plain count of the jobs says."""

import threading
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from django.db import connection, transaction
from django.db.models import F
from django.utils.timezone import now
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from aijobs.engine import lifecycle, rollups, statements
from aijobs.models import (
    BUCKET_BOUNDS,
    BUCKETS,
    DayUsage,
    HourRollup,
    Job,
    JobEvent,
    MinuteRollup,
    RollupCursor,
    Tenant,
    TotalRollup,
)
from aijobs.states import TERMINAL, Priority, Status
from tests import engine
from tests.drawing import forms
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db(transaction=True)

Key = tuple[datetime, str, int, str, str]
# Buckets of waiting and running, and the sums of their times.
Figures = tuple[int, list[int], list[int], int, int]


def in_microseconds(seconds: float) -> int:
    """Of which a sum of times is a whole number; of ms it may lie between two, and be rounded either way."""
    return round(1_000_000 * seconds)


def counted(model: type[MinuteRollup | HourRollup | TotalRollup]) -> dict[Key, Figures]:
    return {
        (row.start, row.type, row.lane, row.end, row.error_code): (
            row.count,
            row.waiting,
            row.running,
            in_microseconds(row.waiting_seconds),
            in_microseconds(row.running_seconds),
        )
        for row in model.objects.all()
    }


def plain_count(start_of: Callable[[datetime], datetime]) -> dict[Key, Figures]:
    """The same from the jobs, in the plainest way there is."""
    found: dict[Key, list[Job]] = {}
    for job in Job.objects.filter(status__in=TERMINAL):
        assert job.completed_at is not None
        key = (start_of(job.completed_at), job.type, job.lane, job.status, job.error_code or job.cancel_reason)
        found.setdefault(key, []).append(job)
    return {key: _figures(jobs) for key, jobs in found.items()}


def _figures(jobs: list[Job]) -> Figures:
    taken = [job for job in jobs if job.status != Status.CANCELLED]
    waiting = [max(0.0, (_of(job.started_at) - job.run_after).total_seconds()) for job in taken]
    running = [max(0.0, (_of(job.completed_at) - _of(job.started_at)).total_seconds()) for job in taken]
    return (
        len(jobs),
        buckets_of(waiting),
        buckets_of(running),
        in_microseconds(sum(waiting)),
        in_microseconds(sum(running)),
    )


def _of(moment: datetime | None) -> datetime:
    assert moment is not None
    return moment


def buckets_of(times: list[float]) -> list[int]:
    numbers = Counter(bisect_right(BUCKET_BOUNDS, seconds) for seconds in times)
    return [numbers[number] for number in range(BUCKETS)]


def all_is_counted() -> None:
    rollups.roll_up(seconds=60)
    assert counted(MinuteRollup) == plain_count(lambda moment: moment.replace(second=0, microsecond=0))
    assert counted(HourRollup) == plain_count(lambda moment: moment.replace(minute=0, second=0, microsecond=0))
    assert counted(TotalRollup) == plain_count(lambda moment: datetime(1970, 1, 1, tzinfo=UTC))
    assert counted_by_tenant() == plain_count_by_tenant()


def counted_by_tenant() -> dict[tuple[object, ...], tuple[int, int]]:
    return {
        (row.tenant_id, row.day, row.type, row.end): (row.count, in_microseconds(row.running_seconds))
        for row in DayUsage.objects.all()
    }


def plain_count_by_tenant() -> dict[tuple[object, ...], tuple[int, int]]:
    found: dict[tuple[object, ...], list[Job]] = {}
    for job in Job.objects.filter(status__in=TERMINAL):
        found.setdefault((job.tenant_id, _of(job.completed_at).date(), job.type, job.status), []).append(job)
    return {key: (len(jobs), _figures(jobs)[4]) for key, jobs in found.items()}


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory(release_window=1000)
    return tenant


@contextmanager
def another_client() -> Iterator[psycopg.Connection]:
    with psycopg.connect(**connection.get_connection_params()) as other:
        yield other
        other.rollback()


def cancel_on(other: psycopg.Connection, job_id: UUID) -> None:
    """As the engine does, in a transaction that stays open."""
    nothing = dict.fromkeys(["attempt", "result", "cost", "caused_by", "processed", "total"])
    texts = {"status": "cancelled", "source": "queued", "code": "", "message": "", "reason": "REQUESTED"}
    other.execute(statements.END, {**nothing, **texts, "id": job_id, "lease_lost": False, "requested": False})


def test_each_end_is_counted_where_it_belongs(tenant: Tenant) -> None:
    completed, failed, cancelled, *_ = engine.dispatch(tenant, 5, priority=Priority.LOW)
    engine.complete(engine.start(completed))
    engine.fail(engine.start(failed))
    lifecycle.cancel(cancelled, tenant.pk)
    assert rollups.roll_up(seconds=60) == 3
    ends = {(row.end, row.error_code): (row.lane, row.count) for row in HourRollup.objects.all()}
    assert ends == {
        ("completed", ""): (Priority.LOW, 1),
        ("failed", "PROBE_FAILED"): (Priority.LOW, 1),
        ("cancelled", "REQUESTED"): (Priority.LOW, 1),
    }
    all_is_counted()
    assert rollups.roll_up(seconds=60) == 0


def test_the_last_attempt_is_what_is_measured(tenant: Tenant) -> None:
    """And of it the time since it was due: neither the attempts before it nor the backoffs between them."""
    [job_id] = engine.dispatch(tenant)
    engine.fail(engine.start(job_id), transient=True)
    Job.objects.update(
        run_after=now() - timedelta(minutes=5), created_at=now() - timedelta(days=1), released_at=now()
    )
    run = engine.start(job_id)
    Job.objects.update(started_at=F("run_after") + timedelta(minutes=2))
    engine.complete(run)
    rollups.roll_up(seconds=60)
    row = MinuteRollup.objects.get()
    assert row.waiting_seconds == 120
    assert row.running_seconds == pytest.approx(180, abs=60)


def test_a_job_cancelled_after_its_first_attempt_has_neither_waited_nor_run(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.fail(engine.start(job_id), transient=True)
    lifecycle.cancel(job_id, tenant.pk)
    rollups.roll_up(seconds=60)
    row = MinuteRollup.objects.get()
    assert (row.count, sum(row.waiting), sum(row.running), row.running_seconds) == (1, 0, 0, 0)


def test_an_open_transaction_holds_up_nothing_and_is_counted_when_it_is_over(tenant: Tenant) -> None:
    mine: Tenant = TenantFactory()
    [late] = engine.dispatch(mine)
    with another_client() as other:
        cancel_on(other, late)
        engine.complete(engine.start(engine.dispatch(tenant)[0]))
        assert rollups.roll_up(seconds=60) == 1
        other.commit()
    assert rollups.roll_up(seconds=60) == 1
    all_is_counted()


def test_a_backlog_is_caught_up_in_steps(tenant: Tenant) -> None:
    for job_id in engine.dispatch(tenant, 5):
        lifecycle.cancel(job_id, tenant.pk)
    steps = [rollups.roll_up_step(most=2) for _ in range(5)]
    # The first one ever makes the cursor.
    assert [(step.ends, step.more) for step in steps] == [(0, True), (2, True), (2, True), (1, False), (0, False)]
    all_is_counted()


def test_of_a_backlog_so_much_is_counted_as_there_is_time(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollups.roll_up_step, "__defaults__", (2,))
    rollups.roll_up_step()
    for job_id in engine.dispatch(tenant, 5):
        lifecycle.cancel(job_id, tenant.pk)
    assert rollups.roll_up(seconds=0) == 2
    assert rollups.roll_up(seconds=60) == 3


def test_what_one_transaction_ended_is_counted_at_once(tenant: Tenant) -> None:
    batch_id, _ = engine.dispatch_batch(tenant, 5)
    rollups.roll_up_step()
    lifecycle.cancel_batch(batch_id, tenant.pk)
    assert rollups.roll_up_step(most=2).ends == 5


def test_a_database_that_was_restored_elsewhere_is_counted_on(tenant: Tenant) -> None:
    """There, transactions may have lower numbers than the cursor, and than the events that were counted before."""
    engine.complete(engine.start(engine.dispatch(tenant)[0]))
    rollups.roll_up(seconds=60)
    before = counted(MinuteRollup)
    RollupCursor.objects.update(below="4000000000")
    # An event of before, with a number that comes again in the new cluster.
    JobEvent.objects.filter(kind="completed").update(transaction="99999999", at=F("at") - timedelta(days=1))
    assert rollups.roll_up(seconds=60) == 0
    engine.fail(engine.start(engine.dispatch(tenant)[0]))
    JobEvent.objects.filter(kind="completed").update(transaction=JobEvent.objects.get(kind="failed").transaction)
    assert rollups.roll_up(seconds=60) == 1
    assert before.items() <= counted(MinuteRollup).items()


def test_two_sweepers_beside_workers_count_each_end_once(tenant: Tenant) -> None:
    others: list[Tenant] = TenantFactory.create_batch(2)
    jobs = [engine.dispatch(other, 40) for other in others]
    over = threading.Event()

    def end(ids: list[UUID], owner: Tenant) -> None:
        for job_id in ids:
            lifecycle.cancel(job_id, owner.pk)
        connection.close()

    def sweep() -> None:
        while not over.is_set():
            rollups.roll_up_step(most=3)
        connection.close()

    workers = [threading.Thread(target=end, args=pair) for pair in zip(jobs, others, strict=True)]
    sweepers = [threading.Thread(target=sweep) for _ in range(2)]
    for thread in (*workers, *sweepers):
        thread.start()
    for worker in workers:
        worker.join()
    over.set()
    for sweeper in sweepers:
        sweeper.join()
    all_is_counted()
    assert sum(row.count for row in MinuteRollup.objects.all()) == 80


def test_a_step_reads_what_is_new_and_no_more(tenant: Tenant) -> None:
    """8,000 jobs have ended before, and somebody has held a transaction open since long before that."""
    with another_client() as other:
        other.execute("SELECT pg_current_xact_id()")
        with connection.cursor() as cursor:
            cursor.execute(ENDED_LONG_AGO, {"tenant": tenant.pk})
            cursor.execute("ANALYZE aijobs_job, aijobs_jobevent")
        rollups.roll_up(seconds=60)
        for job_id in engine.dispatch(tenant, 10):
            engine.complete(engine.start(job_id))
        assert _pages_read() < 150
        assert rollups.roll_up(seconds=60) == 10


ENDED_LONG_AGO = """
WITH job AS (
    INSERT INTO aijobs_job (
        id, tenant_id, type, params, created_at, priority, lane, status, run_after, attempt, started_at, completed_at
    )
    SELECT gen_random_uuid(), %(tenant)s, 'test_probe', '{}', now(), 1, 1, 'completed', now(), 1, now(), now()
    FROM generate_series(1, 8000)
    RETURNING id
)
INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt)
SELECT id, 1, %(tenant)s, 'completed', 1 FROM job
"""


def _pages_read() -> int:
    """By a step whose work is undone again."""
    with another_client() as other:
        query = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {rollups.COUNT}"
        parameters = {"most": rollups.STEP, "bounds": list(BUCKET_BOUNDS)}
        row = psycopg.ClientCursor(other).execute(query, parameters).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


class Counting(RuleBasedStateMachine):
    """Jobs end, at once or in transactions that stay open; sweepers count, crash, and find each other."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant: Tenant = TenantFactory(release_window=1000)
        self.waiting: list[UUID] = []
        self.stack = ExitStack()
        # Transactions that have ended jobs and are not over.
        self.open: list[psycopg.Connection] = []

    def teardown(self) -> None:
        self.stack.close()
        all_is_counted()

    @rule(count=st.integers(1, 3), priority=st.sampled_from(Priority), type=st.sampled_from(["test_probe", "test_x"]))
    def dispatch(self, count: int, priority: Priority, type: str) -> None:
        self.waiting += engine.dispatch(self.tenant, count, priority=priority, type=type)

    @precondition(lambda self: self.waiting)
    @rule(end=st.sampled_from(["complete", "fail", "cancel"]), seconds=st.integers(0, 30_000))
    def end(self, end: str, seconds: int) -> None:
        job_id = self.waiting.pop()
        if end == "cancel":
            lifecycle.cancel(job_id, self.tenant.pk)
            return
        engine.let_wait([job_id], seconds)
        job = Job.objects.filter(id=job_id)
        job.update(type="test_probe")
        run = engine.start(job_id)
        job.update(started_at=F("started_at") - timedelta(seconds=seconds / 7))
        engine.complete(run) if end == "complete" else engine.fail(run)

    @precondition(lambda self: len(self.open) < 3)
    @rule(ahead=st.integers(-90, 90))
    def end_in_a_transaction_that_stays_open(self, ahead: int) -> None:
        """Its clock is off by so many minutes."""
        tenant: Tenant = TenantFactory()
        [job_id] = engine.dispatch(tenant)
        other = self.stack.enter_context(another_client())
        cancel_on(other, job_id)
        moved = "UPDATE aijobs_job SET completed_at = completed_at + make_interval(mins => %s) WHERE id = %s"
        other.execute(moved, [ahead, job_id])
        self.open.append(other)

    @precondition(lambda self: self.open)
    @rule(data=st.data(), commits=st.booleans())
    def end_a_transaction(self, data: st.DataObject, commits: bool) -> None:
        other = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        other.commit() if commits else other.rollback()

    @rule(most=st.integers(1, 4))
    def sweep(self, most: int) -> None:
        rollups.roll_up_step(most)

    @rule(most=st.integers(1, 4))
    def crash(self, most: int) -> None:
        with transaction.atomic():
            rollups.roll_up_step(most)
            transaction.set_rollback(True)

    @rule(most=st.integers(1, 4))
    def sweep_beside_another(self, most: int) -> None:
        with another_client() as other:
            other.execute("SELECT FROM aijobs_rollupcursor FOR UPDATE")
            assert rollups.roll_up_step(most).ends == 0

    @invariant()
    def nothing_is_counted_that_did_not_end(self) -> None:
        ended = Job.objects.filter(status__in=TERMINAL).count()
        assert sum(MinuteRollup.objects.values_list("count", flat=True)) <= ended


@forms(8, 300)
def test_any_order_of_ends_commits_sweeps_and_crashes_comes_to_the_plain_count(examples: int) -> None:
    rollups.roll_up_step()
    run_state_machine_as_test(
        Counting,
        settings=settings(
            max_examples=examples,
            stateful_step_count=20,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.explicit, Phase.generate],
        ),
    )
