"""What a worker makes of a run that does not end as it should."""

import pytest
from django.db import OperationalError, connection

from aijobs.engine import lifecycle, results
from aijobs.engine.lifecycle import Ended, Run
from aijobs.engine.outcomes import Completed, Outcome
from aijobs.errors import JobFailure, PermanentFailure, TransientFailure
from aijobs.models import Job, Tenant
from tests import engine, jobs
from tests.factories import TenantFactory
from tests.jobs import ProbeParams, ProbeResult
from workers import running
from workers.context import JobContext

pytestmark = pytest.mark.django_db


def _outcome(monkeypatch: pytest.MonkeyPatch, handler: object) -> Job:
    """Run a probe job whose handler is this one."""
    monkeypatch.setattr(jobs, "probe", handler)
    [job_id] = engine.dispatch(TenantFactory())
    running.execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def test_effect_that_fails_is_a_failure_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        def effect(result: ProbeResult) -> ProbeResult:
            raise ZeroDivisionError("secret")

        context.commit_with(effect)
        return ProbeResult(label="", slept=0)

    job = _outcome(monkeypatch, handler)
    assert (job.status, job.failures) == ("queued", 1)
    assert engine.kinds(job.id) == ["queued", "started", "retried"]


@pytest.mark.django_db(transaction=True)
def test_result_that_cannot_be_stored_is_a_failure_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = _outcome(monkeypatch, lambda params, context: ProbeResult(label="\x00", slept=0))
    assert (job.status, job.failures) == ("queued", 1)


def test_handler_without_a_result_is_a_failure_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    job = _outcome(monkeypatch, lambda params, context: None)
    assert (job.status, job.failures) == ("queued", 1)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_result_that_is_not_finite_fails_for_good(monkeypatch: pytest.MonkeyPatch, number: float) -> None:
    """In JSON it would be null, and nobody would know."""
    job = _outcome(monkeypatch, lambda params, context: ProbeResult(label="null", slept=number))
    assert (job.status, job.error_code, job.result) == ("failed", "RESULT_INVALID", None)


def test_a_result_that_is_too_large_fails_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "LARGEST_RESULT_BYTES", 1000)
    job = _outcome(monkeypatch, lambda params, context: ProbeResult(label="x" * 1000, slept=0))
    assert (job.status, job.error_code) == ("failed", "RESULT_TOO_LARGE")
    assert _outcome(monkeypatch, lambda params, context: ProbeResult(label="x" * 900, slept=0)).status == "completed"


def test_an_effect_whose_result_cannot_be_stored_is_taken_back(monkeypatch: pytest.MonkeyPatch) -> None:
    tenant = TenantFactory()

    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        def effect(result: ProbeResult) -> ProbeResult:
            Tenant.objects.filter(pk=tenant.pk).update(timezone="Europe/Berlin")
            return ProbeResult(label="", slept=float("nan"))

        context.commit_with(effect)
        return ProbeResult(label="", slept=0)

    job = _outcome(monkeypatch, handler)
    tenant.refresh_from_db()
    assert (job.status, job.error_code, tenant.timezone) == ("failed", "RESULT_INVALID", "UTC")


@pytest.mark.parametrize("failure", [PermanentFailure, TransientFailure])
def test_a_failures_message_is_cut(monkeypatch: pytest.MonkeyPatch, failure: type[JobFailure]) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        raise failure("UPSTREAM", "x" * 1_000_000)

    job = _outcome(monkeypatch, handler)
    told = [len(event.data["message"]) for event in job.events.all() if event.data]
    assert (told, len(job.error_message)) == ([2000], 2000 if failure is PermanentFailure else 0)


def test_outcome_is_written_again_after_a_connection_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first answer is lost, though the commit had arrived: the second write is refused, and that is success."""
    [job_id] = engine.dispatch(TenantFactory())
    run = engine.start(job_id)
    answers = iter([True, False])
    written = lifecycle.record

    def answer_lost(run: Run, outcome: Outcome) -> Ended:
        ended = written(run, outcome)
        if next(answers):
            raise OperationalError("the answer was lost")
        return ended

    # The test's transaction lives on this connection; a real one would be dropped here.
    monkeypatch.setattr(connection, "close", lambda: None)
    monkeypatch.setattr(lifecycle, "record", answer_lost)
    assert running.record(run, Completed({}, (0, None))) == Ended(terminal=True)
    assert engine.kinds(job_id) == ["queued", "started", "completed"]


def test_hot_statements_are_prepared() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.complete(engine.start(job_id))
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        prepared = " ".join(row[0] for row in cursor.fetchall())
    assert all(words in prepared for words in ("aijobs_idempotencykey", "lease_expires_at = now()", "WITH ended"))
