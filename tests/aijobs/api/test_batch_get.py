"""GET /api/ai-jobs/batch/:batchId"""

from typing import Any

import pytest

from aijobs import identifiers
from aijobs.states import OnFailure
from tests import engine
from tests.aijobs.api.answers import MOMENT, NO_BATCH, PROBE, data_of, error_of
from tests.clients import Caller, caller

PATH = "/api/ai-jobs/batch"
NONE = {"queued": 0, "running": 0, "completed": 0, "failed": 0, "cancelled": 0}


def dispatch(who: Caller, count: int = 2, **more: Any) -> Any:
    """A batch, and the ids of its jobs."""
    batch_id, jobs = engine.dispatch_batch(who.tenant, count, **more)
    return f"{PATH}/{identifiers.encode('batch_', batch_id)}", jobs


def shown(who: Caller, path: str) -> tuple[str, dict[str, int]]:
    """A batch's status, and the counts that are not zero."""
    batch = data_of(who.get(path))
    assert batch["counts"].keys() == NONE.keys()
    return batch["status"], {status: count for status, count in batch["counts"].items() if count}


def test_a_batch_shows_its_jobs_in_order_without_params_and_results(owner: Caller, teammate: Caller) -> None:
    body = {"jobs": [PROBE, PROBE, PROBE], "sequential": True, "on_failure": "continue"}
    accepted = data_of(owner.post(PATH, body), 201)
    batch = data_of(teammate.get(f"{PATH}/{accepted['batch_id']}"))
    assert batch == {
        **batch,
        "batch_id": accepted["batch_id"],
        "status": "queued",
        "sequential": True,
        "on_failure": "continue",
        "cancelled_at": None,
        "counts": {**NONE, "queued": 3},
    }
    assert MOMENT.fullmatch(batch["created_at"])
    assert [job["id"] for job in batch["jobs"]] == [job["id"] for job in accepted["jobs"]]
    assert not any({"params", "result"} & job.keys() for job in batch["jobs"])


def test_outsider_cannot_see_the_batch(owner: Caller, outsider: Caller) -> None:
    path, _ = dispatch(owner)
    foreign, absent = outsider.get(path), outsider.get(f"{PATH}/{NO_BATCH}")
    assert error_of(foreign, 404, "BATCH_NOT_FOUND") == error_of(absent, 404, "BATCH_NOT_FOUND")


@pytest.mark.parametrize("batch_id", [NO_BATCH, "batch_01HX...", "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6", "nonsense", "%00"])
def test_an_id_of_any_other_form_is_no_batchs(owner: Caller, batch_id: str) -> None:
    error_of(owner.get(f"{PATH}/{batch_id}"), 404, "BATCH_NOT_FOUND")


def test_running_while_anything_is_left_to_do(owner: Caller) -> None:
    path, (first, second) = dispatch(owner, sequential=False)
    run = engine.start(first)
    assert shown(owner, path) == ("running", {"running": 1, "queued": 1})
    engine.complete(run)
    assert shown(owner, path) == ("running", {"completed": 1, "queued": 1})
    engine.complete(engine.start(second))
    assert shown(owner, path) == ("completed", {"completed": 2})


def test_failed_when_a_job_failed(owner: Caller) -> None:
    path, (first, second) = dispatch(owner, on_failure=OnFailure.CONTINUE)
    engine.fail(engine.start(first))
    engine.complete(engine.start(second))
    assert shown(owner, path) == ("failed", {"failed": 1, "completed": 1})


def test_what_follows_a_failure_says_which_job_caused_its_end(owner: Caller) -> None:
    path, (first, _) = dispatch(owner)
    engine.fail(engine.start(first))
    assert shown(owner, path) == ("failed", {"failed": 1, "cancelled": 1})
    jobs = data_of(owner.get(path))["jobs"]
    assert jobs[1]["cancellation"] == {"reason": "PREDECESSOR_FAILED", "caused_by": jobs[0]["id"]}


def test_what_follows_a_cancelled_job_says_so(owner: Caller) -> None:
    path, (first, _) = dispatch(owner)
    owner.delete(f"/api/ai-jobs/{identifiers.encode('job_', first)}")
    assert shown(owner, path) == ("cancelled", {"cancelled": 2})
    jobs = data_of(owner.get(path))["jobs"]
    assert jobs[1]["cancellation"] == {"reason": "PREDECESSOR_CANCELLED", "caused_by": jobs[0]["id"]}


def test_any_read_scope_suffices_and_write_does_not(owner: Caller) -> None:
    path, _ = dispatch(owner)
    assert data_of(caller(owner.tenant, scopes=("catalogue:read",)).get(path))["status"] == "queued"
    error_of(caller(owner.tenant, scopes=("ai-jobs:write",)).get(path), 403, "INSUFFICIENT_SCOPE")


def test_a_batch_is_read_in_a_bounded_number_of_queries(owner: Caller, django_assert_max_num_queries: Any) -> None:
    path, _ = dispatch(owner, 20)
    owner.get(path)
    with django_assert_max_num_queries(3):
        assert len(data_of(owner.get(path))["jobs"]) == 20
