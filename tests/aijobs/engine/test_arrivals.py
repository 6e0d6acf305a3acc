"""What has been dispatched since the last measurement, and what that says of the next job."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from unittest.mock import Mock
from uuid import UUID

import pytest
from django.db import OperationalError
from django.utils.timezone import now
from hypothesis import given
from hypothesis import strategies as st

from aijobs import dispatching
from aijobs.auth import TenantAccess
from aijobs.engine import arrivals, forecasts, statistics
from aijobs.engine.arrivals import Arrivals, Dispatched
from aijobs.engine.forecasting import Basis, Deep, Lane, Since, Times, Work, work_of
from aijobs.engine.inserting import FirstAnswer
from aijobs.engine.workload import Workload
from aijobs.models import Job, Tenant
from aijobs.states import Priority
from tests import engine
from tests.factories import TenantFactory, WorkerFactory

LONG = "test_probe"
ONE = TenantAccess(1, "One", "UTC", suspended=False, release_window=4, max_running=None, queue_limit=None)
OTHER = replace(ONE, id=2, name="Other")
BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
HUNDRED = Times(((100.0, 1.0),))


def load(places: int = 2, **changes: object) -> Workload:
    """Nothing is measured but, in the normal lane, these changes."""
    lane = Lane(places=places, one=work_of([HUNDRED]))
    lanes: dict[int, Lane] = dict.fromkeys(Priority, lane)
    lanes[Priority.NORMAL] = replace(lane, **changes)  # type: ignore[arg-type]
    return Workload(Basis(lanes), {LONG: HUNDRED}, BEGIN.timestamp())


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def job(number: int, seconds: float, tenant: TenantAccess = ONE, lane: Priority = Priority.NORMAL) -> Dispatched:
    return Dispatched(UUID(int=number), LONG, lane, tenant, at(seconds))


def expected(since: Arrivals, seconds: float, tenant: TenantAccess = ONE) -> tuple[int, int]:
    """The position of a new job, and in how many seconds it starts."""
    position, found = forecasts.expected(since, LONG, Priority.NORMAL, tenant, at(seconds))
    assert found
    return position, round(found.start)


def test_the_first_jobs_start_at_once_and_the_next_ones_when_these_are_done() -> None:
    since = Arrivals(load())
    told = []
    for number in range(4):
        told.append(expected(since, 1.0))
        since.note(job(number, 1.0))
    # The first two run then, and are before nobody.
    assert [position for position, _ in told] == [0, 0, 0, 1]
    first, second, third, fourth = [start for _, start in told]
    assert first == second == 0
    assert 50 <= third <= 100 < fourth <= 150


def test_what_has_been_done_by_then_is_before_nobody() -> None:
    since = Arrivals(load(places=1))
    since.note(job(1, 1.0))
    assert expected(since, 1.0)[1] == 100
    assert expected(since, 31.0)[1] == 70
    assert expected(since, 102.0) == (0, 0)
    # Nothing was left to do from the second 101 to this one: that counts for nothing.
    since.note(job(2, 150.0))
    assert expected(since, 150.0)[1] == 100


def test_higher_lanes_go_first_and_lower_ones_do_not() -> None:
    since = Arrivals(load(places=1))
    since.note(job(1, 1.0, lane=Priority.LOW))
    assert expected(since, 1.0) == (0, 0)
    since.note(job(2, 1.0, lane=Priority.HIGH))
    assert expected(since, 1.0) == (0, 100)
    since.note(job(3, 1.0, lane=Priority.HIGH))
    assert expected(since, 1.0) == (1, 200)


def test_beyond_its_tenants_window_a_job_is_before_others_of_the_tenant_only() -> None:
    since = Arrivals(load(places=1))
    for number in range(10):
        since.note(job(number, 1.0))
    assert expected(since, 1.0, ONE)[1] == 1_000
    assert expected(since, 1.0, OTHER)[1] == 400


def test_where_a_tenant_fills_its_window_already_none_of_its_new_jobs_is_before_others() -> None:
    since = Arrivals(load(places=1, jobs=50, released=4, deep={ONE.id: Deep(50, 4)}))
    before = expected(since, 1.0, OTHER)
    since.note(job(1, 1.0))
    assert expected(since, 1.0, OTHER) == before
    assert expected(since, 1.0, ONE) == (51, 5_099)


def test_a_tenant_with_a_limit_waits_for_those_that_it_has_just_dispatched() -> None:
    limited = replace(ONE, max_running=1)
    since = Arrivals(load(places=8))
    since.note(job(1, 1.0, limited))
    since.note(job(2, 1.0, limited, Priority.HIGH))
    assert expected(since, 1.0, limited)[1] == 200
    # It had nothing to do before that.
    assert expected(since, 31.0, limited)[1] == 170
    assert expected(since, 1.0, OTHER)[1] == 0


def test_what_was_dispatched_before_the_measurement_is_in_it() -> None:
    since = Arrivals(load(places=1), [job(1, -60.0), job(2, -1.0), job(3, 1.0)])
    assert expected(since, 1.0)[1] == 100
    # Another thread may hold the measurement before this one.
    before = Arrivals(replace(load(places=1), measured_at=at(-2.0).timestamp()), since.jobs)
    assert [each.id.int for each in before.jobs] == [2, 3]
    assert expected(before, 1.0)[1] == 200 - 2


def test_where_nobody_measures_nothing_is_kept() -> None:
    since = Arrivals(Workload(), [job(number, 1.0) for number in range(10)])
    assert since.jobs == []


def test_to_note_a_job_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is dispatched: what fails now would be an error to its caller, who sends it again."""
    monkeypatch.setattr(statistics, "snapshot", Mock(side_effect=OperationalError))
    arrivals.note(ONE, [(UUID(int=1), LONG, Priority.NORMAL)])


def test_a_job_that_was_noted_knows_what_was_before_it() -> None:
    since = Arrivals(load(places=1))
    for number in range(3):
        since.note(job(number, 1.0))
    before = since.before_noted(UUID(int=1), Priority.NORMAL, 11.0)
    assert before
    assert (before.ahead.jobs, before.served) == (1, 10)
    assert since.before_noted(UUID(int=1), Priority.HIGH, 11.0) is None
    assert since.before_noted(UUID(int=9), Priority.NORMAL, 11.0) is None


def test_behind_a_window_that_is_refilled_a_job_waits_as_long_at_any_moment() -> None:
    """What another tenant has waiting replaces what has been done since the measurement."""
    flood = load(places=2, jobs=900, released=4, deep={ONE.id: Deep(900, 4)})
    starts = [expected(Arrivals(flood), seconds, OTHER)[1] for seconds in (0.0, 30.0, 1_000.0)]
    assert 150 <= starts[0] <= 200
    assert starts == starts[:1] * 3
    # Until nothing is left to replace it.
    assert expected(Arrivals(flood), 44_900.0, OTHER)[1] < 100
    assert expected(Arrivals(flood), 46_000.0, OTHER)[1] == 0


def test_tenants_take_turns_also_with_what_they_have_just_dispatched() -> None:
    since = Arrivals(load(places=1, jobs=1_000, released=4, deep={OTHER.id: Deep(1_000, 4)}))
    for number in range(40):
        since.note(job(number, 1.0))
    # Ten windows of its own, and as many of the other's.
    assert expected(since, 1.0, ONE)[1] == 8_000


def test_a_tenant_at_its_limit_has_no_room_for_what_it_dispatches() -> None:
    limited = replace(ONE, max_running=2)
    left = work_of([HUNDRED])
    at_limit = load(places=4)
    basis = replace(at_limit.basis, running=(left,) * 2, running_of={ONE.id: (left,) * 2})
    since = Arrivals(replace(at_limit, basis=basis))
    for number in range(5):
        since.note(job(number, 1.0, limited))
    assert expected(since, 1.0, OTHER) == (0, 0)
    assert expected(since, 1.0, limited)[1] > 200


@given(st.lists(st.tuples(st.floats(0, 50), st.floats(0.01, 100)), max_size=30))
def test_on_one_place_a_wait_is_what_is_left_of_the_work_before(jobs: list[tuple[float, float]]) -> None:
    """Lindley's recursion: W' = max(0, W + run - gap)."""
    since = Since(load(places=1).basis)
    line = since.lines[Priority.NORMAL]
    moment = wait = 0.0
    for gap, run in jobs:
        moment += gap
        wait = max(0.0, wait - gap)
        told = line.waiting(0, arrived=since.before(Priority.NORMAL, moment, Work()))
        assert max(0.0, told.mean) == pytest.approx(wait, abs=1e-6)
        since.add(Priority.NORMAL, work_of([Times(((run, 1.0),))]), moment)
        wait += run


def accept(tenant: Tenant, count: int = 1, **changes: object) -> list[UUID]:
    """Dispatch jobs as the API does."""
    body = {"type": LONG, "params": {}, **changes}
    wanted = [dispatching.read_job(tenant.pk, body) for _ in range(count)]
    for each in wanted:
        assert dispatching.accept(TenantAccess.of(tenant), each) is None
    return [each.jobs[0].id for each in wanted]


def busy_service() -> Tenant:
    """A tenant where ten jobs of others wait for two processes."""
    WorkerFactory(places=2)
    engine.dispatch(TenantFactory(), 10)
    engine.measure()
    tenant: Tenant = TenantFactory()
    assert positions(tenant) == [10]
    return tenant


def positions(*tenants: Tenant) -> list[int | None]:
    present = now()
    return [forecasts.of_new(LONG, Priority.NORMAL, TenantAccess.of(tenant), present).position for tenant in tenants]


@pytest.mark.django_db
def test_the_next_dispatch_knows_of_the_last_one() -> None:
    tenant, other = busy_service(), TenantFactory()
    accept(tenant, 3)
    assert positions(tenant, other) == [10 + 3] * 2
    engine.measure()
    assert positions(tenant, other) == [10 + 3] * 2


@pytest.mark.django_db
def test_a_job_that_waits_already_is_behind_what_has_come_with_a_higher_priority() -> None:
    tenant = busy_service()
    [job_id] = engine.dispatch(tenant)
    engine.measure()

    def position() -> int:
        forecast = forecasts.of_job(Job.objects.get(id=job_id), TenantAccess.of(tenant))
        assert forecast
        assert forecast.position is not None
        return forecast.position

    before = position()
    accept(tenant, 3, priority="high")
    accept(tenant, 3)
    assert position() == before + 3


@pytest.mark.django_db
def test_of_several_jobs_each_is_got_as_it_was_told() -> None:
    tenant, other = busy_service(), TenantFactory()
    ids = [accept(each)[0] for each in (tenant, other) * 4]
    access = {each.pk: TenantAccess.of(each) for each in (tenant, other)}
    found = forecasts.of_jobs((job, access[job.tenant_id]) for job in Job.objects.filter(id__in=ids))
    assert [found[job_id].position for job_id in ids] == list(range(10, 18))
    # One that has another priority now is not where it was.
    Job.objects.filter(id=ids[7]).update(lane=Priority.HIGH)
    job = Job.objects.get(id=ids[7])
    moved = forecasts.of_job(job, access[job.tenant_id])
    assert moved
    assert moved.position == 0


@pytest.mark.django_db
def test_what_waits_for_something_else_is_before_nobody() -> None:
    tenant = busy_service()
    accept(tenant, run_at=(now() + timedelta(hours=1)).isoformat())
    body: dict[str, object] = {"jobs": [{"type": LONG, "params": {}}] * 3, "sequential": True}
    dispatching.accept(TenantAccess.of(tenant), dispatching.read_batch(tenant.pk, body))
    assert positions(tenant) == [10 + 1]


@pytest.mark.django_db
def test_what_a_replay_did_not_dispatch_is_not_noted() -> None:
    tenant = busy_service()
    first = FirstAnswer("key", b"\0" * 32, "{}")
    for expected_answer in (None, "{}"):
        wanted = dispatching.read_job(tenant.pk, {"type": LONG, "params": {}})
        assert dispatching.accept(TenantAccess.of(tenant), wanted, first_answer=first) == expected_answer
    assert positions(tenant) == [10 + 1]
