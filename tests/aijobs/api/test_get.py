"""GET /api/ai-jobs/:jobId"""

import json
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from django.utils.timezone import now

from aijobs.engine import lifecycle, statistics
from aijobs.models import Job, QueueStatistics, Worker
from aijobs.states import QUEUES
from tests import engine
from tests.aijobs.api.answers import MOMENT, NO_JOB, PROBE, data_of, error_of, run_to_the_end, uuid_of
from tests.clients import Caller, caller


def path(job: dict[str, str]) -> str:
    return f"/api/ai-jobs/{job['id']}"


def test_owner_and_teammate_see_the_job(owner: Caller, teammate: Caller) -> None:
    job = owner.dispatch(params={"label": "mine"})
    shown = [data_of(who.get(path(job))) for who in (owner, teammate)]
    for each in shown:
        # Of a queued job it moves on with the clock.
        each.pop("estimated_completion_at")
    assert shown[0] == shown[1]
    assert shown[0]["params"] == {"label": "mine"}


def test_params_and_result_come_out_as_they_were_written(owner: Caller) -> None:
    """`jsonb` would order keys by their length: the contract's own example came out in another order."""
    document = {"skus": [], "marketplace": "amazon_us", "apply": False, "z": {"long": 1.0, "b": 1e-7, "a": None}}
    wrote = json.dumps(document)
    label = {"sleep": 0.5, "label": "größer"}
    job = owner.dispatch(params=label)
    run_to_the_end(job["id"], document)
    for shown in (owner.get(path(job)), owner.get("/api/ai-jobs?include=params,result")):
        text = shown.content.decode()
        assert text.index('"sleep"') < text.index('"label"')
        result = json.JSONDecoder().raw_decode(text[text.index('"result":') + len('"result":') :])[0]
        assert json.dumps(result) == wrote


def test_params_reach_the_handler_in_their_order(owner: Caller) -> None:
    label = {"sleep": 0.5, "label": "a"}
    run = engine.start(uuid_of(owner.dispatch(params=label)["id"]))
    assert list(json.loads(run.params)) == list(label)


def test_outsider_cannot_see_the_job(owner: Caller, outsider: Caller) -> None:
    job = owner.dispatch()
    foreign, absent = outsider.get(path(job)), outsider.get(f"/api/ai-jobs/{NO_JOB}")
    assert error_of(foreign, 404, "JOB_NOT_FOUND") == error_of(absent, 404, "JOB_NOT_FOUND")


NO_JOBS = [
    NO_JOB,
    "job_01HXK9MZPQ3B8C7D2E5F6G",  # the contract's own example: 22 characters
    "job_01HX...",
    "01JQZ4X5M8N9P0Q1R2S3T4V5W6",
    "batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
    "job_01jqz4x5m8n9p0q1r2s3t4v5w6",
    "JOB_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
    "job_81JQZ4X5M8N9P0Q1R2S3T4V5W6",  # 130 bits
    "job_01JQZ4X5M8N9P0Q1R2S3T4V5WI",  # I is none of Crockford's
    "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6%0A",
    "job_%00",
    "job_０1JQZ4X5M8N9P0Q1R2S3T4V5W6",
    "0193b5e2-0000-7000-8000-000000000000",
    "%ff%fe",
    "job_" + "1" * 5000,
]


def test_an_id_of_any_other_form_is_no_jobs(owner: Caller, subtests: pytest.Subtests) -> None:
    for job_id in NO_JOBS:
        with subtests.test(job_id=job_id[:40]):
            error = error_of(owner.get(f"/api/ai-jobs/{job_id}"), 404, "JOB_NOT_FOUND")
            assert error == {"code": "JOB_NOT_FOUND", "message": "Job ID does not exist."}


def test_running(owner: Caller) -> None:
    job = owner.dispatch()
    run = engine.start(uuid_of(job["id"]))
    lifecycle.renew(run.id, run.attempt, 3, 10)
    shown = data_of(owner.get(path(job)))
    assert shown["status"] == "running"
    assert shown["progress"] == {"processed": 3, "total": 10}
    assert MOMENT.fullmatch(shown["started_at"])
    assert (shown["completed_at"], shown["duration_seconds"]) == (None, None)
    assert MOMENT.fullmatch(shown["estimated_completion_at"])


def test_completed(owner: Caller) -> None:
    job = owner.dispatch()
    run_to_the_end(job["id"], {"label": "x", "slept": 1.5})
    shown = data_of(owner.get(path(job)))
    assert shown["status"] == "completed"
    assert shown["result"] == {"label": "x", "slept": 1.5}
    assert MOMENT.fullmatch(shown["completed_at"])
    assert isinstance(shown["duration_seconds"], float | int)
    assert shown["estimated_completion_at"] is None
    assert not {"error", "cancellation"} & shown.keys()


def test_failed(owner: Caller) -> None:
    job = owner.dispatch()
    engine.fail(engine.start(uuid_of(job["id"])))
    shown = data_of(owner.get(path(job)))
    assert shown["status"] == "failed"
    assert shown["error"] == {"code": "PROBE_FAILED", "message": "asked to fail", "retry_count": 0}
    assert shown["retry_count"] == 0
    assert "result" not in shown


def test_retries_are_counted_before_the_final_failure(owner: Caller) -> None:
    job = owner.dispatch()
    job_id = uuid_of(job["id"])
    for retries in (1, 2):
        engine.fail(engine.start(job_id), transient=True)
        shown = data_of(owner.get(path(job)))
        assert (shown["status"], shown["retry_count"]) == ("queued", retries)
        make_due(job_id)
    engine.fail(engine.start(job_id), transient=True)
    shown = data_of(owner.get(path(job)))
    assert (shown["status"], shown["retry_count"], shown["error"]["retry_count"]) == ("failed", 2, 2)


def make_due(job_id: UUID) -> None:
    Job.objects.filter(id=job_id).update(run_after=now() - timedelta(hours=1), released_at=now())


def test_a_job_that_waits_for_its_next_attempt_shows_the_last_one(owner: Caller) -> None:
    job = owner.dispatch()
    engine.fail(engine.start(uuid_of(job["id"])), transient=True)
    shown = data_of(owner.get(path(job)))
    assert MOMENT.fullmatch(shown["started_at"])
    assert (shown["completed_at"], shown["estimated_completion_at"]) == (None, None)


def test_where_nobody_can_say_when_there_is_no_time(owner: Caller) -> None:
    """No worker is there, or the job waits for another one. The contract's answer to a dispatch always has one."""
    job = owner.dispatch()
    assert job["estimated_completion_at"]
    assert job["queue"]["estimated_completion_at"] is None
    batch = data_of(owner.post("/api/ai-jobs/batch", {"jobs": [PROBE, PROBE], "sequential": True}), 201)
    first, second = batch["jobs"]

    def told() -> list[tuple[bool, bool, bool]]:
        listed = {each["id"]: each for each in data_of(owner.get("/api/ai-jobs"))}
        shown = [data_of(owner.get(path(each))) for each in (job, first, second)]
        places = [(each, each["queue"], listed[each["id"]]) for each in shown]
        return [tuple(bool(each["estimated_completion_at"]) for each in all_of) for all_of in places]  # type: ignore[misc]

    assert told() == [(False,) * 3] * 3
    Worker.objects.create(id="w:1:a", name="w", host="h", queues=list(QUEUES.values()), places=2, version="1")
    engine.measure()
    assert told() == [(True,) * 3, (True,) * 3, (False,) * 3]


def test_cancelled(owner: Caller) -> None:
    job = owner.dispatch()
    owner.delete(path(job))
    shown = data_of(owner.get(path(job)))
    assert shown["status"] == "cancelled"
    assert shown["cancellation"] == {"reason": "REQUESTED", "caused_by": None}
    assert MOMENT.fullmatch(shown["completed_at"])


def test_the_estimate_is_the_median_and_the_queue_ahead(owner: Caller) -> None:
    QueueStatistics.objects.create(
        refreshed_at=now(),
        active=8,
        depths={},
        drain_rate=0.5,
        medians={"test_probe": 12.0},
        workload={"measured_at": 1.0, "basis": {"lanes": {"0": {"jobs": 50}, "1": {"jobs": 6}, "2": {"jobs": 2}}}},
    )
    statistics.forget()
    job = owner.dispatch()
    estimate = datetime.fromisoformat(job["estimated_completion_at"]) - datetime.fromisoformat(job["created_at"])
    # Eight jobs of this lane and the higher one at one in two seconds, then its own run.
    assert estimate == timedelta(seconds=16 + 12)


def test_any_read_scope_suffices(owner: Caller) -> None:
    job = owner.dispatch()
    assert data_of(caller(owner.tenant, scopes=("catalogue:read",)).get(path(job)))["id"] == job["id"]


@pytest.mark.parametrize("scopes", [("ai-jobs:write",), (), ("ai-jobs:readx",), ("read",)])
def test_write_does_not_imply_read(owner: Caller, scopes: tuple[str, ...]) -> None:
    job = owner.dispatch()
    error = error_of(caller(owner.tenant, scopes=scopes).get(path(job)), 403, "INSUFFICIENT_SCOPE")
    assert "ai-jobs:read" in error["message"]


def test_head_answers_like_get_without_a_body(owner: Caller) -> None:
    job = owner.dispatch()
    response = owner.request("HEAD", path(job))
    assert (response.status_code, response.content) == (200, b"")
    assert owner.request("HEAD", f"/api/ai-jobs/{NO_JOB}").status_code == 404
