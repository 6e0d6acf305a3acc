"""DELETE /api/ai-jobs/:jobId"""

from threading import Barrier

import pytest

from aijobs.engine import lifecycle
from aijobs.errors import JobNotCancellable
from aijobs.models import Job, TenantCapacity
from tests import engine
from tests.aijobs.api.answers import NO_JOB, at_once, data_of, error_of, run_to_the_end, uuid_of
from tests.clients import Caller, caller


def path(job: dict[str, str]) -> str:
    return f"/api/ai-jobs/{job['id']}"


@pytest.mark.parametrize("who", ["owner", "teammate"])
def test_owner_and_teammate_cancel_a_queued_job(owner: Caller, teammate: Caller, who: str) -> None:
    job = owner.dispatch()
    response = {"owner": owner, "teammate": teammate}[who].delete(path(job))
    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers or not response.content
    assert data_of(owner.get(path(job)))["status"] == "cancelled"


def test_outsider_cannot_cancel_and_learns_nothing(owner: Caller, outsider: Caller) -> None:
    job = owner.dispatch()
    foreign, absent = outsider.delete(path(job)), outsider.delete(f"/api/ai-jobs/{NO_JOB}")
    assert error_of(foreign, 404, "JOB_NOT_FOUND") == error_of(absent, 404, "JOB_NOT_FOUND")
    assert data_of(owner.get(path(job)))["status"] == "queued"


def test_cancelling_again_does_nothing_more(owner: Caller) -> None:
    job = owner.dispatch()
    first = owner.delete(path(job))
    shown = data_of(owner.get(path(job)))
    again = owner.delete(path(job))
    assert (first.status_code, again.status_code) == (204, 204)
    assert data_of(owner.get(path(job))) == shown
    assert engine.kinds(uuid_of(job["id"])) == ["queued", "cancelled"]


def test_a_running_job_cannot_be_cancelled(owner: Caller) -> None:
    job = owner.dispatch()
    engine.start(uuid_of(job["id"]))
    assert "running" in error_of(owner.delete(path(job)), 409, "JOB_NOT_CANCELLABLE")["message"]
    assert data_of(owner.get(path(job)))["status"] == "running"


def test_a_completed_job_cannot_be_cancelled(owner: Caller) -> None:
    job = owner.dispatch()
    run_to_the_end(job["id"])
    error_of(owner.delete(path(job)), 409, "JOB_NOT_CANCELLABLE")


def test_a_failed_job_cannot_be_cancelled(owner: Caller) -> None:
    job = owner.dispatch()
    engine.fail(engine.start(uuid_of(job["id"])))
    error_of(owner.delete(path(job)), 409, "JOB_NOT_CANCELLABLE")


def test_a_job_that_waits_for_a_retry_can_be_cancelled(owner: Caller) -> None:
    job = owner.dispatch()
    engine.fail(engine.start(uuid_of(job["id"])), transient=True)
    assert owner.delete(path(job)).status_code == 204


def test_a_cancelled_job_is_never_claimed_and_frees_its_place(owner: Caller) -> None:
    job = owner.dispatch()
    assert TenantCapacity.objects.get(tenant=owner.tenant).active == 1
    owner.delete(path(job))
    assert lifecycle.claim(uuid_of(job["id"]), "test-worker") is None
    assert TenantCapacity.objects.get(tenant=owner.tenant).active == 0


def test_reading_does_not_entitle_to_cancel(owner: Caller) -> None:
    job = owner.dispatch()
    error_of(caller(owner.tenant, scopes=("ai-jobs:read",)).delete(path(job)), 403, "INSUFFICIENT_SCOPE")
    assert data_of(owner.get(path(job)))["status"] == "queued"


@pytest.mark.parametrize("job_id", [NO_JOB, "job_01HXK9MZPQ3B8C7D2E5F6G", "nonsense"])
def test_an_unknown_id(owner: Caller, job_id: str) -> None:
    error_of(owner.delete(f"/api/ai-jobs/{job_id}"), 404, "JOB_NOT_FOUND")


@pytest.mark.django_db(transaction=True)
def test_of_a_cancel_and_a_claim_at_once_exactly_one_wins(owner: Caller) -> None:
    for _ in range(20):
        job_id = uuid_of(owner.dispatch()["id"])
        barrier = Barrier(2)

        def compete(number: int, job_id=job_id, barrier=barrier) -> bool:  # type: ignore[no-untyped-def]
            barrier.wait()
            if number == 0:
                return lifecycle.claim(job_id, "test-worker") is not None
            try:
                lifecycle.cancel(job_id, owner.tenant.pk)
            except JobNotCancellable:
                return False
            return True

        claimed, cancelled = at_once(2, compete)
        assert claimed != cancelled
        assert Job.objects.get(id=job_id).status == ("running" if claimed else "cancelled")
