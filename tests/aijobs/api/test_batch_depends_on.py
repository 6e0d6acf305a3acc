"""POST /api/ai-jobs/batch with jobs that depend on each other."""

from collections.abc import Sequence
from typing import Any

import pytest

from aijobs import explaining
from aijobs.engine import lifecycle
from aijobs.models import Job
from tests import engine
from tests.aijobs.api.answers import PROBE, data_of, error_of, paths_of, uuid_of
from tests.clients import Caller

PATH = "/api/ai-jobs/batch"
pytestmark = pytest.mark.django_db


def batch_of(*edges: Sequence[object], **more: object) -> dict[str, object]:
    return {"jobs": [{**PROBE, "depends_on": depends_on} for depends_on in edges], **more}


def dispatched(owner: Caller, *edges: list[int], **more: object) -> list[str]:
    return [each["id"] for each in data_of(owner.post(PATH, batch_of(*edges, **more)), 201)["jobs"]]


def jobs_of(owner: Caller, job_id: str) -> list[dict[str, Any]]:
    batch_id = data_of(owner.get(f"/api/ai-jobs/{job_id}"))["batch_id"]
    found: list[dict[str, Any]] = data_of(owner.get(f"{PATH}/{batch_id}"))["jobs"]
    return found


def test_jobs_run_when_those_that_they_name_have_ended(owner: Caller) -> None:
    ids = dispatched(owner, [2], [2, 0], [])
    assert [each["depends_on"] for each in jobs_of(owner, ids[0])] == [[2], [2, 0], []]
    for each in (ids[2], ids[0], ids[1]):
        lifecycle.follow_up(engine.complete(engine.start(uuid_of(each))), owner.tenant.pk)
    assert {each["status"] for each in jobs_of(owner, ids[0])} == {"completed"}


def test_what_is_cancelled_says_because_of_whom(owner: Caller) -> None:
    ids = dispatched(owner, [], [0], [1])
    engine.fail(engine.start(uuid_of(ids[0])))
    shown = [each.get("cancellation") for each in jobs_of(owner, ids[0])]
    assert shown == [None, *[{"reason": "PREDECESSOR_FAILED", "caused_by": ids[0]}] * 2]


def test_why_one_waits_is_told(owner: Caller) -> None:
    ids = dispatched(owner, [1], [])
    [job] = Job.objects.filter(id=uuid_of(ids[0])).select_related("tenant")
    told = explaining.explain([job])[job.id]
    assert (told.code, ids[1] in told.message) == ("WAITS_FOR_JOB", True)


@pytest.mark.parametrize("depends_on", [None, []])
def test_without_a_dependency_they_run_beside_each_other(owner: Caller, depends_on: list[int] | None) -> None:
    job = PROBE if depends_on is None else {**PROBE, "depends_on": depends_on}
    body = {"jobs": [job, job], "sequential": True}
    ids = [each["id"] for each in data_of(owner.post(PATH, body), 201)["jobs"]]
    assert all("depends_on" not in each for each in jobs_of(owner, ids[0]))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([[0]], "Job 0 depends on job 0: none of them could ever start."),
        ([[], [2], [3, 0], [1]], "Job 1 depends on job 2, which depends on job 3, which depends on job 1: none of "),
    ],
)
def test_a_circle_is_named(owner: Caller, edges: list[list[int]], message: str) -> None:
    error = error_of(owner.post(PATH, batch_of(*edges)), 422, "DEPENDENCY_CYCLE")
    assert error["message"].startswith(message)
    assert all(each["path"] == f"jobs.{each['job']}.depends_on" for each in error["details"])
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (batch_of([], [2]), ["jobs.1.depends_on"]),
        (batch_of([-1], [9]), ["jobs.0.depends_on", "jobs.1.depends_on"]),
        (batch_of([], ["0"]), ["jobs.1.depends_on.0"]),
        (batch_of([], [True], [0.5]), ["jobs.1.depends_on.0", "jobs.2.depends_on.0"]),
        (batch_of([], [0], sequential=True), ["sequential"]),
        ({"jobs": [PROBE, {"type": "test_probe", "depends_on": "0", "nonsense": 1}]}, ["jobs.1.depends_on"]),
        ({"jobs": [{**PROBE, "more": 1}, {**PROBE, "depends_on": [5]}]}, ["jobs.0.more", "jobs.1.depends_on"]),
    ],
)
def test_what_is_wrong_is_named(owner: Caller, body: dict[str, object], paths: list[str]) -> None:
    assert set(paths) <= set(paths_of(error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")))


@pytest.mark.parametrize("depends_on", [[1, 0, 1], [1, 1.0]])
def test_a_job_that_is_named_twice_is_refused(owner: Caller, depends_on: list[float]) -> None:
    error = error_of(owner.post(PATH, batch_of([], [], depends_on)), 422, "INVALID_PARAMS")
    assert error["details"] == [{"job": 2, "path": "jobs.2.depends_on", "message": "1 is listed more than once"}]


def test_a_single_job_depends_on_nothing(owner: Caller) -> None:
    error = error_of(owner.post("/api/ai-jobs", {**PROBE, "depends_on": []}), 422, "INVALID_PARAMS")
    assert paths_of(error) == ["depends_on"]


def test_a_schedule_dispatches_such_batches(owner: Caller) -> None:
    body = {"name": "nightly", "interval_seconds": 3600, "batch": batch_of([], [0])}
    schedule = data_of(owner.post("/api/ai-jobs/schedules", body), 201)
    run = data_of(owner.post(f"/api/ai-jobs/schedules/{schedule['id']}/run-now"), 201)
    assert [each["depends_on"] for each in data_of(owner.get(f"{PATH}/{run['batch_id']}"))["jobs"]] == [[], [0]]
    circular = {**body, "name": "never", "batch": batch_of([1], [0])}
    error_of(owner.post("/api/ai-jobs/schedules", circular), 422, "DEPENDENCY_CYCLE")
