"""POST /api/ai-jobs?validate_only=true, and that of a batch."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs.models import Batch, IdempotencyKey, Job, JobEvent, Tenant, TenantCapacity, Worker
from aijobs.shapes import timestamp
from aijobs.states import QUEUES
from tests import engine
from tests.aijobs.api.answers import PROBE, data_of, error_of, paths_of
from tests.clients import Caller, caller

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"


def validated(owner: Caller, path: str, body: object, **headers: str) -> Any:
    return data_of(owner.post(f"{path}?validate_only=true", body, **headers))


@pytest.fixture(autouse=True)
def worker(db: None) -> None:
    Worker.objects.create(id="w:1:a", name="w", host="h", queues=list(QUEUES.values()), places=2, version="1")
    engine.measure()


def test_it_says_what_a_dispatch_comes_to_and_stores_nothing(owner: Caller) -> None:
    found = validated(owner, JOBS, {**PROBE, "priority": "high"}, **{"idempotency-key": "k"})
    [job] = found["jobs"]
    assert (job["type"], job["priority"], job["cost"], job["queue"]["position"]) == ("test_probe", "high", None, 0)
    times = [job["queue"][f"{name}_at"] for name in ("estimated_start", "estimated_completion", "p90_completion")]
    assert times == sorted(times)
    assert found["quota"] == {"limit": 1_000, "active": 0, "left": 1_000} | found["quota"]
    assert (found["replays"], found["cost"]) == (False, None)
    for model in (Job, JobEvent, Batch, IdempotencyKey, TenantCapacity):
        assert not model.objects.exists()
    assert owner.post(JOBS, PROBE, **{"idempotency-key": "k"}).status_code == 201


def test_of_a_batch_those_that_wait_begin_when_others_end(owner: Caller) -> None:
    body = {"jobs": [PROBE] * 3, "sequential": True}
    queues = [each["queue"] for each in validated(owner, BATCHES, body)["jobs"]]
    assert [each["position"] for each in queues] == [0, None, None]
    ends = [each["estimated_completion_at"] for each in queues]
    assert ends == sorted(set(ends))
    for earlier, later in pairwise(queues):
        assert later["estimated_start_at"] >= earlier["estimated_completion_at"]
        assert later["p90_completion_at"] > earlier["p90_completion_at"]
    waiting = {"jobs": [{**PROBE, "depends_on": [1, 2]}, PROBE, {**PROBE, "depends_on": [1]}]}
    last, first, between = [each["queue"] for each in validated(owner, BATCHES, waiting)["jobs"]]
    assert last["estimated_start_at"] > between["estimated_start_at"] > first["estimated_start_at"]
    beside = [each["queue"]["position"] for each in validated(owner, BATCHES, {"jobs": [PROBE] * 20})["jobs"]]
    assert beside == list(range(20))
    assert not Job.objects.exists()


def test_of_a_batch_those_that_have_a_moment_wait_for_it_too(owner: Caller) -> None:
    at = timestamp(now() + timedelta(hours=1))
    for body in (
        {"jobs": [PROBE, {**PROBE, "run_at": at}, PROBE], "sequential": True},
        {"jobs": [PROBE, {**PROBE, "run_at": at, "depends_on": [0]}, {**PROBE, "depends_on": [1]}]},
    ):
        first, second, third = [each["queue"] for each in validated(owner, BATCHES, body)["jobs"]]
        assert first["p90_completion_at"] < at <= second["estimated_start_at"] < third["estimated_start_at"]
        assert second["estimated_start_at"] <= second["estimated_completion_at"] <= second["p90_completion_at"]


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        (JOBS, {"type": "nothing"}, 422, "INVALID_JOB_TYPE"),
        (JOBS, {"type": "test_probe", "params": {"sleep": -1}}, 422, "INVALID_PARAMS"),
        (JOBS, {**PROBE, "more": 1}, 422, "INVALID_PARAMS"),
        (
            JOBS,
            {"type": "competitor_scan", "params": {"all": True, "marketplace": "x"}},
            422,
            "MARKETPLACE_NOT_CONFIGURED",
        ),
        (BATCHES, {"jobs": []}, 422, "INVALID_BATCH"),
        (BATCHES, {"jobs": [PROBE, {"type": "nothing"}]}, 422, "INVALID_JOB_TYPE"),
    ],
)
def test_it_refuses_as_a_dispatch_does(owner: Caller, path: str, body: object, status: int, code: str) -> None:
    refused = error_of(owner.post(f"{path}?validate_only=true", body), status, code)
    assert refused == error_of(owner.post(path, body), status, code)


def test_a_full_queue_refuses_it(owner: Caller) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(queue_limit=2)
    error_of(owner.post(f"{BATCHES}?validate_only=true", {"jobs": [PROBE] * 3}), 429, "QUEUE_FULL")
    owner.dispatch()
    assert validated(owner, JOBS, PROBE)["quota"] == {"limit": 2, "active": 1, "left": 1}
    owner.dispatch()
    refused = owner.post(f"{JOBS}?validate_only=true", PROBE)
    error_of(refused, 429, "QUEUE_FULL")
    assert refused["Retry-After"] == owner.post(JOBS, PROBE)["Retry-After"]


def test_a_full_service_refuses_it(owner: Caller, settings: Any) -> None:
    settings.AIJOBS_QUEUE_LIMIT = 0
    error_of(owner.post(f"{JOBS}?validate_only=true", PROBE), 429, "QUEUE_FULL")


def test_a_key_that_has_an_answer_says_so(owner: Caller) -> None:
    sent = {"idempotency-key": "k"}
    owner.post(JOBS, PROBE, **sent)
    assert validated(owner, JOBS, PROBE, **sent) == {"replays": True, "jobs": [], "cost": None, "quota": None}
    other = owner.post(f"{JOBS}?validate_only=true", {**PROBE, "priority": "low"}, **sent)
    error_of(other, 422, "IDEMPOTENCY_KEY_REUSED")
    assert Job.objects.count() == 1


@pytest.mark.parametrize("path", [JOBS, BATCHES])
def test_the_parameter_is_true_or_false(owner: Caller, path: str) -> None:
    assert paths_of(error_of(owner.post(f"{path}?validate_only=1", PROBE), 422, "INVALID_FILTER")) == [
        "validate_only"
    ]
    assert paths_of(error_of(owner.post(f"{path}?x=1", PROBE), 422, "INVALID_FILTER")) == ["x"]
    assert owner.post(f"{JOBS}?validate_only=false", PROBE).status_code == 201


def test_it_needs_the_scope_of_a_dispatch(owner: Caller) -> None:
    reader = caller(owner.tenant, ("ai-jobs:read",))
    error_of(reader.post(f"{JOBS}?validate_only=true", PROBE), 403, "INSUFFICIENT_SCOPE")


def test_what_is_before_it_counts(owner: Caller) -> None:
    engine.dispatch(owner.tenant, 40)
    engine.measure()
    [job] = validated(owner, JOBS, PROBE)["jobs"]
    assert job["queue"]["position"] == 40
