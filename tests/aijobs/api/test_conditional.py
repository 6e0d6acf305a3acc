"""ETag, If-None-Match and Retry-After of GET /api/ai-jobs/:jobId."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from aijobs.engine import lifecycle, priorities, queueing, statistics
from aijobs.models import Job, QueueStatistics
from aijobs.states import Priority
from tests import engine
from tests.aijobs.api.answers import PROBE, data_of, run_to_the_end, uuid_of
from tests.clients import Caller


def get(owner: Caller, job: dict[str, Any], etag: str = "") -> Any:
    return owner.request("GET", f"/api/ai-jobs/{job['id']}", **({"if-none-match": etag} if etag else {}))


def test_what_is_known_is_not_sent_again(owner: Caller) -> None:
    job = owner.dispatch()
    first = get(owner, job)
    etag = first["ETag"]
    assert etag.startswith('W/"')
    for known in (etag, etag.removeprefix("W/"), f'"other", {etag}', "*"):
        again = get(owner, job, known)
        assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
        assert "Content-Type" not in again
        assert again["X-Request-ID"]
    for other in ('W/"other"', "other", etag[:-2] + '"'):
        assert data_of(get(owner, job, other))["id"] == job["id"]
    head = owner.request("HEAD", f"/api/ai-jobs/{job['id']}", **{"if-none-match": etag})
    assert head.status_code == 304


def test_every_change_of_what_is_shown_changes_it(owner: Caller) -> None:
    job = owner.dispatch()
    job_id, tenant_id = uuid_of(job["id"]), owner.tenant.pk
    seen = [get(owner, job)["ETag"]]

    def assert_changed() -> None:
        answer = get(owner, job, seen[-1])
        assert answer.status_code == 200
        seen.append(answer["ETag"])
        assert get(owner, job, seen[-1]).status_code == 304

    priorities.set_priority(job_id, tenant_id, Priority.HIGH)
    assert_changed()
    first = engine.start(job_id)
    assert_changed()
    for done, total in ((1, 10), (2, 10), (2, 11)):
        lifecycle.renew(job_id, first.attempt, done, total)
        assert_changed()
    engine.fail(first, transient=True)
    assert_changed()
    engine.let_backoff_pass([job_id])
    queueing.refill(tenant_id)
    second = engine.start(job_id)
    assert_changed()
    engine.complete(second, {"label": "", "slept": 0})
    assert_changed()
    # As retention and staff delete it.
    Job.objects.filter(id=job_id).update(result=None)
    assert_changed()
    assert len(set(seen)) == len(seen)


def test_an_estimate_alone_changes_nothing(owner: Caller) -> None:
    job = owner.dispatch()
    etag = get(owner, job)["ETag"]
    QueueStatistics.objects.create(
        refreshed_at=now(), active=9, depths={"1": 9}, drain_rate=0.5, medians={"test_probe": 500.0}
    )
    statistics.forget()
    assert get(owner, job, etag).status_code == 304


def test_a_result_of_megabytes_is_not_read_to_say_that_nothing_changed(
    owner: Caller, django_assert_num_queries: Any
) -> None:
    job = owner.dispatch()
    run_to_the_end(job["id"], {"label": "x" * 100, "slept": 1})
    etag = get(owner, job)["ETag"]
    with django_assert_num_queries(1) as captured:
        assert get(owner, job, etag).status_code == 304
    assert not {"params", "params_text", "result_text"} & set(re.findall(r"\w+", captured[0]["sql"]))


@pytest.mark.parametrize(
    ("median", "waited", "seconds"), [(0.01, 0, 1), (12.0, 0, 12), (400.0, 0, 30), (1.0, 95, 10)]
)
def test_an_unfinished_job_says_when_to_ask_again(owner: Caller, median: float, waited: int, seconds: int) -> None:
    QueueStatistics.objects.create(
        refreshed_at=now(), active=1, depths={}, drain_rate=1.0, medians={"test_probe": median}
    )
    statistics.forget()
    job = owner.dispatch()
    Job.objects.update(created_at=now() - timedelta(seconds=waited))
    answer = get(owner, job)
    assert answer["Retry-After"] == str(seconds)
    assert get(owner, job, answer["ETag"])["Retry-After"] == str(seconds)


@pytest.mark.parametrize(("waited", "seconds"), [(0, 5), (95, 10), (900, 30)])
def test_a_job_that_waits_for_another_one_is_asked_for_more_rarely(
    owner: Caller, waited: int, seconds: int, django_assert_num_queries: Any
) -> None:
    """Its own run may be short, and the other one due in a quarter of an hour."""
    QueueStatistics.objects.create(
        refreshed_at=now(), active=1, depths={}, drain_rate=1.0, medians={"test_probe": 0.01}
    )
    statistics.forget()
    later = {**PROBE, "run_at": (now() + timedelta(minutes=15)).isoformat()}
    body = {"sequential": True, "jobs": [later, PROBE]}
    _, blocked = data_of(owner.post("/api/ai-jobs/batch", body), 201)["jobs"]
    Job.objects.update(created_at=now() - timedelta(seconds=waited))
    etag = get(owner, blocked)["ETag"]
    with django_assert_num_queries(1):
        assert get(owner, blocked, etag)["Retry-After"] == str(seconds)


def test_a_job_that_has_ended_says_no_time(owner: Caller) -> None:
    job = owner.dispatch()
    run_to_the_end(job["id"], {"label": "", "slept": 0})
    assert "Retry-After" not in get(owner, job)
