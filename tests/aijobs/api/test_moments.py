"""When a job may start at the earliest, by when it must have, and changing a job that waits."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs.engine import lifecycle, queueing
from aijobs.engine.outcomes import Failed
from aijobs.models import Job, JobEvent, TenantCapacity
from aijobs.shapes import timestamp
from tests import engine
from tests.aijobs.api.answers import NO_JOB, PROBE, data_of, error_of, paths_of, run_to_the_end, uuid_of
from tests.clients import Caller, caller

PATH = "/api/ai-jobs"


def later(**span: float) -> str:
    return timestamp(now() + timedelta(**span))


def change(who: Caller, job: dict[str, Any], body: object) -> Any:
    return who.request("PATCH", f"{PATH}/{job['id']}", body)


def is_released(job: dict[str, Any]) -> bool:
    return Job.objects.get(id=uuid_of(job["id"])).released_at is not None


def let_moment_come(job: dict[str, Any]) -> None:
    over = now() - engine.LONG_AGO
    Job.objects.filter(id=uuid_of(job["id"])).update(run_at=over, run_after=over)


def test_a_job_waits_in_the_database_until_its_moment(owner: Caller) -> None:
    at = later(hours=2)
    job = owner.dispatch(run_at=at)
    assert job["run_at"] == at == data_of(owner.get(f"{PATH}/{job['id']}"))["run_at"]
    assert datetime.fromisoformat(job["estimated_completion_at"]) > datetime.fromisoformat(at)
    queueing.release_due()
    assert not is_released(job)
    assert lifecycle.claim(uuid_of(job["id"]), engine.WORKER) is None
    # Nobody waits behind it.
    assert is_released(owner.dispatch())
    let_moment_come(job)
    queueing.release_due()
    assert is_released(job)
    run_to_the_end(job["id"])


def test_a_moment_must_be_ahead_and_not_too_far(owner: Caller, subtests: pytest.Subtests) -> None:
    wrong: list[tuple[str, object]] = [
        ("run_at", later(seconds=-5)),
        ("run_at", later(days=31)),
        ("run_at", "2026-03-12T02:00:00"),
        ("run_at", "tomorrow"),
        ("run_at", "2026-02-30T02:00:00+25:00"),
        ("run_at", "9999-12-31T23:59:59-23:59"),
        ("run_at", 1),
        ("expires_at", later(seconds=-5)),
        ("expires_at", later(days=61)),
        ("expires_at", "0001-01-01T00:00:00+23:59"),
    ]
    for name, moment in wrong:
        with subtests.test(name=name, moment=moment):
            assert paths_of(error_of(owner.post(PATH, {**PROBE, name: moment}), 422, "INVALID_PARAMS")) == [name]
            assert not Job.objects.exists()


def test_a_moment_may_have_any_offset(owner: Caller) -> None:
    """PostgreSQL takes those below sixteen hours only."""
    moments = [(now() + timedelta(days=2)).replace(microsecond=0), (now() + timedelta(days=3)).replace(microsecond=0)]
    for offset in (timedelta(hours=16), -timedelta(hours=23, minutes=59)):
        zone = timezone(offset)
        sent = dict(zip(("run_at", "expires_at"), (at.astimezone(zone).isoformat() for at in moments), strict=True))
        job = owner.dispatch(**sent)
        batch = data_of(owner.post(f"{PATH}/batch", {"jobs": [{**PROBE, **sent}]}), 201)
        member = data_of(owner.get(f"{PATH}/{batch['jobs'][0]['id']}"))
        for shown in (job, member, data_of(change(owner, job, {"run_at": sent["run_at"]}))):
            assert [shown["run_at"], shown["expires_at"]] == [timestamp(at) for at in moments], offset


def test_a_job_cannot_expire_before_it_may_run(owner: Caller) -> None:
    at = later(hours=1)
    body = {**PROBE, "run_at": at, "expires_at": at}
    error = error_of(owner.post(PATH, body), 422, "INVALID_PARAMS")
    assert error["details"] == [{"path": "expires_at", "message": "must be later than run_at"}]


def test_a_schedule_takes_no_moments(owner: Caller) -> None:
    body = {"name": "s", "interval_seconds": 3600, "job": {**PROBE, "run_at": later(hours=1)}}
    assert paths_of(error_of(owner.post(f"{PATH}/schedules", body), 422, "INVALID_PARAMS")) == ["job.run_at"]
    jobs = [PROBE, {**PROBE, "expires_at": later(hours=1)}]
    body = {"name": "s", "interval_seconds": 3600, "batch": {"jobs": jobs}}
    error = error_of(owner.post(f"{PATH}/schedules", body), 422, "INVALID_PARAMS")
    assert paths_of(error) == ["batch.jobs.1.expires_at"]


def test_what_was_not_started_in_time_is_cancelled(owner: Caller) -> None:
    job, lasting = owner.dispatch(expires_at=later(hours=1)), owner.dispatch(expires_at=later(hours=2))
    started = owner.dispatch(expires_at=later(hours=1))
    run = engine.start(uuid_of(started["id"]))
    over = [uuid_of(each["id"]) for each in (job, started)]
    Job.objects.filter(id__in=over).update(expires_at=now() - engine.LONG_AGO)
    # Also where the sweeper is late.
    assert lifecycle.claim(uuid_of(job["id"]), engine.WORKER) is None
    assert lifecycle.cancel_expired() == 1
    assert lifecycle.cancel_expired() == 0
    shown = data_of(owner.get(f"{PATH}/{job['id']}"))
    assert (shown["status"], shown["cancellation"]) == ("cancelled", {"reason": "EXPIRED", "caused_by": None})
    assert engine.statuses([uuid_of(lasting["id"])]) == ["queued"]
    # It was started in time, so it may be tried again.
    engine.fail(run, transient=True)
    engine.let_backoff_pass([run.id])
    queueing.release_due()
    assert lifecycle.cancel_expired() == 0
    engine.complete(engine.start(run.id))
    assert TenantCapacity.objects.get(tenant=owner.tenant).active == 1


@pytest.mark.parametrize(("on_failure", "third"), [("stop", "cancelled"), ("continue", "queued")])
def test_in_order_the_others_follow_as_after_any_cancelled_one(owner: Caller, on_failure: str, third: str) -> None:
    jobs = [PROBE, {**PROBE, "expires_at": later(hours=1)}, PROBE]
    body = {"jobs": jobs, "sequential": True, "on_failure": on_failure}
    batch = data_of(owner.post(f"{PATH}/batch", body), 201)
    ids = [uuid_of(job["id"]) for job in batch["jobs"]]
    Job.objects.filter(id=ids[1]).update(expires_at=now() - engine.LONG_AGO)
    assert lifecycle.cancel_expired() == 1
    assert engine.statuses(ids) == ["queued", "cancelled", third]
    assert Job.objects.get(id=ids[2]).cancel_reason == ("PREDECESSOR_CANCELLED" if third == "cancelled" else "")
    ended = engine.complete(engine.start(ids[0]))
    assert (ended.released is not None) == (third == "queued")


@pytest.mark.parametrize(("on_failure", "fourth"), [("stop", "cancelled"), ("continue", "queued")])
def test_of_a_batch_in_order_several_expire_together(owner: Caller, on_failure: str, fourth: str) -> None:
    jobs = [{**PROBE, "expires_at": later(hours=1)}] * 3 + [PROBE]
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": jobs, "sequential": True, "on_failure": on_failure}), 201)
    ids = [uuid_of(job["id"]) for job in batch["jobs"]]
    # The first one was started in time.
    run = engine.start(ids[0])
    Job.objects.filter(id__in=ids[:3]).update(expires_at=now() - engine.LONG_AGO)
    assert lifecycle.cancel_expired() == 2
    assert engine.statuses(ids) == ["running", "cancelled", "cancelled", fourth]
    reasons = list(Job.objects.filter(id__in=ids[1:]).order_by("position").values_list("cancel_reason", flat=True))
    assert reasons == ["EXPIRED", "EXPIRED", "PREDECESSOR_CANCELLED" if fourth == "cancelled" else ""]
    ended = engine.complete(run)
    assert (ended.released is not None and ended.released.id == ids[3]) == (fourth == "queued")
    assert TenantCapacity.objects.get(tenant=owner.tenant).active == (1 if fourth == "queued" else 0)


def test_those_that_depend_on_expired_ones_follow(owner: Caller) -> None:
    expiring = {**PROBE, "expires_at": later(hours=1)}
    jobs = [expiring, {**expiring, "depends_on": [0]}, {**PROBE, "depends_on": [0]}, PROBE]
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": jobs}), 201)
    ids = [uuid_of(job["id"]) for job in batch["jobs"]]
    Job.objects.filter(id__in=ids[:2]).update(expires_at=now() - engine.LONG_AGO)
    assert lifecycle.cancel_expired() == 2
    assert engine.statuses(ids) == ["cancelled", "cancelled", "cancelled", "queued"]
    assert Job.objects.get(id=ids[1]).cancel_reason == "EXPIRED"
    assert (Job.objects.get(id=ids[2]).cancel_reason, Job.objects.get(id=ids[2]).cancelled_by_id) == (
        "PREDECESSOR_CANCELLED",
        ids[0],
    )


def test_in_order_a_job_waits_for_its_turn_and_for_its_moment(owner: Caller) -> None:
    jobs = [PROBE, {**PROBE, "run_at": later(hours=1)}]
    batch = data_of(owner.post(f"{PATH}/batch", {"jobs": jobs, "sequential": True}), 201)
    first, second = (uuid_of(job["id"]) for job in batch["jobs"])
    assert engine.complete(engine.start(first)).released is None
    assert lifecycle.claim(second, engine.WORKER) is None
    let_moment_come(batch["jobs"][1])
    queueing.release_due()
    engine.complete(engine.start(second))


def test_priority_and_moment_of_a_queued_job_change(owner: Caller) -> None:
    job, at = owner.dispatch(), later(hours=1)
    job_id = uuid_of(job["id"])
    changed = data_of(change(owner, job, {"priority": "high", "run_at": at}))
    assert (changed["priority"], changed["run_at"], changed["status"]) == ("high", at, "queued")
    assert lifecycle.claim(job_id, engine.WORKER) is None
    at_once = data_of(change(owner, job, {"run_at": None}))
    assert (at_once["run_at"], at_once["priority"]) == (None, "high")
    assert is_released(job)
    assert engine.kinds(job_id) == ["queued", "changed", "changed"]
    told = JobEvent.objects.get(job_id=job_id, seq=2).data
    assert told is not None
    assert (told["priority"], told["run_at"]) == ("high", at)
    engine.complete(engine.start(job_id))


def test_a_job_that_is_due_keeps_its_place(owner: Caller) -> None:
    job = owner.dispatch()
    due = now() - timedelta(minutes=1)
    Job.objects.update(run_after=due)
    assert data_of(change(owner, job, {"run_at": None}))["queue"]["position"] == 0
    assert Job.objects.get().run_after == due
    assert engine.kinds(uuid_of(job["id"])) == ["queued"]


def test_a_backoff_is_not_cut_short(owner: Caller) -> None:
    job = owner.dispatch()
    lifecycle.record(engine.start(uuid_of(job["id"])), Failed("BUSY", "later", transient=True, retry_after=600))
    due = Job.objects.get().run_after
    assert due > now() + timedelta(minutes=9)
    # Nor by a later moment that is taken back.
    for asked, waits in ((None, due), (later(hours=1), None), (later(minutes=1), due), (None, due)):
        data_of(change(owner, job, {"run_at": asked}))
        found = Job.objects.get()
        assert timestamp(found.run_after) == (timestamp(waits) if waits else asked)
        assert (found.run_at and timestamp(found.run_at)) == asked
    engine.let_backoff_pass([uuid_of(job["id"])])
    data_of(change(owner, job, {"run_at": None}))
    engine.complete(engine.start(uuid_of(job["id"])))


def test_only_a_queued_job_can_be_changed(owner: Caller, outsider: Caller) -> None:
    job = owner.dispatch()
    assert error_of(change(outsider, job, {"priority": "low"}), 404, "JOB_NOT_FOUND") == error_of(
        change(owner, {"id": NO_JOB}, {"priority": "low"}), 404, "JOB_NOT_FOUND"
    )
    reader = caller(owner.tenant, scopes=("ai-jobs:read",))
    error_of(change(reader, job, {"priority": "low"}), 403, "INSUFFICIENT_SCOPE")
    run = engine.start(uuid_of(job["id"]))
    assert "running" in error_of(change(owner, job, {"priority": "low"}), 409, "JOB_NOT_QUEUED")["message"]
    engine.complete(run)
    error_of(change(owner, job, {"run_at": later(hours=1)}), 409, "JOB_NOT_QUEUED")


def test_a_priority_is_none_or_left_out(owner: Caller) -> None:
    job = owner.dispatch()
    error = error_of(change(owner, job, {"priority": None, "run_at": later(hours=1)}), 422, "INVALID_PARAMS")
    assert error["details"] == [
        {"path": "priority", "message": "must be low, normal or high. Leave it out to keep the job's priority"}
    ]
    assert engine.kinds(uuid_of(job["id"])) == ["queued"]


def test_a_change_that_is_none_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    job = owner.dispatch(expires_at=later(hours=1))
    bodies: dict[str, dict[str, object]] = {
        "nothing": {},
        "unknown": {"prio": "low"},
        "urgent": {"priority": "urgent"},
        "past": {"run_at": later(seconds=-5)},
        "after its end": {"run_at": later(hours=2)},
    }
    for name, body in bodies.items():
        with subtests.test(name):
            refused = error_of(change(owner, job, body), 422, "INVALID_PARAMS")
            assert paths_of(refused) == [*body] or not body
            assert engine.kinds(uuid_of(job["id"])) == ["queued"]
