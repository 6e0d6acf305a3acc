"""POST /api/ai-jobs/batch"""

from typing import Any

import pytest

from aijobs.models import Batch, Job, TenantCapacity
from tests.aijobs.api.answers import BATCH_ID, JOB_ID, PROBE, data_of, error_of, paths_of, uuid_of
from tests.clients import Caller, caller

PATH = "/api/ai-jobs/batch"


def members(who: Caller, batch: dict[str, Any]) -> list[dict[str, Any]]:
    return [data_of(who.get(f"/api/ai-jobs/{job['id']}")) for job in batch["jobs"]]


def test_the_answer_is_the_contracts(owner: Caller) -> None:
    response = owner.post(PATH, {"jobs": [PROBE, {"type": "test_hasty", "params": {}}], "sequential": True})
    batch = data_of(response, 201)
    assert batch.keys() == {"batch_id", "jobs"}
    assert BATCH_ID.fullmatch(batch["batch_id"])
    assert response["Location"] == f"{PATH}/{batch['batch_id']}"
    assert [{**job, "id": ""} for job in batch["jobs"]] == [
        {"id": "", "type": "test_probe", "status": "queued"},
        {"id": "", "type": "test_hasty", "status": "queued"},
    ]
    assert all(JOB_ID.fullmatch(job["id"]) for job in batch["jobs"])
    assert data_of(owner.get(response["Location"]))["batch_id"] == batch["batch_id"]


def test_jobs_know_their_batch(owner: Caller) -> None:
    batch = data_of(owner.post(PATH, {"jobs": [PROBE, PROBE]}), 201)
    assert {job["batch_id"] for job in members(owner, batch)} == {batch["batch_id"]}


@pytest.mark.parametrize(
    ("more", "sequential", "on_failure"),
    [
        ({}, False, "stop"),
        ({"sequential": True}, True, "stop"),
        ({"sequential": True, "on_failure": "continue"}, True, "continue"),
    ],
)
def test_defaults(owner: Caller, more: dict[str, object], sequential: bool, on_failure: str) -> None:
    batch = data_of(owner.post(PATH, {"jobs": [PROBE], **more}), 201)
    row = Batch.objects.get(id=uuid_of(batch["batch_id"]))
    assert (row.sequential, row.on_failure) == (sequential, on_failure)


def test_a_jobs_own_priority_comes_before_the_batchs(owner: Caller) -> None:
    jobs = [PROBE, {**PROBE, "priority": "high"}, {**PROBE, "priority": None}]
    batch = data_of(owner.post(PATH, {"jobs": jobs, "priority": "low"}), 201)
    assert [job["priority"] for job in members(owner, batch)] == ["low", "high", "low"]
    batch = data_of(owner.post(PATH, {"jobs": jobs[:1]}), 201)
    assert members(owner, batch)[0]["priority"] == "normal"


def test_a_batch_holds_one_to_twenty_jobs(owner: Caller, subtests: pytest.Subtests) -> None:
    wrong: list[object] = [[], [PROBE] * 21, None, {}, "jobs", 1]
    bodies: list[dict[str, object]] = [{"jobs": jobs} for jobs in wrong]
    for body in (*bodies, {}):
        with subtests.test(body=str(body)[:40]):
            error_of(owner.post(PATH, body), 422, "INVALID_BATCH")
            assert not Job.objects.exists()


def test_twenty_jobs_are_accepted(owner: Caller) -> None:
    assert len(data_of(owner.post(PATH, {"jobs": [PROBE] * 20}), 201)["jobs"]) == 20


def test_one_wrong_job_refuses_all_and_is_named_by_its_index(owner: Caller) -> None:
    wrong = {"type": "test_probe", "params": {"sleep": -1, "label": 1}}
    error = error_of(owner.post(PATH, {"jobs": [PROBE, wrong, PROBE, {**PROBE, "x": 1}]}), 422, "INVALID_PARAMS")
    assert [(each["job"], each["path"]) for each in error["details"]] == [
        (1, "jobs.1.params.label"),
        (1, "jobs.1.params.sleep"),
        (3, "jobs.3.x"),
    ]
    assert not Job.objects.exists()
    assert not Batch.objects.exists()
    assert not TenantCapacity.objects.exists()


def test_an_unknown_type_is_named_by_its_index(owner: Caller) -> None:
    jobs = [PROBE, {"type": "nothing"}, {"type": "test_probe", "params": {"sleep": -1}}]
    error = error_of(owner.post(PATH, {"jobs": jobs}), 422, "INVALID_JOB_TYPE")
    assert "test_probe" in error["details"]["known_types"]
    errors = error["details"]["errors"]
    assert [(each["job"], each["path"]) for each in errors] == [(1, "jobs.1.type"), (2, "jobs.2.params.sleep")]


def test_everything_that_is_wrong_with_a_batch_is_told_at_once(owner: Caller) -> None:
    jobs = [
        {"type": "test_probe", "priority": "urgent", "params": {"sleep": -1}},
        PROBE,
        {"type": "pricing_recalculate", "params": {"skus": ["A"], "marketplace": "nowhere"}},
        7,
        {**PROBE, "params": [], "x": 1},
    ]
    body = {"jobs": jobs, "sequential": "yes", "on_failure": "retry", "priority": 1, "x": 1}
    error = error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")
    assert [(each.get("job"), each["path"]) for each in error["details"]] == [
        (None, "priority"),
        (None, "sequential"),
        (None, "on_failure"),
        (None, "x"),
        (0, "jobs.0.priority"),
        (0, "jobs.0.params.sleep"),
        (2, "jobs.2.params"),
        (3, "jobs.3"),
        (4, "jobs.4.params"),
        (4, "jobs.4.x"),
    ]
    assert "nowhere is not configured" in error["details"][6]["message"]
    assert not Job.objects.exists()

    body["jobs"] = [*jobs, {"type": "nothing", "priority": "urgent"}]
    details = error_of(owner.post(PATH, body), 422, "INVALID_JOB_TYPE")["details"]
    assert "test_probe" in details["known_types"]
    assert details["errors"][:10] == error["details"]
    assert [(each["job"], each["path"]) for each in details["errors"][10:]] == [
        (5, "jobs.5.type"),
        (5, "jobs.5.priority"),
    ]


def test_a_batch_that_has_not_one_to_twenty_jobs_says_what_else_is_wrong_with_it(owner: Caller) -> None:
    error = error_of(owner.post(PATH, {"jobs": [{}] * 21, "sequential": 1, "x": 1}), 422, "INVALID_BATCH")
    assert paths_of(error) == ["jobs", "sequential", "x"]
    assert "at most 20 entries" in error["details"][0]["message"]


def test_a_batch_with_one_reason_of_a_type_has_its_code(owner: Caller) -> None:
    wrong = {"type": "pricing_recalculate", "params": {"skus": ["A"], "marketplace": "nowhere"}}
    error = error_of(owner.post(PATH, {"jobs": [PROBE, wrong]}), 422, "MARKETPLACE_NOT_CONFIGURED")
    assert [(each["job"], each["path"]) for each in error["details"]] == [(1, "jobs.1.params")]


def test_a_job_must_be_an_object(owner: Caller, subtests: pytest.Subtests) -> None:
    for entry in (None, 1, "test_probe", [], [PROBE]):
        with subtests.test(entry=entry):
            error = error_of(owner.post(PATH, {"jobs": [PROBE, entry]}), 422, "INVALID_PARAMS")
            assert [(each["job"], each["path"]) for each in error["details"]] == [(1, "jobs.1")]


def test_a_wrong_field_of_the_batch_is_named(owner: Caller, subtests: pytest.Subtests) -> None:
    wrong: list[tuple[str, object]] = [
        ("sequential", "true"),
        ("sequential", 1),
        ("sequential", None),
        ("on_failure", "retry"),
        ("on_failure", None),
        ("priority", "urgent"),
        ("priority", None),
        ("name", "x"),
    ]
    for name, value in wrong:
        with subtests.test(name=name, value=value):
            error = error_of(owner.post(PATH, {"jobs": [PROBE], name: value}), 422, "INVALID_PARAMS")
            assert paths_of(error) == [name]
            assert not Job.objects.exists()


def test_jobs_are_created_in_order_at_one_moment(owner: Caller) -> None:
    batch = data_of(owner.post(PATH, {"jobs": [PROBE] * 20}), 201)
    ids = [job["id"] for job in batch["jobs"]]
    assert ids == sorted(ids)
    assert len({job_id[:14] for job_id in ids}) == 1


def test_teammate_sees_the_batch_and_outsider_does_not(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    batch = data_of(teammate.post(PATH, {"jobs": [PROBE]}), 201)
    assert data_of(owner.get(f"{PATH}/{batch['batch_id']}"))["batch_id"] == batch["batch_id"]
    error_of(outsider.get(f"{PATH}/{batch['batch_id']}"), 404, "BATCH_NOT_FOUND")
    error_of(outsider.get(f"/api/ai-jobs/{batch['jobs'][0]['id']}"), 404, "JOB_NOT_FOUND")


def test_reading_does_not_entitle_to_dispatch(owner: Caller) -> None:
    reader = caller(owner.tenant, scopes=("ai-jobs:read",))
    error_of(reader.post(PATH, {"jobs": [PROBE]}), 403, "INSUFFICIENT_SCOPE")
