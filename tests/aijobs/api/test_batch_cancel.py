"""DELETE /api/ai-jobs/batch/:batchId"""

import pytest

from aijobs import identifiers
from aijobs.models import Batch, TenantCapacity
from tests import engine
from tests.aijobs.api.answers import MOMENT, NO_BATCH, data_of, error_of
from tests.clients import Caller, caller

PATH = "/api/ai-jobs/batch"


def address(batch_id: object) -> str:
    return f"{PATH}/{identifiers.encode('batch_', batch_id)}"  # type: ignore[arg-type]


@pytest.mark.parametrize("sequential", [True, False])
@pytest.mark.parametrize("who", ["owner", "teammate"])
def test_what_is_queued_is_cancelled_and_what_runs_finishes(
    owner: Caller, teammate: Caller, who: str, sequential: bool
) -> None:
    batch_id, jobs = engine.dispatch_batch(owner.tenant, 3, sequential=sequential)
    run = engine.start(jobs[0])
    response = {"owner": owner, "teammate": teammate}[who].delete(address(batch_id))
    assert (response.status_code, response.content) == (204, b"")
    assert engine.statuses(jobs) == ["running", "cancelled", "cancelled"]
    engine.complete(run)
    batch = data_of(owner.get(address(batch_id)))
    assert batch["status"] == "cancelled"
    assert MOMENT.fullmatch(batch["cancelled_at"])
    assert [job.get("cancellation") for job in batch["jobs"]] == [
        None,
        {"reason": "BATCH_CANCELLED", "caused_by": None},
        {"reason": "BATCH_CANCELLED", "caused_by": None},
    ]
    assert TenantCapacity.objects.get(tenant=owner.tenant).active == 0


def test_outsider_cannot_cancel_and_learns_nothing(owner: Caller, outsider: Caller) -> None:
    batch_id, jobs = engine.dispatch_batch(owner.tenant, 2)
    foreign, absent = outsider.delete(address(batch_id)), outsider.delete(f"{PATH}/{NO_BATCH}")
    assert error_of(foreign, 404, "BATCH_NOT_FOUND") == error_of(absent, 404, "BATCH_NOT_FOUND")
    assert engine.statuses(jobs) == ["queued", "queued"]


def test_cancelling_again_does_nothing_more(owner: Caller) -> None:
    batch_id, jobs = engine.dispatch_batch(owner.tenant, 2)
    owner.delete(address(batch_id))
    cancelled_at = Batch.objects.get(id=batch_id).cancelled_at
    assert owner.delete(address(batch_id)).status_code == 204
    assert Batch.objects.get(id=batch_id).cancelled_at == cancelled_at
    assert engine.kinds(jobs[0]) == ["queued", "cancelled"]


def test_a_batch_that_is_over_keeps_its_results(owner: Caller) -> None:
    batch_id, (job_id,) = engine.dispatch_batch(owner.tenant, 1)
    engine.complete(engine.start(job_id))
    assert owner.delete(address(batch_id)).status_code == 204
    assert data_of(owner.get(address(batch_id)))["status"] == "completed"


def test_reading_does_not_entitle_to_cancel(owner: Caller) -> None:
    batch_id, jobs = engine.dispatch_batch(owner.tenant, 1)
    error_of(caller(owner.tenant, scopes=("ai-jobs:read",)).delete(address(batch_id)), 403, "INSUFFICIENT_SCOPE")
    assert engine.statuses(jobs) == ["queued"]


@pytest.mark.parametrize("batch_id", [NO_BATCH, "batch_01HX...", "nonsense"])
def test_an_unknown_id(owner: Caller, batch_id: str) -> None:
    error_of(owner.delete(f"{PATH}/{batch_id}"), 404, "BATCH_NOT_FOUND")
