"""What forecasts rest on, a job's place in its queue, and the record of what came."""

from bisect import bisect_right
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.utils.timezone import now

from aijobs import dispatching, identifiers, sql
from aijobs.auth import TenantAccess
from aijobs.engine import forecasts, queueing, statistics
from aijobs.engine.forecasts import Forecast
from aijobs.models import BUCKET_BOUNDS, BUCKETS, Job, QueueStatistics, Tenant, Worker
from aijobs.models import Forecast as Record
from aijobs.states import Priority
from tests import engine
from tests.factories import MinuteRollupFactory, TenantFactory, WorkerFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def worker() -> Worker:
    return WorkerFactory()


def of(job_id: UUID) -> Forecast:
    job = Job.objects.select_related("tenant").get(id=job_id)
    found = forecasts.of_job(job, TenantAccess.of(job.tenant))
    assert found is not None
    return found


def position(job_id: UUID) -> int | None:
    return of(job_id).position


def test_the_first_job_of_an_idle_service_starts_at_once() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.measure()
    found = of(job_id)
    assert found.position == 0
    assert found.start_at
    assert found.median_at
    assert found.p90_at
    assert found.start_at <= now()
    assert found.start_at < found.median_at < found.p90_at


def test_a_job_is_behind_its_tenants_earlier_ones_and_all_of_higher_lanes() -> None:
    tenant = TenantFactory()
    normal = engine.dispatch(tenant, 40)
    engine.dispatch(tenant, 3, priority=Priority.LOW)
    engine.dispatch(TenantFactory(), 5, priority=Priority.HIGH)
    engine.measure()
    assert [position(normal[number]) for number in (0, 15, 16, 39)] == [5, 5 + 15, 5 + 16, 5 + 39]
    earlier, later = of(normal[0]), of(normal[39])
    assert earlier.median_at
    assert later.median_at
    assert earlier.median_at < later.median_at


def test_another_tenant_is_a_window_behind_and_not_a_backlog() -> None:
    engine.let_wait(engine.dispatch(TenantFactory(), 400), 10)
    engine.measure()
    [job_id] = engine.dispatch(TenantFactory())
    assert position(job_id) == 16


def test_those_that_came_to_the_broker_before_go_first() -> None:
    first = [engine.dispatch(TenantFactory())[0] for _ in range(4)]
    for seconds, job_id in zip((40, 30, 20, 10), first, strict=True):
        engine.let_wait([job_id], seconds)
    engine.measure()
    assert [position(each) for each in first] == [0, 1, 2, 3]


def test_a_job_that_waits_for_another_one_has_no_place() -> None:
    _, [_, second] = engine.dispatch_batch(TenantFactory(), 2)
    engine.measure()
    assert of(second) == Forecast()


def test_without_a_worker_there_is_a_place_and_no_time(worker: Worker) -> None:
    Worker.objects.update(seen_at=now() - timedelta(minutes=1))
    [job_id] = engine.dispatch(TenantFactory())
    engine.measure()
    assert of(job_id) == Forecast(0)
    assert forecasts.of_new("test_probe", Priority.NORMAL, TenantAccess.of(TenantFactory()), now()) == Forecast(1)


def test_without_a_measurement_nothing_is_said() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    assert of(job_id) == Forecast(0)


def test_what_a_sweeper_of_another_release_has_measured_stops_nobody() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.measure()
    row = QueueStatistics.objects.get()
    measurement = deepcopy(row.workload)
    row.workload["basis"]["running"] = {"jobs": 1, "mean": 2.0, "variance": 0.0}
    row.save()
    statistics.forget()
    assert of(job_id) == Forecast(0)
    del measurement["measured_at"]
    QueueStatistics.objects.update(workload=measurement)
    statistics.forget()
    assert of(job_id) == Forecast(0)


def test_a_running_job_started_when_it_did(worker: Worker) -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.start(job_id)
    engine.measure()
    asked = now()
    found = of(job_id)
    assert (found.position, found.start_at and found.start_at <= asked) == (0, True)
    assert found.median_at
    assert found.p90_at
    assert asked < found.median_at < found.p90_at


def test_a_job_that_has_ended_has_none() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.complete(engine.start(job_id))
    job = Job.objects.select_related("tenant").get(id=job_id)
    assert forecasts.of_job(job, TenantAccess.of(job.tenant)) is None


def test_forecasts_of_many_are_read_in_one_statement_and_each_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    limited, other = TenantFactory(max_running=2), TenantFactory()
    ids = [
        *engine.dispatch(limited, 20),
        *engine.dispatch(limited, 3, priority=Priority.LOW),
        *engine.dispatch(other, 20),
        *engine.dispatch_batch(other, 2)[1],
    ]
    engine.start(ids[0])
    engine.complete(engine.start(ids[23]))
    engine.measure()
    alone = {job_id: position(job_id) for job_id in ids if job_id != ids[23]}
    jobs = [(job, TenantAccess.of(job.tenant)) for job in Job.objects.filter(id__in=ids).select_related("tenant")]
    statements = Mock(wraps=sql.rows)
    monkeypatch.setattr(sql, "rows", statements)
    found = forecasts.of_jobs(jobs)
    assert {job_id: forecast.position for job_id, forecast in found.items()} == alone
    assert statements.call_count == 1


def test_of_each_of_many_no_more_are_counted_than_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecasts, "MOST_COUNTED", 16)
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 60)
    found = forecasts.of_jobs((job, TenantAccess.of(tenant)) for job in Job.objects.filter(id__in=ids))
    # 16 are released, and of those that wait no more are counted.
    assert [found[job_id].position for job_id in ids] == [*range(32), *[32] * 28]


def test_a_retry_is_expected_after_its_pause() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.fail(engine.start(job_id), transient=True)
    Job.objects.filter(id=job_id).update(run_after=now() + timedelta(minutes=5))
    engine.measure()
    start = of(job_id).start_at
    assert start
    assert start - now() > timedelta(minutes=4)


def test_a_job_is_not_expected_to_start_before_its_moment() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    at = now() + timedelta(hours=1)
    Job.objects.filter(id=job_id).update(run_after=at)
    engine.measure()
    start = of(job_id).start_at
    assert start
    assert start >= at


def test_a_tenant_with_a_limit_waits_for_its_own_jobs() -> None:
    tenant = TenantFactory()
    jobs = engine.dispatch(tenant, 30)
    engine.measure()
    freely = of(jobs[-1]).median_at
    Tenant.objects.filter(pk=tenant.pk).update(max_running=1)
    limited = of(jobs[-1]).median_at
    assert freely
    assert limited
    assert limited - now() > 1.5 * (freely - now())


def runs(type_name: str, seconds: float) -> None:
    """The last hundred of a type took so long."""
    running = [0] * BUCKETS
    running[bisect_right(BUCKET_BOUNDS, seconds)] = 100
    at = now().replace(second=0, microsecond=0)
    MinuteRollupFactory(start=at, type=type_name, count=100, running=running, running_seconds=100 * seconds)


def test_one_long_run_has_kept_one_process_busy_and_no_more() -> None:
    at = now().replace(second=0, microsecond=0)
    MinuteRollupFactory(start=at, lane=Priority.HIGH, count=1, running_seconds=600.0)
    engine.measure()
    assert 0.8 < statistics.snapshot().workload.basis.lane(Priority.HIGH).busy < 1
    # A load that is a minute old is not taken for a fifth of itself.
    MinuteRollupFactory(start=at, lane=Priority.LOW, count=120, running_seconds=120.0)
    engine.measure()
    assert 1 < statistics.snapshot().workload.basis.lane(Priority.LOW).busy < 2.1


def until(moment: datetime | None) -> float:
    assert moment
    return (moment - now()).total_seconds()


def test_behind_a_long_run_of_its_tenant_that_is_known_of_jobs_and_of_new_ones() -> None:
    runs("test_probe", 1.0)
    runs("test_hasty", 600.0)
    tenant = TenantFactory(max_running=1)
    access = TenantAccess.of(tenant)
    # Most of what is in the lane is of others, and short.
    engine.dispatch(TenantFactory(), 10)
    [long] = engine.dispatch(tenant, type="test_hasty")
    engine.start(long)
    engine.measure()
    of_first = forecasts.of_new("test_probe", Priority.NORMAL, access, now())
    queued = engine.dispatch(tenant, 3)
    engine.measure()
    of_fourth = forecasts.of_new("test_probe", Priority.NORMAL, access, now())
    starts = [of(job_id).start_at for job_id in queued]
    for start in (of_first.start_at, *starts, of_fourth.start_at):
        assert 400 < until(start) < 900
    assert sorted(starts, key=until) == starts
    # A tenant without a limit does not wait for that run.
    assert (
        until(forecasts.of_new("test_probe", Priority.NORMAL, TenantAccess.of(TenantFactory()), now()).start_at) < 60
    )


def test_what_waits_in_a_tenants_turn_is_its_own_and_not_like_the_lanes() -> None:
    runs("test_probe", 1.0)
    runs("test_hasty", 600.0)
    tenant = TenantFactory(max_running=1)
    engine.dispatch(TenantFactory(), 100)
    jobs = engine.dispatch(tenant, 4, type="test_hasty")
    engine.measure()
    assert until(of(jobs[3]).start_at) > 1_200


def test_what_a_tenants_limit_holds_back_is_not_before_others() -> None:
    runs("test_probe", 600.0)
    engine.dispatch(TenantFactory(max_running=1), 100, priority=Priority.HIGH)
    [job_id] = engine.dispatch(TenantFactory())
    engine.measure()
    found = of(job_id)
    assert until(found.start_at) < 1_800
    # One of the hundred may start before it.
    assert found.position == 1


def test_a_new_job_waits_for_its_tenants_turn_also_where_all_before_it_is_in_the_broker() -> None:
    runs("test_probe", 600.0)
    tenant = TenantFactory(max_running=1)
    [job_id] = engine.dispatch(tenant)
    assert Job.objects.get(id=job_id).released_at
    Worker.objects.update(places=8)
    engine.measure()
    assert until(forecasts.of_new("test_probe", Priority.NORMAL, TenantAccess.of(tenant), now()).start_at) > 400


def test_what_a_suspended_tenant_has_running_takes_its_places() -> None:
    runs("test_probe", 600.0)
    tenant = TenantFactory()
    for job_id in engine.dispatch(tenant, 2):
        engine.start(job_id)
    Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now())
    [job_id] = engine.dispatch(TenantFactory())
    engine.measure()
    assert until(of(job_id).start_at) > 400


def test_runs_that_were_measured_replace_what_is_usual() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    runs("test_probe", 300.0)
    engine.measure()
    # The bucket is that of 232 to 328 seconds.
    assert 220 < until(of(job_id).median_at) < 340


def test_a_new_job_is_expected_behind_those_that_there_are() -> None:
    tenant = TenantFactory()
    access = TenantAccess.of(tenant)
    engine.measure()
    assert forecasts.of_new("test_probe", Priority.NORMAL, access, now()).position == 0
    engine.dispatch(tenant, 40)
    engine.measure()
    found = forecasts.of_new("test_probe", Priority.NORMAL, access, now())
    assert found.position == 40
    assert forecasts.of_new("test_probe", Priority.HIGH, access, now()).position == 0


def test_what_came_of_forecasts_is_kept_and_corrects_the_next_ones() -> None:
    tenant = TenantFactory()
    engine.measure()
    before = statistics.snapshot()
    jobs = engine.dispatch(tenant, 8)
    forecasts.keep_record(before)
    assert set(Record.objects.values_list("job_id", flat=True)) == set(jobs)
    for job_id in jobs[:4]:
        engine.complete(engine.start(job_id))
    queueing.refill(tenant.pk)
    Job.objects.filter(id__in=jobs[4:6]).update(status="cancelled")
    Job.objects.filter(id=jobs[6]).delete()
    forecasts.keep_record(before)
    ended = dict(Record.objects.values_list("job_id", "ended_at"))
    assert ended.keys() == {*jobs[:4], jobs[7]}
    assert {each for each, at in ended.items() if at} == set(jobs[:4])


def test_what_was_said_at_the_dispatch_is_what_is_kept() -> None:
    tenant, other = TenantFactory(), TenantFactory(max_running=1)
    engine.measure()
    before = statistics.snapshot()
    said: dict[UUID, Forecast] = {}
    for each in [tenant, other] * 5:
        access = TenantAccess.of(each)
        wanted = dispatching.read_job(each.pk, {"type": "test_probe", "params": {}})
        [job] = wanted.jobs
        said[job.id] = forecasts.of_new(job.type, job.priority, access, identifiers.created_at(job.id))
        dispatching.accept(access, wanted)
    forecasts.keep_record(before)
    kept = {record.job_id: record.promised_at for record in Record.objects.all()}
    assert kept.keys() == said.keys()
    for job_id, forecast in said.items():
        assert forecast.p90_at
        assert abs(kept[job_id] - forecast.p90_at) < timedelta(seconds=1)


def test_of_many_a_share_is_kept_and_of_what_waits_for_something_else_nothing() -> None:
    tenant = TenantFactory()
    engine.measure()
    before = statistics.snapshot()
    jobs = engine.dispatch(tenant, 100)
    _, [first, *_] = engine.dispatch_batch(tenant, 10)
    _, [root, _] = engine.dispatch_graph(tenant, [[], [1]])
    forecasts.keep_record(replace(before, drain_rate=40.0))
    # Eight in two seconds are a tenth.
    assert Record.objects.count() == 11
    Record.objects.all().delete()
    Job.objects.filter(id__in=jobs[10:]).update(run_at=now() + timedelta(hours=1))
    forecasts.keep_record(before)
    assert set(Record.objects.values_list("job_id", flat=True)) == {*jobs[:10], first, root}


def test_of_a_flood_no_more_are_kept_than_count() -> None:
    engine.measure()
    before = statistics.snapshot()
    engine.dispatch(TenantFactory(), 300)
    forecasts.keep_record(before)
    assert Record.objects.count() == 100


def test_a_record_of_late_jobs_moves_the_p90() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.measure()
    before = of(job_id)
    Record.objects.bulk_create(
        Record(
            job_id=UUID(int=number),
            made_at=now() - timedelta(seconds=60),
            median_at=now() - timedelta(seconds=50),
            p90_at=now() - timedelta(seconds=45),
            promised_at=now() - timedelta(seconds=45),
            ended_at=now(),
        )
        for number in range(40)
    )
    engine.measure()
    after = of(job_id)
    assert before.p90_at
    assert after.p90_at
    assert after.p90_at - now() > 3 * (before.p90_at - now())


def test_only_the_last_ones_are_kept() -> None:
    at = now()
    Record.objects.bulk_create(
        Record(
            job_id=UUID(int=number),
            made_at=at,
            median_at=at,
            p90_at=at,
            promised_at=at,
            ended_at=at + timedelta(seconds=number),
        )
        for number in range(150)
    )
    forecasts.keep_record(statistics.snapshot())
    assert sorted(each.int for each in Record.objects.values_list("job_id", flat=True)) == list(range(50, 150))
