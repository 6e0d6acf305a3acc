"""One job from dispatch to its end, over every process that takes part."""

import json

import httpx

from tests.integration.callers import Gate, dispatch, wait_for_status, wait_for_the_end
from tests.integration.processes import Running


def test_a_worker_runs_what_was_dispatched(http: httpx.Client, worker: Running) -> None:
    [job] = wait_for_the_end(http, dispatch(http, label="integration"))
    assert job["result"] == {"label": "integration", "slept": 0.0}
    assert job["progress"] == {"processed": 1, "total": 1}


def test_permanent_failure_ends_at_once_and_a_transient_one_after_its_attempts(
    http: httpx.Client, worker: Running, sweeping: None
) -> None:
    ids = [dispatch(http, fail=how) for how in ("permanent", "transient", "bug")]
    permanent, transient, bug = wait_for_the_end(http, *ids)
    assert permanent["error"] == {"code": "PROBE_FAILED", "message": "asked to fail", "retry_count": 0}
    assert transient["error"] == {"code": "PROBE_BUSY", "message": "asked to fail for now", "retry_count": 2}
    assert bug["error"] == {
        "code": "INTERNAL_ERROR",
        "message": "The job failed because of an error in the service. Dispatch it again, and if it fails again, "
        "tell the operator the job's ID: the log has the cause.",
        "retry_count": 2,
    }
    assert "hunter2" not in json.dumps(bug)


def test_job_that_ignores_its_soft_limit_is_killed_at_the_hard_one(
    http: httpx.Client, worker: Running, sweeping: None
) -> None:
    stubborn = dispatch(http, type="test_hasty", sleep=60, stubborn=True)
    [job] = wait_for_the_end(http, stubborn)
    assert job["error"]["code"] == "WORKER_TIMEOUT"
    # The worker has outlived its child.
    wait_for_status(http, dispatch(http), "completed")


def test_progress_is_seen_while_the_job_runs(http: httpx.Client, worker: Running, gate: Gate) -> None:
    job_id = dispatch(http, **gate.closed)
    job = wait_for_status(http, job_id, "running")
    assert job["started_at"] is not None
    gate.open()
    assert wait_for_the_end(http, job_id)[0]["status"] == "completed"
