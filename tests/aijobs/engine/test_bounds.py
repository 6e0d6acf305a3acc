"""Where looks for a tenant's jobs begin: past the dead ones that an open transaction keeps, never past a live one."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.engine import bounds, lifecycle, queueing, reconciliation, statements
from aijobs.models import Job, LaneBound, Tenant
from aijobs.states import Priority
from tests import engine
from tests.factories import TenantFactory

# Each leaves a dead row in every index that it was in.
JOBS = 4_000
# A statement that has nothing in its way reads up to 90.
FEW_PAGES = 150


@pytest.fixture(autouse=True)
def _without_margin(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MARGIN_SECONDS", 0.0)


@contextmanager
def another_client() -> Iterator[psycopg.Connection]:
    with psycopg.connect(**connection.get_connection_params()) as other:
        yield other
        other.rollback()


def pages_read(statement: str, parameters: dict[str, object]) -> int:
    """By a statement whose work is undone again, the second time.

    A connection's first insert may find pages full that the free space map, which is older, takes for empty: each is
    found once, and depends on how the pages were filled.
    """
    with psycopg.connect(**connection.get_connection_params()) as other:
        query = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
        for _ in range(2):
            row = psycopg.ClientCursor(other).execute(query, parameters).fetchone()
            other.rollback()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def gather_statistics() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE aijobs_job, aijobs_tenantcapacity, aijobs_lanebound")


def dispatch_parameters(tenant: Tenant) -> dict[str, object]:
    job = {
        "id": str(identifiers.new_id()),
        "type": "test_probe",
        "params": {},
        "subjects": list[str](),
        "blocked": False,
    }
    of_batches_and_answers = ["batch", "on_failure", "batch_retry_of", "key", "fingerprint", "answer"]
    return {
        **dict.fromkeys([*of_batches_and_answers, "api_key", "retry_of", "schedule"]),
        "request_id": "",
        "tenant": tenant.pk,
        "count": 1,
        "limit": 10_000,
        "window": 16,
        "release": True,
        "created_at": now(),
        "jobs": json.dumps([{**job, "priority": Priority.NORMAL.value}]),
        "sequential": False,
    }


def claim_parameters(job_id: UUID, *, locked: bool = False) -> dict[str, object]:
    return {
        "id": job_id,
        "worker": engine.WORKER,
        "locked": locked,
        "window": 16,
        "lease": settings.AIJOBS_LEASE_SECONDS,
        "hard_limits": json.dumps({"test_probe": 30}),
        "give_up": 86_400,
    }


# What happens to a job, each step in a transaction of its own; all jobs at once, because that is quick.
LIFE = [
    """
    INSERT INTO aijobs_job (
        id, tenant_id, type, params, created_at, priority, lane, status, run_after, releases, event_seq
    )
    SELECT gen_random_uuid(), %(tenant)s, 'test_probe', '{}', now(), 1, 1, 'queued', now(), 0, 1
    FROM generate_series(1, %(jobs)s)
    """,
    "UPDATE aijobs_job SET released_at = now()",
    "UPDATE aijobs_job SET status = 'running', started_at = now()",
    "UPDATE aijobs_job SET status = 'completed', completed_at = now()",
]


def live_and_die(tenant: Tenant) -> None:
    with connection.cursor() as cursor:
        for step in LIFE:
            cursor.execute(step, {"tenant": tenant.pk, "jobs": JOBS})


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("max_running", [None, 40])
def test_what_statements_read_does_not_grow_with_what_an_open_transaction_keeps(max_running: int | None) -> None:
    tenant = TenantFactory(max_running=max_running, release_window=16)
    with another_client() as other:
        other.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        other.execute("SELECT count(*) FROM aijobs_job")
        live_and_die(tenant)
        bounds.raise_bound(tenant.pk, Priority.NORMAL)
        ids = engine.dispatch(tenant, 40)
        engine.start(ids[1])
        # As autovacuum does: from now on the planner knows how few jobs are active, and not how many were.
        gather_statistics()
        read = {
            "dispatch": pages_read(statements.DISPATCH, dispatch_parameters(tenant)),
            "claim": pages_read(statements.CLAIM, claim_parameters(ids[0], locked=max_running is not None)),
            "release": pages_read(queueing.RELEASE, {"tenant": tenant.pk, "window": 16}),
            "tenants to refill": pages_read(queueing.TENANTS_TO_REFILL, {"window": 16}),
            "released": pages_read(reconciliation.RELEASED_COUNT, {}),
            "promotion": pages_read(queueing.PROMOTE, {"seconds": 600}),
        }
        assert {name: pages for name, pages in read.items() if pages > FEW_PAGES} == {}


def raised(tenant: Tenant, lane: Priority = Priority.NORMAL) -> LaneBound:
    bounds.raise_bound(tenant.pk, lane)
    return LaneBound.objects.get(tenant=tenant, lane=lane)


@pytest.mark.django_db(transaction=True)
def test_a_bound_is_raised_past_the_jobs_that_have_ended() -> None:
    tenant = TenantFactory()
    before = now()
    [job_id] = engine.dispatch(tenant)
    engine.complete(engine.start(job_id))
    bound = raised(tenant)
    assert before < bound.due_from < now()
    assert before < bound.started_from < now()


@pytest.mark.django_db
def test_a_tenants_bounds_go_with_it() -> None:
    tenant = TenantFactory()
    raised(tenant)
    tenant.delete()
    assert not LaneBound.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("release", [True, False])
def test_a_bound_never_passes_a_job_whose_dispatch_is_still_open(release: bool) -> None:
    tenant = TenantFactory()
    engine.complete(engine.start(engine.dispatch(tenant)[0]))
    with another_client() as other:
        other.execute(statements.DISPATCH, {**dispatch_parameters(tenant), "release": release})
        bound = raised(tenant)
        other.commit()
    [job] = Job.objects.filter(status="queued")
    assert bound.due_from <= job.run_after
    assert queueing.refill(tenant.pk) == (0 if release else 1)
    assert lifecycle.claim(job.id, engine.WORKER) is not None


@pytest.mark.django_db(transaction=True)
def test_a_bound_never_passes_a_run_whose_claim_waits_for_its_tenant() -> None:
    """It is started when its transaction began, before it had the tenant's lock."""
    tenant = TenantFactory(max_running=1)
    [job_id, next_id] = engine.dispatch(tenant, 2)
    with another_client() as other:
        other.execute(statements.LOCK_LIMITED, {"space": bounds.TENANTS_LOCK, "id": job_id})
        bound = raised(tenant)
        other.execute(statements.CLAIM, claim_parameters(job_id, locked=True))
        other.commit()
    run = Job.objects.get(id=job_id)
    assert run.started_at is not None
    assert bound.started_from <= run.started_at
    assert lifecycle.claim(next_id, engine.WORKER) is None


@pytest.mark.django_db(transaction=True)
def test_a_long_run_counts_against_max_running_however_many_short_ones_came_after_it() -> None:
    tenant = TenantFactory(max_running=2)
    engine.start(engine.dispatch(tenant)[0])
    for _ in range(3):
        engine.complete(engine.start(engine.dispatch(tenant)[0]))
        raised(tenant)
    engine.start(engine.dispatch(tenant)[0])
    [waiting] = engine.dispatch(tenant)
    assert Job.objects.get(id=waiting).released_at is None
    assert lifecycle.claim(waiting, engine.WORKER) is None


@pytest.mark.django_db(transaction=True)
def test_a_promoted_job_is_found_in_its_new_lane() -> None:
    tenant = TenantFactory()
    [low] = engine.dispatch(tenant, priority=Priority.LOW)
    engine.let_wait([low], settings.AIJOBS_PROMOTE_AFTER_SECONDS + 5)
    engine.complete(engine.start(engine.dispatch(tenant)[0]))
    raised(tenant)
    queueing.promote()
    promoted = Job.objects.get(id=low)
    assert (promoted.lane, promoted.released_at) == (Priority.NORMAL, None)
    assert queueing.refill(tenant.pk) == 1
    assert lifecycle.claim(low, engine.WORKER) is not None


@pytest.mark.django_db(transaction=True)
def test_no_bound_is_raised_while_a_promotion_moves_jobs() -> None:
    tenant = TenantFactory()
    before = raised(tenant).due_from
    with another_client() as other:
        other.execute(bounds.LOCK_ALONE, {"bounds": bounds.BOUNDS_LOCK})
        assert raised(tenant).due_from == before
        other.rollback()
    assert raised(tenant).due_from > before


def turn_back_the_clock(job_id: UUID) -> None:
    Job.objects.filter(id=job_id).update(run_after=now() - timedelta(hours=1))


def make_it_an_old_run(job_id: UUID) -> None:
    Job.objects.filter(id=job_id).update(status="running", started_at=now() - timedelta(hours=1))


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pass_it", [turn_back_the_clock, make_it_an_old_run])
def test_the_sweeper_lowers_a_bound_that_has_passed_a_job(
    pass_it: Callable[[UUID], None], caplog: pytest.LogCaptureFixture
) -> None:
    tenant = TenantFactory()
    raised(tenant)
    [job_id] = engine.dispatch(tenant)
    bounds.lower()
    assert "clock" not in caplog.text
    pass_it(job_id)
    bounds.lower()
    assert "clock" in caplog.text
    bound, hour_ago = LaneBound.objects.get(tenant=tenant), now() - timedelta(minutes=59)
    assert (bound.due_from < hour_ago, bound.started_from < hour_ago).count(True) == 1
