"""GET /api/ai-jobs/:jobId/explain"""

from uuid import UUID

from django.utils.timezone import now

from aijobs import identifiers
from aijobs.engine import lifecycle, statistics
from aijobs.engine.outcomes import Failed
from aijobs.models import QueueStatistics, Tenant
from tests import engine
from tests.aijobs.api.answers import NO_JOB, data_of, error_of
from tests.clients import Caller, caller
from tests.factories import WorkerFactory


def path(job_id: UUID) -> str:
    return f"/api/ai-jobs/{identifiers.encode(identifiers.JOB_PREFIX, job_id)}/explain"


def explained(owner: Caller, job_id: UUID) -> tuple[str, str, str]:
    found = data_of(owner.get(path(job_id)))
    assert list(found) == ["code", "message", "action"]
    return found["code"], found["message"], found["action"]


def test_a_job_that_waits_for_another_names_it(owner: Caller) -> None:
    _, [first, second] = engine.dispatch_batch(owner.tenant, 2)
    code, message, action = explained(owner, second)
    assert (code, action) == ("WAITS_FOR_JOB", "")
    assert identifiers.encode(identifiers.JOB_PREFIX, first) in message


def test_a_tenant_at_its_limit(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(max_running=1)
    owner.tenant.refresh_from_db()
    first, second = engine.dispatch(owner.tenant, 2)
    engine.start(first)
    code, message, action = explained(owner, second)
    assert (code, "already has 1 of at most 1 jobs running" in message) == ("TENANT_AT_LIMIT", True)
    assert action == "Wait, cancel jobs that you do not need, or ask the operator of the service for a higher limit."


def test_behind_jobs_of_higher_priority(owner: Caller) -> None:
    QueueStatistics.objects.create(
        refreshed_at=now(),
        active=9,
        depths={},
        drain_rate=1.0,
        medians={},
        workload={"measured_at": 1.0, "basis": {"lanes": {"2": {"jobs": 7}}}},
    )
    statistics.forget()
    WorkerFactory()
    [job_id] = engine.dispatch(owner.tenant)
    assert explained(owner, job_id) == ("BEHIND_HIGHER_PRIORITY", "7 jobs of higher priority go first.", "")


def test_a_retry_says_when_and_after_what(owner: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    lifecycle.record(engine.start(job_id), Failed("PROBE_BUSY", "The probe is busy.", True, retry_after=3600))
    code, message, _ = explained(owner, job_id)
    assert (code, "Attempt 1 failed (PROBE_BUSY: The probe is busy)" in message) == ("WAITS_FOR_RETRY", True)


def test_no_worker_has_claimed(owner: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    engine.let_wait([job_id], 3600)
    code, message, action = explained(owner, job_id)
    assert (code, "none has started a normal job since" in message) == ("NO_WORKER", True)
    assert action == "Wait: the job is not lost. If this lasts, tell the operator of the service."


def test_a_suspended_tenant(owner: Caller) -> None:
    """A key is read every five seconds: from then on, each of its requests is answered so."""
    [job_id] = engine.dispatch(owner.tenant)
    owner.get(path(job_id))
    Tenant.objects.filter(pk=owner.tenant.pk).update(suspended_at=now())
    assert explained(owner, job_id)[0] == "TENANT_SUSPENDED"


def test_what_has_ended_says_why(owner: Caller) -> None:
    completed, failed, cancelled = engine.dispatch(owner.tenant, 3)
    engine.complete(engine.start(completed))
    engine.fail(engine.start(failed))
    lifecycle.cancel(cancelled, owner.tenant.pk)
    assert explained(owner, completed)[0] == "COMPLETED"
    code, message, action = explained(owner, failed)
    assert (code, "PROBE_FAILED: asked to fail" in message) == ("FAILED", True)
    assert action == f"Mend what the message names, then send POST {path(failed).removesuffix('explain')}retry."
    assert explained(owner, cancelled)[:2] == ("CANCELLED", "Somebody cancelled the job while it was queued.")


def test_only_the_tenants_own_jobs_are_explained(owner: Caller, outsider: Caller) -> None:
    [job_id] = engine.dispatch(owner.tenant)
    error_of(outsider.get(path(job_id)), 404, "JOB_NOT_FOUND")
    error_of(owner.get(f"/api/ai-jobs/{NO_JOB}/explain"), 404, "JOB_NOT_FOUND")
    error_of(owner.get("/api/ai-jobs/x/explain"), 404, "JOB_NOT_FOUND")


def test_any_read_scope_suffices_and_writing_does_not(owner: Caller) -> None:
    WorkerFactory()
    [job_id] = engine.dispatch(owner.tenant)
    assert data_of(caller(owner.tenant, ("catalogue:read",)).get(path(job_id)))["code"] == "NEXT"
    error_of(caller(owner.tenant, ("ai-jobs:write",)).get(path(job_id)), 403, "INSUFFICIENT_SCOPE")
