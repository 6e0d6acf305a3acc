"""POST /api/ai-jobs/:jobId/cancel"""

from typing import Any

import pytest

from aijobs.engine import lifecycle
from aijobs.engine.outcomes import Stopped
from aijobs.models import Job, JobEvent
from tests import engine
from tests.aijobs.api.answers import NO_JOB, data_of, error_of, run_to_the_end, uuid_of
from tests.clients import Caller, caller


def cancel(who: Caller, job: dict[str, Any]) -> Any:
    return who.post(f"/api/ai-jobs/{job['id']}/cancel")


def shown(who: Caller, job: dict[str, Any]) -> Any:
    return data_of(who.get(f"/api/ai-jobs/{job['id']}"))


def test_a_queued_job_is_cancelled_at_once(owner: Caller) -> None:
    job = owner.dispatch()
    answer = data_of(cancel(owner, job))
    assert (answer["status"], answer["cancellation"]["reason"]) == ("cancelled", "REQUESTED")
    assert data_of(cancel(owner, job)) == answer
    assert engine.kinds(uuid_of(job["id"])) == ["queued", "cancelled"]


def test_a_running_job_stops_at_its_next_checkpoint_with_what_it_was_ready_with(owner: Caller) -> None:
    job = owner.dispatch()
    run = engine.start(uuid_of(job["id"]))
    assert lifecycle.renew(run.id, run.attempt, 1, 3) is False
    answer = data_of(cancel(owner, job))
    assert (answer["status"], "cancellation" in answer) == ("running", False)
    assert answer["cancel_requested_at"]
    # Estimates go with the clock.
    moving = {"estimated_completion_at": None, "queue": None}
    assert data_of(cancel(owner, job)) | moving == answer | moving
    assert lifecycle.renew(run.id, run.attempt, 1, 3) is True
    lifecycle.record(run, Stopped((2, 3), {"label": "so far"}))
    ended = shown(owner, job)
    assert (ended["status"], ended["progress"]) == ("cancelled", {"processed": 2, "total": 3})
    assert ended["cancellation"] == {"reason": "REQUESTED", "caused_by": None}
    assert ended["result"] == {"label": "so far"}
    assert ended["completed_at"]
    [listed] = data_of(owner.get("/api/ai-jobs"))
    assert "result" not in listed
    assert engine.kinds(run.id) == ["queued", "started", "cancel_requested", "cancelled"]
    assert JobEvent.objects.get(job_id=run.id, seq=3).data == {"by": "api_key"}


def test_without_a_result_there_is_none(owner: Caller) -> None:
    job = owner.dispatch()
    run = engine.start(uuid_of(job["id"]))
    cancel(owner, job)
    lifecycle.record(run, Stopped())
    assert "result" not in shown(owner, job)


@pytest.mark.parametrize("end", ["completed", "failed"])
def test_a_job_that_ends_before_its_checkpoint_ends_so(owner: Caller, end: str) -> None:
    job = owner.dispatch()
    run = engine.start(uuid_of(job["id"]))
    cancel(owner, job)
    assert (engine.complete(run) if end == "completed" else engine.fail(run)).terminal
    assert shown(owner, job)["status"] == end
    error = error_of(cancel(owner, job), 409, "JOB_NOT_CANCELLABLE")
    assert "only a job that is queued or running can be cancelled" in error["message"]


@pytest.mark.parametrize("way", ["retry", "lost", "shutdown"])
def test_a_job_that_was_asked_to_stop_is_not_tried_again(owner: Caller, way: str) -> None:
    job = owner.dispatch()
    run = engine.start(uuid_of(job["id"]))
    cancel(owner, job)
    if way == "retry":
        assert engine.fail(run, transient=True).terminal
    elif way == "lost":
        engine.let_lease_expire(run.id)
        assert lifecycle.reclaim_expired() == 1
    else:
        assert lifecycle.hand_back(engine.WORKER) == 1
    assert shown(owner, job)["cancellation"] == {"reason": "REQUESTED", "caused_by": None}
    assert engine.kinds(run.id)[-1] == "cancelled"


def test_the_contracts_cancel_refuses_a_running_job_as_before(owner: Caller) -> None:
    job = owner.dispatch()
    engine.start(uuid_of(job["id"]))
    error_of(owner.delete(f"/api/ai-jobs/{job['id']}"), 409, "JOB_NOT_CANCELLABLE")
    assert Job.objects.get().cancel_requested_at is None


@pytest.mark.parametrize(("on_failure", "second"), [("stop", "cancelled"), ("continue", "queued")])
def test_in_order_the_others_follow_as_after_any_cancelled_one(owner: Caller, on_failure: str, second: str) -> None:
    probe = {"type": "test_probe", "params": {}}
    body = {"jobs": [probe, probe], "sequential": True, "on_failure": on_failure}
    batch = data_of(owner.post("/api/ai-jobs/batch", body), 201)
    ids = [uuid_of(job["id"]) for job in batch["jobs"]]
    run = engine.start(ids[0])
    cancel(owner, batch["jobs"][0])
    assert engine.statuses(ids) == ["running", "queued"]
    ended = lifecycle.record(run, Stopped())
    assert engine.statuses(ids) == ["cancelled", second]
    assert (ended.released is not None) == (second == "queued")


def test_outsiders_and_readers_stop_nothing(owner: Caller, outsider: Caller) -> None:
    job = owner.dispatch()
    foreign, absent = cancel(outsider, job), cancel(owner, {"id": NO_JOB})
    assert error_of(foreign, 404, "JOB_NOT_FOUND") == error_of(absent, 404, "JOB_NOT_FOUND")
    error_of(cancel(caller(owner.tenant, scopes=("ai-jobs:read",)), job), 403, "INSUFFICIENT_SCOPE")
    run_to_the_end(job["id"])
