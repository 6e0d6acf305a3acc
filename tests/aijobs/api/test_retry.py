"""POST /api/ai-jobs/:jobId/retry and /api/ai-jobs/batch/:batchId/retry-failed"""

from typing import Any

import pytest

from aijobs.engine import queueing
from aijobs.models import Job
from tests import engine
from tests.aijobs.api.answers import NO_BATCH, NO_JOB, PROBE, data_of, error_of, run_to_the_end, uuid_of
from tests.clients import Caller, caller

PATH = "/api/ai-jobs"


def retry(who: Caller, job: dict[str, Any], **headers: str) -> Any:
    return who.post(f"{PATH}/{job['id']}/retry", **headers)


def retry_failed(who: Caller, batch: dict[str, Any], **headers: str) -> Any:
    return who.post(f"{PATH}/batch/{batch['batch_id']}/retry-failed", **headers)


def failed(who: Caller, **body: object) -> dict[str, Any]:
    job = who.dispatch(**body)
    engine.fail(engine.start(uuid_of(job["id"])))
    return job


def test_a_job_is_dispatched_again_as_it_was_asked_for(owner: Caller) -> None:
    sent = {"priority": "high", "params": {"label": "x"}, "tags": ["a"], "metadata": {"z": 1, "a": 2}}
    old = failed(owner, **sent)
    response = retry(owner, old)
    new = data_of(response, 201)
    assert {name: new[name] for name in sent} == sent
    assert (new["status"], new["retry_of"], new["retry_count"]) == ("queued", old["id"], 0)
    assert response["Location"] == f"{PATH}/{new['id']}"
    read = data_of(owner.get(f"{PATH}/{new['id']}"))
    assert {**read, "estimated_completion_at": None} == {**new, "estimated_completion_at": None}
    assert data_of(owner.get(f"{PATH}/{old['id']}"))["status"] == "failed"


def test_the_same_key_retries_once(owner: Caller) -> None:
    old, other = failed(owner), failed(owner)
    first, again = (retry(owner, old, **{"idempotency-key": "k"}) for _ in range(2))
    assert data_of(first, 201)["id"] == data_of(again, 201)["id"]
    assert again["Idempotency-Replayed"] == "true"
    error_of(retry(owner, other, **{"idempotency-key": "k"}), 422, "IDEMPOTENCY_KEY_REUSED")
    assert Job.objects.filter(retry_of__isnull=False).count() == 1


def test_only_what_has_ended_is_retried_and_only_by_who_may(owner: Caller, outsider: Caller) -> None:
    job = owner.dispatch()
    assert "queued" in error_of(retry(owner, job), 409, "JOB_NOT_RETRYABLE")["message"]
    run_to_the_end(job["id"])
    foreign, absent = retry(outsider, job), retry(owner, {"id": NO_JOB})
    assert error_of(foreign, 404, "JOB_NOT_FOUND") == error_of(absent, 404, "JOB_NOT_FOUND")
    error_of(retry(caller(owner.tenant, scopes=("ai-jobs:read",)), job), 403, "INSUFFICIENT_SCOPE")
    assert Job.objects.count() == 1


def batch_of(who: Caller, *labels: str, **more: object) -> dict[str, Any]:
    jobs = [{**PROBE, "params": {"label": label}, "tags": [label]} for label in labels]
    batch: dict[str, Any] = data_of(who.post(f"{PATH}/batch", {"jobs": jobs, **more}), 201)
    return batch


def shown(who: Caller, batch_id: str) -> Any:
    return data_of(who.get(f"{PATH}/batch/{batch_id}"))


@pytest.mark.parametrize("sequential", [True, False])
def test_the_jobs_that_did_not_complete_are_a_batch_of_their_own(owner: Caller, sequential: bool) -> None:
    old = batch_of(owner, "a", "b", "c", sequential=sequential)
    first, second, third = (uuid_of(job["id"]) for job in old["jobs"])
    run_to_the_end(old["jobs"][0]["id"], {"label": "a"})
    if sequential:
        engine.fail(engine.start(second))
    else:
        owner.delete(f"{PATH}/{old['jobs'][1]['id']}")
        engine.fail(engine.start(third))
    response = retry_failed(owner, old)
    new = data_of(response, 201)
    assert response["Location"] == f"{PATH}/batch/{new['batch_id']}"
    assert new["retry_of"] == old["batch_id"]
    members = shown(owner, new["batch_id"])
    assert [job["retry_of"] for job in members["jobs"]] == [job["id"] for job in old["jobs"][1:]]
    assert [job["tags"] for job in members["jobs"]] == [["b"], ["c"]]
    assert (members["sequential"], members["retry_of"], members["retries"]) == (sequential, old["batch_id"], [])
    before = shown(owner, old["batch_id"])
    assert (before["retry_of"], before["retries"]) == (None, [new["batch_id"]])
    assert Job.objects.get(id=first).result == {"label": "a"}
    again = [uuid_of(job["id"]) for job in new["jobs"]]
    assert list(Job.objects.filter(id__in=again).order_by("position").values_list("position", "blocked")) == [
        (1, False),
        (2, sequential),
    ]
    for job_id in again:
        engine.complete(engine.start(job_id))


def test_jobs_that_depend_on_each_other_do_so_again(owner: Caller) -> None:
    jobs = [PROBE, {**PROBE, "depends_on": [0]}, {**PROBE, "depends_on": [0, 1]}]
    old = data_of(owner.post(f"{PATH}/batch", {"jobs": jobs}), 201)
    run_to_the_end(old["jobs"][0]["id"])
    queueing.release_due()
    engine.fail(engine.start(uuid_of(old["jobs"][1]["id"])))
    new = shown(owner, data_of(retry_failed(owner, old), 201)["batch_id"])
    assert [job["depends_on"] for job in new["jobs"]] == [[], [0]]
    assert [job["retry_of"] for job in new["jobs"]] == [job["id"] for job in old["jobs"][1:]]


def test_those_around_a_completed_one_are_in_its_order_again(owner: Caller) -> None:
    """The batch goes on after a failure, so the one in the middle completed."""
    jobs = [PROBE, {**PROBE, "depends_on": [0]}, {**PROBE, "depends_on": [1]}]
    old = data_of(owner.post(f"{PATH}/batch", {"jobs": jobs, "on_failure": "continue"}), 201)
    for job in old["jobs"]:
        queueing.release_due()
        run = engine.start(uuid_of(job["id"]))
        if job == old["jobs"][1]:
            engine.complete(run)
        else:
            engine.fail(run)
    new = shown(owner, data_of(retry_failed(owner, old), 201)["batch_id"])
    assert [job["depends_on"] for job in new["jobs"]] == [[], [0]]


def test_a_batch_that_is_open_or_completed_is_refused(owner: Caller, outsider: Caller) -> None:
    batch = batch_of(owner, "a", "b")
    engine.fail(engine.start(uuid_of(batch["jobs"][0]["id"])))
    assert "queued or running" in error_of(retry_failed(owner, batch), 409, "BATCH_NOT_RETRYABLE")["message"]
    run_to_the_end(batch["jobs"][1]["id"])
    foreign = error_of(retry_failed(outsider, batch), 404, "BATCH_NOT_FOUND")
    assert foreign == error_of(retry_failed(owner, {"batch_id": NO_BATCH}), 404, "BATCH_NOT_FOUND")
    first, again = (retry_failed(owner, batch, **{"idempotency-key": "k"}) for _ in range(2))
    assert data_of(first, 201) == data_of(again, 201)
    completed = data_of(first, 201)
    run_to_the_end(completed["jobs"][0]["id"])
    error_of(retry_failed(owner, completed), 409, "BATCH_NOT_RETRYABLE")
