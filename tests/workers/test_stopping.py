"""A running job that is asked to stop: where its handler notices, and what the job has then."""

from collections.abc import Callable

import pytest

from aijobs.engine import lifecycle
from aijobs.models import Job, Tenant
from aijobs.states import PausedBy
from tests import engine, jobs
from tests.factories import TenantFactory
from tests.jobs import ProbeParams, ProbeResult
from workers import running
from workers.context import JobContext

pytestmark = pytest.mark.django_db

Handler = Callable[[ProbeParams, JobContext], ProbeResult]


def ask_to_stop(context: JobContext) -> None:
    """As a caller does, and as the heartbeat then learns."""
    lifecycle.request_cancel(context.job_id, context.tenant_id, PausedBy.KEY)
    context.renew()


def ended(monkeypatch: pytest.MonkeyPatch, handler: Handler) -> Job:
    """Run a probe job whose handler is this one."""
    monkeypatch.setattr(jobs, "probe", handler)
    [job_id] = engine.dispatch(TenantFactory())
    running.execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


@pytest.mark.parametrize("way", ["checkpoint", "progress", "owned"])
def test_each_checkpoint_stops_it(monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        context.progress(2, 5)
        ask_to_stop(context)
        if way == "checkpoint":
            context.checkpoint()
        elif way == "progress":
            context.progress(3)
        else:
            with context.owned():
                pytest.fail("nothing is decided after it was asked to stop")
        raise AssertionError("not reached")

    job = ended(monkeypatch, handler)
    # What it was to report is done, too.
    processed = 3 if way == "progress" else 2
    assert (job.status, job.cancel_reason, job.processed, job.total) == ("cancelled", "REQUESTED", processed, 5)
    assert job.result is None
    assert engine.kinds(job.id) == ["queued", "started", "cancel_requested", "cancelled"]


def test_what_was_found_until_then_is_its_result(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        found: list[str] = []
        context.when_stopped(lambda: ProbeResult(label=",".join(found), slept=0))
        found += ["a", "b"]
        ask_to_stop(context)
        context.checkpoint()
        raise AssertionError("not reached")

    assert ended(monkeypatch, handler).result == {"label": "a,b", "slept": 0.0}


def test_what_cannot_be_told_does_not_keep_it_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        context.when_stopped(lambda: ProbeResult(label=str(1 / 0), slept=0))
        ask_to_stop(context)
        context.checkpoint()
        raise AssertionError("not reached")

    job = ended(monkeypatch, handler)
    assert (job.status, job.result) == ("cancelled", None)


@pytest.mark.django_db(transaction=True)
def test_what_was_to_be_applied_at_its_end_is_not_applied(monkeypatch: pytest.MonkeyPatch) -> None:
    other = TenantFactory()

    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        def effect(result: ProbeResult) -> ProbeResult:
            Tenant.objects.filter(pk=other.pk).update(timezone="Europe/Berlin")
            return result

        context.commit_with(effect)
        # Asked for after the last checkpoint, and before the end is written.
        lifecycle.request_cancel(context.job_id, context.tenant_id, PausedBy.STAFF)
        return ProbeResult(label="", slept=0)

    job = ended(monkeypatch, handler)
    assert (job.status, job.cancel_reason, job.result) == ("cancelled", "REQUESTED", None)
    assert Tenant.objects.get(pk=other.pk).timezone == other.timezone


def test_without_an_effect_what_has_ended_is_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        ask_to_stop(context)
        return ProbeResult(label="done", slept=0)

    assert ended(monkeypatch, handler).status == "completed"
