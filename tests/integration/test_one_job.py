"""One job from dispatch to its end, over every process that takes part."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.clients import Caller
from tests.integration.callers import dispatch, wait_for_status, wait_for_the_end
from tests.integration.processes import Api, Running
from workers.catalogue.sample import create_sample_catalogue

POLLING_CLIENT = Path(__file__).resolve().parents[3] / "shared" / "contract" / "wait-for-job.mjs"


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


def test_job_past_its_soft_limit_is_a_timeout(http: httpx.Client, worker: Running, sweeping: None) -> None:
    [job] = wait_for_the_end(http, dispatch(http, type="test_hasty", sleep=10))
    assert job["error"]["code"] == "WORKER_TIMEOUT"
    assert job["error"]["retry_count"] == 1


def test_job_that_ignores_its_soft_limit_is_killed_at_the_hard_one(
    http: httpx.Client, worker: Running, sweeping: None
) -> None:
    stubborn = dispatch(http, type="test_hasty", sleep=60, stubborn=True)
    [job] = wait_for_the_end(http, stubborn)
    assert job["error"]["code"] == "WORKER_TIMEOUT"
    # The worker has outlived its child.
    wait_for_status(http, dispatch(http), "completed")


def test_progress_is_seen_while_the_job_runs(http: httpx.Client, worker: Running) -> None:
    job_id = dispatch(http, sleep=2)
    job = wait_for_status(http, job_id, "running")
    assert job["started_at"] is not None
    assert wait_for_the_end(http, job_id)[0]["status"] == "completed"


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
@pytest.mark.skipif(not POLLING_CLIENT.exists(), reason="needs the contract's polling client beside the project")
def test_polling_client_of_the_contract_gets_a_pricing_result(server: Api, worker: Running, owner: Caller) -> None:
    create_sample_catalogue(owner.tenant)
    params = {"skus": ["SKU-001", "SKU-002"], "marketplace": "amazon_us", "apply": False}
    completed = subprocess.run(
        ["node", str(POLLING_CLIENT), json.dumps({"type": "pricing_recalculate", "params": params})],
        env={**os.environ, "BASE_URL": server.base_url, "API_KEY": owner.key, "TENANT_ID": owner.tenant.name},
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    result = json.loads(completed.stdout)
    assert [each["sku"] for each in result["recommendations"]] == ["SKU-001", "SKU-002"]
    assert result["processed_count"] == 2
