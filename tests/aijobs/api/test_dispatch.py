"""POST /api/ai-jobs"""

from datetime import UTC, datetime, timedelta

import pytest

from aijobs import identifiers
from aijobs.models import Job, JobEvent
from tests.aijobs.api.answers import JOB_ID, MOMENT, data_of, error_of, paths_of, uuid_of
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import add_products

PATH = "/api/ai-jobs"
PRICING = {"skus": ["SKU-001", "SKU-002"], "marketplace": "amazon_us", "apply": False}


def test_the_contracts_example_is_accepted(owner: Caller) -> None:
    add_products(owner, "SKU-001")
    body = {"type": "pricing_recalculate", "params": PRICING, "priority": "normal"}
    response = owner.post(PATH, body)
    job = data_of(response, 201)
    assert JOB_ID.fullmatch(job["id"])
    assert response["Location"] == f"/api/ai-jobs/{job['id']}"
    assert {name: job[name] for name in ("type", "status", "priority", "params")} == {
        "type": "pricing_recalculate",
        "status": "queued",
        "priority": "normal",
        "params": PRICING,
    }
    assert MOMENT.fullmatch(job["created_at"])
    assert MOMENT.fullmatch(job["estimated_completion_at"])


def test_location_leads_to_the_job(owner: Caller) -> None:
    response = owner.post(PATH, {"type": "test_probe"})
    assert data_of(owner.get(response["Location"]))["id"] == response.json()["data"]["id"]


def test_everything_a_job_shows_is_there_from_the_start(owner: Caller) -> None:
    job = owner.dispatch(params={"label": "a"})
    assert job == {
        **job,
        "started_at": None,
        "completed_at": None,
        "duration_seconds": None,
        "progress": {"processed": 0, "total": None},
        "retry_count": 0,
        "batch_id": None,
        "schedule_id": None,
    }
    assert not {"result", "error", "cancellation"} & job.keys()


def test_answer_is_what_a_read_shows(owner: Caller) -> None:
    """Made before the row exists, and the same in every field."""
    answered = owner.dispatch(priority="high", params={"label": "x"})
    read = owner.get(f"/api/ai-jobs/{answered['id']}").json()["data"]
    assert answered.keys() == read.keys()
    moment = "estimated_completion_at"
    assert {**answered, moment: None} == {**read, moment: None}


def test_the_estimate_is_the_typical_duration_until_there_are_runs(owner: Caller) -> None:
    add_products(owner, "SKU-001")
    job = data_of(owner.post(PATH, {"type": "pricing_recalculate", "params": PRICING}), 201)
    created, estimated = (datetime.fromisoformat(job[name]) for name in ("created_at", "estimated_completion_at"))
    assert estimated - created == timedelta(seconds=30)


def test_created_at_is_now_and_inside_the_id(owner: Caller) -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    job = owner.dispatch()
    created_at = datetime.fromisoformat(job["created_at"])
    assert before <= created_at <= datetime.now(UTC)
    assert identifiers.created_at(uuid_of(job["id"])) == created_at


def test_the_answer_is_what_the_job_then_shows(owner: Caller) -> None:
    job = owner.dispatch(params={"label": "größer", "sleep": 0.5}, priority="high")
    read = data_of(owner.get(f"{PATH}/{job['id']}"))
    job.pop("estimated_completion_at")
    read.pop("estimated_completion_at")
    assert read == job


def test_the_row_and_its_event_are_the_tenants(owner: Caller) -> None:
    job_id = uuid_of(owner.dispatch()["id"])
    assert Job.objects.get(id=job_id).tenant == owner.tenant
    assert list(JobEvent.objects.filter(job_id=job_id).values_list("kind", flat=True)) == ["queued"]


@pytest.mark.parametrize("priority", ["low", "normal", "high"])
def test_priority_is_kept(owner: Caller, priority: str) -> None:
    assert owner.dispatch(priority=priority)["priority"] == priority


@pytest.mark.parametrize("more", [{}, {"priority": None}])
def test_priority_defaults_to_normal(owner: Caller, more: dict[str, object]) -> None:
    assert owner.dispatch(**more)["priority"] == "normal"


def test_a_priority_that_is_none_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    wrong: list[object] = ["urgent", "NORMAL", "", 1, [], {}]
    for priority in wrong:
        with subtests.test(priority=priority):
            error = error_of(owner.post(PATH, {"type": "test_probe", "priority": priority}), 422, "INVALID_PARAMS")
            assert paths_of(error) == ["priority"]


def test_an_unknown_type_lists_the_known_ones(owner: Caller, subtests: pytest.Subtests) -> None:
    for kind in ("no_such_type", "", "TEST_PROBE", None, 1, ["test_probe"], {"a": 1}, "test_probe "):
        with subtests.test(kind=kind):
            error = error_of(owner.post(PATH, {"type": kind, "params": {}}), 422, "INVALID_JOB_TYPE")
            assert {"pricing_recalculate", "test_probe"} <= set(error["details"]["known_types"])
            assert not Job.objects.exists()


def test_a_missing_type_is_an_unknown_one(owner: Caller) -> None:
    error_of(owner.post(PATH, {"params": {}}), 422, "INVALID_JOB_TYPE")


def test_every_wrong_field_has_an_entry(owner: Caller) -> None:
    params = {"skus": ["SKU-001", 7], "marketplace": "amazon us", "min_margin_pct": 100, "extra": 1}
    error = error_of(owner.post(PATH, {"type": "pricing_recalculate", "params": params}), 422, "INVALID_PARAMS")
    assert sorted(paths_of(error)) == [
        "params.extra",
        "params.marketplace",
        "params.min_margin_pct",
        "params.skus.1",
    ]
    assert all(each["message"] for each in error["details"])
    assert not Job.objects.exists()


WRONG_SKUS: list[tuple[object, str]] = [
    ([], "params.skus"),
    (["A"] * 2, "params.skus"),
    ([f"SKU-{number}" for number in range(1001)], "params.skus"),
    ([""], "params.skus.0"),
    (["A\nB"], "params.skus.0"),
    ("A", "params.skus"),
    (None, "params.skus"),
]


def test_wrong_skus_are_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for skus, path in WRONG_SKUS:
        with subtests.test(skus=str(skus)[:40]):
            body = {"type": "pricing_recalculate", "params": {**PRICING, "skus": skus}}
            assert paths_of(error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")) == [path]


def test_a_thousand_skus_are_accepted(owner: Caller) -> None:
    add_products(owner, "SKU-1")
    skus = [f"SKU-{number}" for number in range(1000)]
    body = {"type": "pricing_recalculate", "params": {**PRICING, "skus": skus}}
    assert data_of(owner.post(PATH, body), 201)["params"]["skus"] == skus


def test_params_must_be_an_object(owner: Caller, subtests: pytest.Subtests) -> None:
    wrong: list[object] = [None, [], "a", 1, True]
    for params in wrong:
        with subtests.test(params=params):
            error = error_of(owner.post(PATH, {"type": "test_probe", "params": params}), 422, "INVALID_PARAMS")
            assert paths_of(error) == ["params"]


def test_types_are_strict(owner: Caller, subtests: pytest.Subtests) -> None:
    for name, value in (("label", 1), ("sleep", "1"), ("sleep", True), ("stubborn", 0)):
        with subtests.test(name=name, value=value):
            body = {"type": "test_probe", "params": {name: value}}
            assert paths_of(error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")) == [f"params.{name}"]


def test_params_may_be_left_out_where_none_is_required(owner: Caller) -> None:
    assert data_of(owner.post(PATH, {"type": "test_probe"}), 201)["params"] == {}


def test_missing_params_are_named(owner: Caller) -> None:
    error = error_of(owner.post(PATH, {"type": "pricing_recalculate"}), 422, "INVALID_PARAMS")
    assert paths_of(error) == ["params.skus", "params.marketplace"]


def test_unknown_fields_are_refused(owner: Caller) -> None:
    error = error_of(owner.post(PATH, {"type": "test_probe", "prio": "high", "x": 1}), 422, "INVALID_PARAMS")
    assert sorted(paths_of(error)) == ["prio", "x"]


def test_wrong_params_are_told_beside_all_other_wrong_fields(owner: Caller) -> None:
    body = {"type": "test_probe", "priority": "urgent", "params": {"sleep": -1, "label": 1}, "x": 1}
    error = error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")
    assert sorted(paths_of(error)) == ["params.label", "params.sleep", "priority", "x"]


def test_a_wrong_idempotency_key_is_told_beside_all_wrong_fields(owner: Caller) -> None:
    body = {"type": "nothing", "priority": "urgent"}
    error = error_of(owner.post(PATH, body, **{"idempotency-key": "é"}), 400, "INVALID_REQUEST")
    assert error["message"] == "Idempotency-Key must have 1 to 255 ASCII characters and no control characters."
    assert paths_of(error) == ["Idempotency-Key", "type", "priority"]


@pytest.mark.parametrize("kind", ["nothing", None, 7])
def test_an_unknown_type_is_told_beside_all_other_wrong_fields(owner: Caller, kind: object) -> None:
    body = {"type": kind, "priority": "urgent", "params": [], "x": 1}
    details = error_of(owner.post(PATH, body), 422, "INVALID_JOB_TYPE")["details"]
    assert "test_probe" in details["known_types"]
    assert paths_of({"details": details["errors"]}) == ["type", "params", "priority", "x"]


def test_what_the_type_refuses_for_a_reason_of_its_own_is_told_beside_wrong_fields(owner: Caller) -> None:
    body = {"type": "pricing_recalculate", "params": PRICING}
    error = error_of(owner.post(PATH, body), 422, "MARKETPLACE_NOT_CONFIGURED")
    assert error["details"] == {"configured": []}
    beside = error_of(owner.post(PATH, {**body, "priority": 1}), 422, "INVALID_PARAMS")
    assert beside["details"] == [beside["details"][0], {"path": "params", "message": error["message"]}]
    assert paths_of(beside) == ["priority", "params"]


def test_reading_does_not_entitle_to_dispatch(owner: Caller) -> None:
    reader = caller(owner.tenant, scopes=("ai-jobs:read",))
    error = error_of(reader.post(PATH, {"type": "test_probe"}), 403, "INSUFFICIENT_SCOPE")
    assert "ai-jobs:write" in error["message"]
    assert not Job.objects.exists()


def test_a_key_that_may_only_write_can_dispatch(owner: Caller) -> None:
    assert caller(owner.tenant, scopes=("ai-jobs:write",)).dispatch()["status"] == "queued"


def test_a_teammates_job_belongs_to_the_same_tenant(owner: Caller, teammate: Caller) -> None:
    assert data_of(owner.get(f"{PATH}/{teammate.dispatch()['id']}"))["status"] == "queued"


def test_an_outsider_dispatches_for_itself_only(owner: Caller, outsider: Caller) -> None:
    job = outsider.dispatch()
    assert Job.objects.get(id=uuid_of(job["id"])).tenant == outsider.tenant
    body = {"type": "test_probe"}
    error_of(outsider.post(PATH, body, **{"x-tenant-id": owner.tenant.name}), 403, "TENANT_MISMATCH")
    assert Job.objects.count() == 1
