"""How a job came is kept with it, written by the statement that inserts it, and found by."""

from typing import Any
from uuid import UUID

import pytest

from aijobs import identifiers
from aijobs.auth import TenantAccess
from aijobs.engine import inserting
from aijobs.engine.inserting import NewJob
from aijobs.models import ApiKey, Job
from aijobs.states import Priority
from tests import engine
from tests.clients import Caller
from tests.factories import TenantFactory


def job_of(answer: dict[str, Any]) -> Job:
    job_id = identifiers.decode(identifiers.JOB_PREFIX, answer["id"])
    assert job_id is not None
    return Job.objects.get(id=job_id)


def test_a_dispatched_job_knows_its_request_its_key_and_its_idempotency_key(owner: Caller) -> None:
    body = {"type": "test_probe", "params": {}}
    answer = owner.post("/api/ai-jobs", body, **{"x-request-id": "req-1", "idempotency-key": "order 1"})
    job = job_of(answer.json()["data"])
    assert (job.request_id, job.idempotency_key, job.retry_of_id) == ("req-1", "order 1", None)
    assert job.api_key == ApiKey.objects.get()


def test_a_request_without_an_id_leaves_the_one_of_its_answer(owner: Caller) -> None:
    answer = owner.post("/api/ai-jobs", {"type": "test_probe"}, **{"x-request-id": "not sane"})
    assert job_of(answer.json()["data"]).request_id == answer["X-Request-ID"] != "not sane"


def test_all_jobs_of_a_batch_know_the_same(owner: Caller) -> None:
    jobs = [{"type": "test_probe"}] * 3
    owner.post("/api/ai-jobs/batch", {"jobs": jobs}, **{"x-request-id": "req-2", "idempotency-key": "b"})
    assert set(Job.objects.values_list("request_id", "idempotency_key")) == {("req-2", "b")}


def test_a_job_shows_its_request_wherever_it_is_shown(owner: Caller) -> None:
    body, named = {"type": "test_probe"}, {"x-request-id": "req-4", "idempotency-key": "k4"}
    shown = owner.post("/api/ai-jobs", body, **named).json()["data"]
    path = f"/api/ai-jobs/{shown['id']}"
    again = owner.post("/api/ai-jobs", body, **named | {"x-request-id": "req-5"}).json()["data"]
    listed = owner.get("/api/ai-jobs").json()["data"]
    changed = owner.request("PATCH", path, {"priority": "high"}).json()["data"]
    everywhere = [shown, again, owner.get(path).json()["data"], *listed, changed]
    assert [each["request_id"] for each in everywhere] == ["req-4"] * 5
    owner.post(f"{path}/cancel", {})
    retried = owner.post(f"{path}/retry", None, **{"x-request-id": "req-6"}).json()["data"]
    assert (retried["retry_of"], retried["request_id"]) == (shown["id"], "req-6")


def test_a_job_that_the_service_has_dispatched_itself_shows_no_request(owner: Caller) -> None:
    engine.dispatch(owner.tenant)
    assert [each["request_id"] for each in owner.get("/api/ai-jobs").json()["data"]] == [None]


def test_what_the_service_dispatches_itself_has_no_request(db: None) -> None:
    [job_id] = engine.dispatch(TenantFactory())
    job = Job.objects.get(id=job_id)
    assert (job.request_id, job.idempotency_key, job.api_key_id, job.retry_of_id) == ("", "", None, None)


def test_a_job_that_repeats_another_names_it(db: None) -> None:
    tenant = TenantFactory()
    [first] = engine.dispatch(tenant)
    job = NewJob(identifiers.new_id(), "test_probe", {}, Priority.NORMAL, retry_of=first)
    inserting.insert(TenantAccess.of(tenant), [job], identifiers.created_at(job.id))
    assert list(Job.objects.get(id=first).retries.values_list("id", flat=True)) == [job.id]


@pytest.mark.parametrize(
    ("params", "subjects"),
    [
        ({"skus": ["B", "A"]}, ["B", "A"]),
        ({"skus": []}, []),
        ({"all": True}, []),
        ({"skus": "A"}, []),
        ({"skus": [1, None, "A"]}, ["A"]),
        ({"skus": ["ü\"\\{,}'"]}, ["ü\"\\{,}'"]),
        ([], []),
    ],
    ids=["skus", "empty", "all", "text", "mixed", "quotes", "list"],
)
def test_a_job_is_about_the_skus_of_its_params(db: None, params: object, subjects: list[str]) -> None:
    assert inserting.subjects_of(params) == subjects
    [job_id] = engine.dispatch(TenantFactory(), params=params)
    assert Job.objects.get(id=job_id).subjects == subjects


def test_jobs_are_found_by_what_they_came_with(owner: Caller) -> None:
    other = engine.dispatch(owner.tenant, params={"skus": ["A"]})
    body = {"type": "test_probe"}
    owner.post("/api/ai-jobs", body, **{"x-request-id": "req-3", "idempotency-key": "k3"})

    def found(term: str) -> list[UUID]:
        return list(Job.objects.with_term(term).values_list("id", flat=True))

    assert found("A") == other
    assert found("req-3") == found("k3") != other
    assert (len(found("req-3")), found(""), found("req")) == (1, [], [])
