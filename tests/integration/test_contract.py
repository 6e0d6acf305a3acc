"""The whole of the contract, as its document reads, against real processes.

What is sent, and what is expected, stands in the document: contract/ai-jobs-api.txt.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator

from aijobs.models import Tenant
from tests.clients import Caller, caller
from tests.integration.callers import Gate, dispatch, dispatch_batch, read, wait_for_status, wait_for_the_end
from tests.integration.contract.document import COPY, assert_as_shown, behind, example, table
from tests.integration.processes import Api, Running
from tests.workers.catalogue.steps import add_products
from workers.catalogue.sample import create_sample_catalogue

SHARED = Path(__file__).resolve().parents[3] / "shared" / "contract" / "ai-jobs-api.txt"
JOBS, BATCHES, TYPES = "/api/ai-jobs", "/api/ai-jobs/batch", "/api/ai-jobs/types"
JOB = example("Dispatch Job", "Request Body:")
BATCH = example("Batch Dispatch", "Request Body:")
COMPLETED = example("Example Response (completed):")
FAILED = example("Example Response (failed):")
DURATIONS = {name: duration for name, _, duration in table("Job Types")}
STATUSES = {status for status, _ in table("Job Statuses:")}
FILTERS = {name for name, _, _ in table("List Jobs")}
ERRORS = table("Error Codes")
MOST_JOBS = int(re.findall(r"Maximum (\d+) jobs per batch", behind("Batch Dispatch"))[0])


@pytest.mark.skipif(not SHARED.exists(), reason="needs the published document beside the project")
def test_our_copy_is_the_document() -> None:
    assert COPY.read_bytes() == SHARED.read_bytes()


# --- Overview


def test_dispatch_needs_the_write_scope_and_status_any_read_scope(http: httpx.Client, owner: Caller) -> None:
    def ask_with(scope: str, method: str, path: str) -> int:
        key = caller(owner.tenant, scopes=(scope,)).key
        body = {"type": "test_probe"} if method == "POST" else None
        return http.request(method, path, json=body, headers={"Authorization": f"Bearer {key}"}).status_code

    assert ask_with("ai-jobs:write", "POST", JOBS) == 201
    job_id = dispatch(http)
    for scope in ("ai-jobs:read", "catalogue:read"):
        assert ask_with(scope, "GET", f"{JOBS}/{job_id}") == 200
        assert ask_with(scope, "POST", JOBS) == 403


# --- Job types


def test_the_types_are_those_of_the_document(http: httpx.Client) -> None:
    types = {each["type"]: each for each in offered(http)}
    assert types.keys() == DURATIONS.keys()
    for name, duration in DURATIONS.items():
        shortest, longest = (int(number) for number in re.findall(r"\d+", duration))
        typical = types[name]["typical_duration_seconds"]
        assert (typical["min"], typical["max"]) == (shortest, longest), name


def test_every_type_runs_with_the_params_of_the_document_and_with_its_own_example(
    http: httpx.Client, worker: Running, owner: Caller
) -> None:
    """All of them at once. Every result has the fields that its type's schema documents, and no others."""
    create_sample_catalogue(owner.tenant)
    types = {each["type"]: each for each in offered(http)}
    plain = BATCH["jobs"][0]["params"]
    bodies = [{"type": name, "params": params} for name in types for params in (plain, example_of(types[name]))]
    processed = dict.fromkeys(types, 0)
    for job in wait_for_the_end(http, *ids_of(http.post(BATCHES, json={"jobs": bodies})), seconds=180):
        assert job["status"] == "completed", job
        schemas = types[job["type"]]
        Draft202012Validator(schemas["params_schema"]).validate(job["params"])
        Draft202012Validator(schemas["result_schema"]).validate(job["result"])
        assert job["result"].keys() == schemas["result_schema"]["properties"].keys()
        processed[job["type"]] += job["result"]["processed_count"]
    assert all(processed.values()), processed


def offered(http: httpx.Client) -> list[dict[str, Any]]:
    """The types, without those of the suite."""
    found: list[dict[str, Any]] = http.get(TYPES).raise_for_status().json()["data"]
    return [each for each in found if not each["type"].startswith("test_")]


def example_of(kind: dict[str, Any]) -> dict[str, object]:
    params: dict[str, object] = kind["example"]["params"]
    Draft202012Validator(kind["params_schema"]).validate(params)
    Draft202012Validator(kind["result_schema"]).validate(kind["example"]["result"])
    return params


# --- Endpoints


def test_dispatch_is_answered_as_in_the_document(http: httpx.Client, owner: Caller) -> None:
    add_products(owner, *JOB["params"]["skus"])
    answer = http.post(JOBS, json=JOB)
    assert answer.status_code == 201
    assert_as_shown(example("Dispatch Job", "Response:"), answer.json())
    shown = answer.json()["data"]
    assert {name: shown[name] for name in JOB} == JOB
    assert shown["status"] == "queued"
    # The document's own job is expected to take half a minute.
    created, expected = (datetime.fromisoformat(shown[name]) for name in ("created_at", "estimated_completion_at"))
    assert (expected - created).total_seconds() == 30


def test_each_priority_of_the_document_is_one(http: httpx.Client) -> None:
    """tests/integration/test_order.py has high ones run first."""
    names = behind("Priority levels: ").partition(".")[0].split(", ")
    assert (
        [read(http, dispatch(http, priority=name))["priority"] for name in names]
        == names
        == ["low", "normal", "high"]
    )


def test_the_jobs_of_the_document_complete_as_it_shows(http: httpx.Client, worker: Running, owner: Caller) -> None:
    create_sample_catalogue(owner.tenant)
    [job] = wait_for_the_end(http, http.post(JOBS, json=JOB).json()["data"]["id"])
    assert_completed_as_shown(job)
    batch = http.post(BATCHES, json=BATCH)
    assert_as_shown(example("Batch Dispatch", "Response:"), batch.json())
    shown = [(each["type"], each["status"]) for each in batch.json()["data"]["jobs"]]
    assert shown == [(each["type"], "queued") for each in BATCH["jobs"]]
    first, second = wait_for_the_end(http, *ids_of(batch))
    assert (first["status"], second["status"]) == ("completed", "completed")
    assert first["completed_at"] <= second["started_at"]


def assert_completed_as_shown(job: dict[str, Any]) -> None:
    assert_as_shown(COMPLETED, {"data": job})
    assert job["status"] == "completed"
    took = datetime.fromisoformat(job["completed_at"]) - datetime.fromisoformat(job["started_at"])
    assert job["duration_seconds"] == pytest.approx(took.total_seconds(), abs=0.002)
    assert [each["sku"] for each in job["result"]["recommendations"]] == JOB["params"]["skus"]
    assert job["result"]["processed_count"] == COMPLETED["data"]["result"]["processed_count"]


def test_a_job_comes_to_every_status_of_the_document(http: httpx.Client, worker: Running, gate: Gate) -> None:
    running, waiting = running_and_waiting(http, gate)
    seen = {read(http, job_id)["status"] for job_id in (running, waiting)}
    http.delete(f"{JOBS}/{waiting}").raise_for_status()
    gate.open()
    failing = dispatch(http, fail="permanent")
    seen |= {job["status"] for job in wait_for_the_end(http, running, waiting, failing)}
    assert seen == STATUSES


def running_and_waiting(http: httpx.Client, gate: Gate) -> list[str]:
    """Two jobs of which the second is queued until the first has ended: behind the gate."""
    jobs = dispatch_batch(http, [gate.closed, {}], sequential=True)
    wait_for_status(http, jobs[0], "running")
    return jobs


def test_a_job_past_its_time_limit_is_shown_as_in_the_document(
    http: httpx.Client, worker: Running, sweeping: None
) -> None:
    [job] = wait_for_the_end(http, dispatch(http, type="test_hasty", sleep=60))
    assert_as_shown(FAILED, {"data": job})
    # It is tried twice.
    assert job["error"] == {**FAILED["data"]["error"], "retry_count": 1}


def test_the_list_takes_every_parameter_of_the_document(http: httpx.Client, worker: Running, gate: Gate) -> None:
    running, waiting = running_and_waiting(http, gate)
    http.delete(f"{JOBS}/{waiting}").raise_for_status()
    later = dispatch(http, type="test_hasty")
    expected = {
        ("type", "test_hasty"): [later],
        ("status", "cancelled"): [waiting],
        ("start_date", read(http, later)["created_at"]): [later],
        ("end_date", read(http, waiting)["created_at"]): [waiting, running],
        ("limit", "2"): [later, waiting],
    }
    assert {name for name, _ in expected} == FILTERS
    for (name, value), found in expected.items():
        assert listed(http, **{name: value})[0] == found, name


def test_pages_of_the_list_have_every_job_once(http: httpx.Client) -> None:
    ids = dispatch_batch(http, [{}] * 5)
    found, cursor = listed(http, limit="2")
    while cursor:
        page, cursor = listed(http, limit="2", cursor=cursor)
        found += page
    assert found == ids[::-1]


def listed(http: httpx.Client, **query: str) -> tuple[list[str], str | None]:
    """The jobs of a page, and where the next one begins."""
    answer = http.get(JOBS, params=query).raise_for_status().json()
    pagination = answer["pagination"]
    assert pagination["has_more"] == (pagination["next_cursor"] is not None)
    return [each["id"] for each in answer["data"]], pagination["next_cursor"]


def test_a_queued_job_is_cancelled_without_a_body_and_a_running_one_goes_on(
    http: httpx.Client, worker: Running, gate: Gate
) -> None:
    running, waiting = running_and_waiting(http, gate)
    answer = http.delete(f"{JOBS}/{waiting}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert http.delete(f"{JOBS}/{running}").status_code == 409
    gate.open()
    assert [job["status"] for job in wait_for_the_end(http, running, waiting)] == ["completed", "cancelled"]


def test_jobs_of_a_batch_run_beside_each_other_by_default(http: httpx.Client, worker: Running, gate: Gate) -> None:
    jobs = dispatch_batch(http, [gate.closed] * 2)
    for job_id in jobs:
        wait_for_status(http, job_id, "running")
    gate.open()
    wait_for_the_end(http, *jobs)


def test_a_batch_holds_as_many_jobs_as_the_document_says(http: httpx.Client) -> None:
    jobs = [{"type": "test_probe"}] * (MOST_JOBS + 1)
    assert http.post(BATCHES, json={"jobs": jobs}).status_code == 422
    assert len(ids_of(http.post(BATCHES, json={"jobs": jobs[1:]}))) == MOST_JOBS


def ids_of(batch: httpx.Response) -> list[str]:
    assert batch.status_code == 201, batch.text
    return [each["id"] for each in batch.json()["data"]["jobs"]]


def test_a_dispatch_that_is_repeated_with_its_key_makes_one_job(http: httpx.Client) -> None:
    def send(body: object) -> httpx.Response:
        return http.post(JOBS, json=body, headers={"Idempotency-Key": "order-4711"})

    first, again = (send({"type": "test_probe"}) for _ in range(2))
    assert [first.status_code, again.status_code] == [201, 201]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert [again.json()["data"]["id"]] == [first.json()["data"]["id"]] == listed(http)[0]
    assert send({"type": "test_hasty"}).json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"


# --- The polling client

# What its surroundings give it in the document: a key, a tenant, and a page of the service's own, from which a path
# is address enough. The interval alone is ours.
SURROUNDINGS = """
const { BASE_URL, API_KEY: apiKey, TENANT_ID: tenantId } = process.env
const fetch = (path, options) => globalThis.fetch(new URL(path, BASE_URL), options)
%s
waitForJob(process.argv[1], 100, 120000).then(
  result => console.log(JSON.stringify(result)),
  error => { console.error(error.message); process.exitCode = 1 },
)
"""
PROGRAM = SURROUNDINGS % behind("Recommended polling pattern for job completion:").partition("Error Codes")[0]


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node.js")
def test_the_polling_client_of_the_document_gets_results_and_errors(
    server: Api, http: httpx.Client, worker: Running, owner: Caller
) -> None:
    def wait_for_job(job_id: str) -> subprocess.CompletedProcess[str]:
        environment = {"BASE_URL": server.base_url, "API_KEY": owner.key, "TENANT_ID": owner.tenant.name}
        return subprocess.run(
            ["node", "--eval", PROGRAM, job_id],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    done = wait_for_job(dispatch(http, label="polled", sleep=0.5))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"label": "polled", "slept": 0.5}
    failed = wait_for_job(dispatch(http, fail="permanent"))
    assert (failed.returncode, failed.stderr) == (1, "asked to fail\n")


# --- Error codes


def ask_for_the_documents_job(http: httpx.Client, owner: Caller, gate: Gate) -> httpx.Response:
    return http.get(f"{JOBS}/{COMPLETED['data']['id']}")


def dispatch_a_type_that_is_none(http: httpx.Client, owner: Caller, gate: Gate) -> httpx.Response:
    return http.post(JOBS, json={"type": "price_guess", "params": {}})


def dispatch_one_too_many(http: httpx.Client, owner: Caller, gate: Gate) -> httpx.Response:
    Tenant.objects.filter(pk=owner.tenant.pk).update(queue_limit=1)
    dispatch(http, **gate.closed)
    answer = http.post(JOBS, json={"type": "test_probe"})
    assert int(answer.headers["Retry-After"]) >= 1
    return answer


def dispatch_with_a_key_that_reads(http: httpx.Client, owner: Caller, gate: Gate) -> httpx.Response:
    reader = caller(owner.tenant, scopes=("ai-jobs:read",))
    return http.post(JOBS, json={"type": "test_probe"}, headers={"Authorization": f"Bearer {reader.key}"})


def cancel_what_runs(http: httpx.Client, owner: Caller, gate: Gate) -> httpx.Response:
    return http.delete(f"{JOBS}/{running_and_waiting(http, gate)[0]}")


PROVOKED: dict[str, Callable[[httpx.Client, Caller, Gate], httpx.Response]] = {
    "JOB_NOT_FOUND": ask_for_the_documents_job,
    "INVALID_JOB_TYPE": dispatch_a_type_that_is_none,
    "QUEUE_FULL": dispatch_one_too_many,
    "INSUFFICIENT_SCOPE": dispatch_with_a_key_that_reads,
    "JOB_NOT_CANCELLABLE": cancel_what_runs,
}


@pytest.mark.parametrize(("code", "status"), [(code, int(status)) for code, status, _ in ERRORS])
def test_each_error_of_the_document(
    http: httpx.Client, worker: Running, owner: Caller, gate: Gate, code: str, status: int
) -> None:
    answer = PROVOKED[code](http, owner, gate)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/json"
    error = answer.json()["error"]
    assert error["code"] == code
    assert error["message"]
