"""Jobs, results and the rollup go when they are old enough: tenant by tenant, batches whole, events by the week."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.utils.timezone import now

from aijobs import identifiers, retention
from aijobs.engine import partitions
from aijobs.models import Batch, BulkAction, HourRollup, Job, JobEvent, MinuteRollup, Schedule, ScheduleRun, Tenant
from aijobs.retention import InTurn, Step
from aijobs.states import BulkKind, BulkState, RunOutcome, RunTrigger
from tests import engine
from tests.clients import Caller
from tests.factories import HourRollupFactory, MinuteRollupFactory, ScheduleFactory, TenantFactory

DAY = timedelta(days=1)
KEPT = 90


@pytest.fixture(autouse=True)
def _days(settings: Any) -> None:
    settings.AIJOBS_JOB_DAYS = KEPT


def old_jobs() -> InTurn:
    """From the first tenant on."""
    return InTurn(retention.DELETE_JOBS, lambda: KEPT)


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant: Tenant = TenantFactory(release_window=1000)
    return tenant


def ended(tenant: Tenant, days: float, count: int = 1, *, created: float | None = None) -> list[UUID]:
    """Jobs with a result that were created, and ended, so many days ago."""
    ids = engine.dispatch(tenant, count)
    for job_id in ids:
        engine.complete(engine.start(job_id), {"answer": 42})
    return age(ids, days, created)


def age(ids: list[UUID], days: float, created: float | None = None) -> list[UUID]:
    """As if they had ended, and been created, so much earlier. A job's age is in its id."""
    moment = now() - DAY * (days if created is None else created)
    first = identifiers.first_id_at(moment).int
    older = [UUID(int=first + each.int % 2**80) for each in ids]
    with connection.cursor() as cursor:
        for before, after in zip(ids, older, strict=True):
            cursor.execute("UPDATE aijobs_jobevent SET job_id = %s WHERE job_id = %s", [after, before])
            cursor.execute(
                "UPDATE aijobs_job SET id = %s, created_at = %s, "
                "completed_at = completed_at - make_interval(secs => %s) WHERE id = %s",
                [after, moment, days * 86400, before],
            )
    return older


def left(*ids: UUID) -> list[UUID]:
    return list(Job.objects.filter(id__in=ids).order_by("id").values_list("id", flat=True))


def finish(kind: InTurn) -> int:
    rows = 0
    while (step := kind()).more:
        rows += step.rows
    return rows + step.rows


def test_jobs_go_so_many_days_after_their_end(tenant: Tenant) -> None:
    ended(tenant, KEPT + 0.1, 3)
    young = ended(tenant, KEPT - 0.1, 2)
    long_at_it = ended(tenant, 1, created=KEPT + 1)
    assert finish(old_jobs()) == 3
    assert left(*young, *long_at_it) == sorted([*young, *long_at_it])


def test_no_job_goes_that_is_not_over(tenant: Tenant) -> None:
    waiting = engine.dispatch(tenant)
    [running] = engine.dispatch(tenant)
    engine.start(running)
    Job.objects.update(completed_at=None)
    old = age([*waiting, running], 1000)
    assert finish(old_jobs()) == 0
    assert left(*old) == sorted(old)


def test_a_tenant_may_have_its_own_days(tenant: Tenant) -> None:
    short: Tenant = TenantFactory(job_days=7)
    long: Tenant = TenantFactory(job_days=400)
    ended(tenant, 100)
    ended(short, 8)
    kept = [*ended(tenant, 80), *ended(short, 6), *ended(long, 399)]
    assert finish(old_jobs()) == 2
    assert left(*kept) == sorted(kept)


def test_a_batch_goes_as_a_whole_when_its_last_job_is_old_enough(tenant: Tenant) -> None:
    batch_id, ids = engine.dispatch_batch(tenant, 3)
    engine.fail(engine.start(ids[0]))
    older = [*age(ids[:2], 100), *age(ids[2:], 50, created=100)]
    # The last two were cancelled because of the first.
    Job.objects.filter(id__in=older[1:]).update(cancelled_by=older[0])
    assert finish(old_jobs()) == 0
    age(older[2:], 45, created=100)
    assert finish(old_jobs()) == 3
    assert not Batch.objects.filter(id=batch_id).exists()


def test_a_backlog_keeps_no_other_tenants_waiting(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each tenant has one step, whatever it has left; then it is the next one's turn."""
    monkeypatch.setattr(retention, "MOST_ROWS", 2)
    other: Tenant = TenantFactory()
    ended(tenant, 100, 5)
    ended(other, 100, 1)
    kind = old_jobs()
    assert [kind() for _ in range(3)] == [Step(2, True), Step(1, True), Step(2, True)]
    assert finish(kind) == 1
    assert not Job.objects.exists()


def test_a_step_looks_at_so_many_tenants(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "TENANTS", 2)
    TenantFactory.create_batch(3)
    last: Tenant = TenantFactory()
    ended(last, 100)
    kind = old_jobs()
    assert [kind() for _ in range(3)] == [Step(0, True), Step(0, True), Step(1, True)]
    assert finish(kind) == 0


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("statement", [retention.DELETE_JOBS, retention.DELETE_RESULTS], ids=["jobs", "results"])
def test_a_step_reads_what_is_old_and_no_more(statement: str) -> None:
    """Whatever is young, of this tenant and of one that keeps its own for longer."""
    tenants: list[Tenant] = [TenantFactory(), TenantFactory(job_days=1000, result_days=1000)]
    with connection.cursor() as cursor:
        for tenant, days in zip(tenants, (10, 500), strict=True):
            cursor.execute(ENDED, {"tenant": tenant.pk, "days": days, "rows": 4_000})
        cursor.execute(ENDED, {"tenant": tenants[0].pk, "days": 200, "rows": 20})
        cursor.execute("ANALYZE aijobs_job")
    with psycopg.connect(**connection.get_connection_params()) as other:
        query = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        parameters = {"after": 0, "days": KEPT, "tenants": 500, "most": 500, "reached": "{}"}
        row = psycopg.ClientCursor(other).execute(query, parameters).fetchone()
        other.rollback()
    assert row is not None
    plan = row[0][0]["Plan"]
    # Not through the table, nor through the index of its young rows.
    assert "Seq Scan" not in {node["Node Type"] for node in nodes(plan) if node.get("Relation Name") == "aijobs_job"}
    assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 1_500


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


@pytest.mark.django_db(transaction=True)
def test_a_step_does_not_walk_past_what_the_ones_before_have_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    """While another client holds a transaction open, it cannot be cleared away."""
    tenant: Tenant = TenantFactory()
    with connection.cursor() as cursor:
        cursor.execute(ENDED, {"tenant": tenant.pk, "days": 200, "rows": 5_000})
        cursor.execute("ANALYZE aijobs_job")
    monkeypatch.setattr(retention, "MOST_ROWS", 4_900)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT FROM aijobs_job LIMIT 1")
        kind = old_jobs()
        kind()
        monkeypatch.setattr(retention, "MOST_ROWS", 10)
        # At the end of the tenants, to begin with the first one again.
        while kind().rows == 0:
            pass
        before = blocks_read()
        assert kind().rows == 0
        assert kind().rows == 10
        assert blocks_read() - before < 200
        other.rollback()


def blocks_read() -> int:
    """Of the jobs and their indexes, by this connection's statements so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_force_next_flush()")
        cursor.execute(
            "SELECT sum(heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read) "
            "FROM pg_statio_user_tables WHERE relname = 'aijobs_job'"
        )
        row = cursor.fetchone()
        assert row is not None
        return int(row[0])


ENDED = """
INSERT INTO aijobs_job (
    id, tenant_id, type, params, created_at, priority, lane, status, run_after, attempt, started_at, completed_at,
    result
)
SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || substr(md5(number::text), 1, 20))::uuid,
    %(tenant)s, 'test_probe', '{}', at, 1, 1, 'completed', at, 1, at, at, '{}'
FROM generate_series(1, %(rows)s) AS number,
    LATERAL (SELECT now() - make_interval(days => %(days)s, secs => number) AS at) moment
"""


def test_results_may_go_before_their_jobs(tenant: Tenant, settings: Any) -> None:
    ids = ended(tenant, 20)
    assert finish(retention.old_results) == 0
    settings.AIJOBS_RESULT_DAYS = 30
    assert finish(retention.old_results) == 0
    Tenant.objects.filter(id=tenant.pk).update(result_days=10)
    assert finish(retention.old_results) == 1
    assert finish(retention.old_results) == 0
    job = Job.objects.get(id__in=ids)
    assert (job.status, job.result) == ("completed", None)


def test_of_a_job_that_is_gone_the_api_knows_nothing(owner: Caller) -> None:
    [gone] = ended(owner.tenant, 100)
    [bare] = ended(owner.tenant, 20)
    Tenant.objects.filter(id=owner.tenant.pk).update(result_days=10)
    finish(old_jobs())
    finish(retention.old_results)
    answer = owner.get(f"/api/ai-jobs/{identifiers.encode(identifiers.JOB_PREFIX, gone)}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "JOB_NOT_FOUND")
    data = owner.get(f"/api/ai-jobs/{identifiers.encode(identifiers.JOB_PREFIX, bare)}").json()["data"]
    assert (data["status"], data["result"]) == ("completed", None)


def test_the_rollup_has_minutes_for_a_week_and_hours_for_a_year(db: None) -> None:
    for model, factory, kept, step in (
        (MinuteRollup, MinuteRollupFactory, retention.MINUTES_KEPT, retention.old_minutes),
        (HourRollup, HourRollupFactory, retention.HOURS_KEPT, retention.old_hours),
    ):
        factory(start=now() - kept - DAY)
        factory(start=now() - kept + DAY)
        assert step() == Step(1, False)
        assert model.objects.count() == 1


def test_runs_of_schedules_go_by_age_and_a_tenants_own_days(tenant: Tenant) -> None:
    frugal = ScheduleFactory(tenant=TenantFactory(job_days=10))
    for schedule in (ScheduleFactory(tenant=tenant), frugal):
        for days in (5, 20, 100):
            schedule.runs.create(
                tenant=schedule.tenant,
                due_at=now() - DAY * days,
                trigger=RunTrigger.DUE,
                outcome=RunOutcome.DISPATCHED,
                created_at=now() - DAY * days,
            )
    step = InTurn(retention.DELETE_RUNS, lambda: KEPT)()
    assert step.rows == 3
    assert ScheduleRun.objects.filter(tenant=tenant).count() == 2
    assert frugal.runs.count() == 1


def test_deleted_schedules_go_when_no_job_and_no_run_names_them_any_more(tenant: Tenant) -> None:
    def deleted(days: float) -> Schedule:
        schedule: Schedule = ScheduleFactory(tenant=tenant)
        long_ago = now() - DAY * days
        Schedule.objects.filter(id=schedule.id).update(deleted_at=long_ago, next_due_at=None, wake_at=None)
        return schedule

    recent, old, named, run_of = deleted(KEPT - 1), deleted(KEPT + 1), deleted(KEPT + 1), deleted(KEPT + 1)
    present = ScheduleFactory(tenant=tenant)
    [job_id] = engine.dispatch(tenant)
    Job.objects.filter(id=job_id).update(schedule=named)
    ScheduleRun.objects.create(
        schedule=run_of, tenant=tenant, due_at=now(), trigger=RunTrigger.DUE, outcome=RunOutcome.SKIPPED
    )
    finish(InTurn(retention.DELETE_SCHEDULES, lambda: KEPT))
    assert set(Schedule.objects.all()) == {present, recent, named, run_of}
    Job.objects.all().delete()
    ScheduleRun.objects.all().delete()
    finish(InTurn(retention.DELETE_SCHEDULES, lambda: KEPT))
    assert set(Schedule.objects.all()) == {present, recent}
    assert old.pk not in Schedule.objects.values_list("pk", flat=True)


def test_actions_on_many_jobs_go_when_they_are_long_over(tenant: Tenant) -> None:
    def acted(finished_at: datetime | None) -> BulkAction:
        return BulkAction.objects.create(
            id=identifiers.new_id(),
            tenant=tenant,
            action=BulkKind.CANCEL,
            filter={},
            until=identifiers.new_id(),
            finished_at=finished_at,
            state=BulkState.COMPLETED if finished_at else BulkState.RUNNING,
        )

    kept = [acted(None), acted(now() - DAY * (KEPT - 1))]
    acted(now() - DAY * (KEPT + 1))
    assert retention.old_bulk_actions() == Step(1, False)
    assert list(BulkAction.objects.order_by("id")) == kept


def tables_of(*ids: UUID) -> set[str]:
    """The partitions that the jobs' events are in."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT tableoid::regclass::text FROM aijobs_jobevent WHERE job_id = ANY(%s)", [list(ids)]
        )
        return {table for (table,) in cursor.fetchall()}


def bounds_of(partition: partitions.Partition) -> str:
    """As PostgreSQL has them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = %s", [partition.table])
        [bounds] = cursor.fetchone()
        return str(bounds)


@pytest.fixture
def old_week(db: None) -> partitions.Partition:
    """The partition of a week 20 weeks ago."""
    monday = partitions.present()[0].start - 20 * partitions.WEEK
    partition = partitions.Partition(monday)
    partitions.add(partition)
    return partition


def days_before(moment: datetime) -> float:
    return (now() - moment) / DAY


def test_events_are_in_the_partition_of_their_jobs_week(tenant: Tenant) -> None:
    ids = engine.dispatch(tenant, 2)
    [table] = tables_of(*ids)
    monday = datetime.strptime(table, "aijobs_jobevent_w%Y%m%d").replace(tzinfo=UTC)
    assert monday.weekday() == 0
    assert monday <= now() < monday + partitions.WEEK


def test_there_are_partitions_for_the_next_weeks(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    before = partitions.present()
    assert len(before) >= partitions.WEEKS_AHEAD
    # The migration's are as those that follow.
    for each in before:
        assert bounds_of(each) == "FOR VALUES FROM ('{}') TO ('{}')".format(*each.bounds)
    monkeypatch.setattr(partitions, "WEEKS_AHEAD", partitions.WEEKS_AHEAD + 2)
    partitions.add_missing()
    partitions.add_missing()
    added = partitions.present()[len(before) :]
    assert [each.start - before[-1].start for each in added][-1] == 2 * partitions.WEEK


def test_events_of_a_week_are_dropped_when_none_of_its_jobs_is_left(
    tenant: Tenant, old_week: partitions.Partition
) -> None:
    days = days_before(old_week.start + DAY)
    ids = ended(tenant, days, 2)
    assert tables_of(*ids) == {old_week.table}
    partitions.drop_empty()
    assert old_week in partitions.present()
    assert finish(old_jobs()) == 2
    assert JobEvent.objects.filter(job_id__in=ids).count() == 6
    assert partitions.drop_empty() >= 1
    assert old_week not in partitions.present()
    assert not JobEvent.objects.filter(job_id__in=ids).exists()


def test_events_go_with_their_jobs_where_those_of_others_keep_their_week(
    tenant: Tenant, old_week: partitions.Partition
) -> None:
    days = days_before(old_week.start + DAY)
    long: Tenant = TenantFactory(job_days=1000)
    gone, kept = ended(tenant, days), ended(long, days)
    assert finish(old_jobs()) == 1
    assert not JobEvent.objects.filter(job_id__in=gone).exists()
    assert JobEvent.objects.filter(job_id__in=kept).count() == 3
    partitions.drop_empty()
    assert old_week in partitions.present()


def test_events_without_a_partition_of_their_own_go_when_their_job_is_gone(tenant: Tenant) -> None:
    """Such as after months in which nobody made one: the dispatch did not fail for it."""
    ids = ended(tenant, 2000, 2)
    assert tables_of(*ids) == {"aijobs_jobevent_default"}
    JobEvent.objects.update(at=now() - 2 * DAY)
    assert retention.orphans() == Step(0, False)
    finish(old_jobs())
    assert retention.orphans() == Step(6, False)
    assert not JobEvent.objects.exists()


def test_the_partition_of_last_week_stays_for_dispatches_that_are_not_committed_yet(db: None) -> None:
    this_week = max(each.start for each in partitions.present() if each.start <= now())
    last, earlier = (partitions.Partition(this_week - weeks * partitions.WEEK) for weeks in (1, 2))
    for partition in {last, earlier} - set(partitions.present()):
        partitions.add(partition)
    assert partitions.drop_empty() >= 1
    assert last in partitions.present()
    assert earlier not in partitions.present()


@pytest.mark.django_db(transaction=True)
def test_a_partition_that_somebody_reads_is_dropped_later() -> None:
    monday = partitions.present()[0].start - 30 * partitions.WEEK
    partition = partitions.Partition(monday)
    partitions.add(partition)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT FROM aijobs_jobevent LIMIT 1")
        partitions.drop_empty()
        assert partition in partitions.present()
        other.rollback()
    assert partitions.drop_empty() >= 1
    assert partition not in partitions.present()
