"""What a worker makes of a run that does not end as it should, or that leaves something behind."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection, transaction
from django.utils.timezone import now

from aijobs.engine import lifecycle, results
from aijobs.engine.lifecycle import Ended, Run
from aijobs.engine.outcomes import Completed, Outcome
from aijobs.errors import JobFailure, PermanentFailure, RunPostponed, TransientFailure
from aijobs.models import Job, Tenant
from tests import engine, jobs
from tests.factories import TenantFactory
from tests.integration.processes import wait_until
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
def test_a_result_with_a_nul_fails_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    job = _outcome(monkeypatch, lambda params, context: ProbeResult(label="\x00", slept=0))
    assert (job.status, job.error_code, job.result) == ("failed", "RESULT_INVALID", None)
    # Six characters that only look like it.
    assert _outcome(monkeypatch, lambda params, context: ProbeResult(label="\\u0000", slept=0)).status == "completed"


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


# --- What a handler leaves behind -------------------------------------------------------------------------------


def _raw() -> Any:
    connection.ensure_connection()
    return connection.connection


def _sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


# What its own end, and its tenant's dispatches, have to write.
LOCK = "UPDATE aijobs_tenantcapacity SET active = active; SELECT id FROM aijobs_job FOR UPDATE"


def _atomic() -> None:
    transaction.atomic().__enter__()
    _sql(LOCK)


def _autocommit_off() -> None:
    transaction.set_autocommit(False)
    _sql(LOCK)


def _raw_autocommit_off() -> None:
    _raw().autocommit = False
    _sql(LOCK)


def _raw_transaction() -> None:
    _raw().transaction().__enter__()
    _sql(LOCK)


def _failed_transaction() -> None:
    _sql("BEGIN")
    _sql(LOCK)
    with pytest.raises(Exception, match="division"):
        _sql("SELECT 1/0")


def _copy() -> None:
    _sql("BEGIN")
    _sql(LOCK)
    _raw().cursor().copy("COPY aijobs_tenant TO STDOUT").__enter__()


def _pipeline() -> None:
    _sql("BEGIN")
    _sql(LOCK)
    _raw().pipeline().__enter__()
    _raw().execute("SELECT 1")


def _settings() -> None:
    _sql("SET search_path = nowhere; SET statement_timeout = 1; SET default_transaction_read_only = on")


def _settings_of_a_closed_connection() -> None:
    _settings()
    connection.close()


def _locks_and_tables() -> None:
    _sql("SELECT pg_advisory_lock(7); CREATE TEMP TABLE aijobs_job (id int); LISTEN news")
    _sql("DECLARE left_open CURSOR WITH HOLD FOR SELECT 1")


def _attributes() -> None:
    _raw().read_only = True


def _in_a_thread(leave: Callable[[], None]) -> Callable[[], None]:
    def left() -> None:
        thread = threading.Thread(target=leave)
        thread.start()
        thread.join()

    return left


LEAVINGS = [
    lambda: _sql("BEGIN; " + LOCK),
    _atomic,
    _autocommit_off,
    _raw_autocommit_off,
    _raw_transaction,
    _failed_transaction,
    _copy,
    _pipeline,
    _settings,
    _settings_of_a_closed_connection,
    _locks_and_tables,
    _attributes,
    _in_a_thread(_settings_of_a_closed_connection),
    _in_a_thread(_settings),
    _in_a_thread(lambda: _sql("BEGIN; " + LOCK)),
]
SESSIONS = """
SELECT current_setting('search_path'), current_setting('statement_timeout'),
    current_setting('default_transaction_read_only'), current_setting('TimeZone'),
    (SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()),
    (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), (SELECT count(*) FROM pg_cursors WHERE is_holdable),
    (SELECT count(*) FROM pg_listening_channels()), to_regclass('pg_temp.aijobs_job')::text
"""
AS_NEW = ('"$user", public', "0", "off", "UTC", 0, 0, 0, 0, None)


def wait_until_as_new() -> None:
    """Sees what this session has, and what others do: one that was closed is gone only when its process has ended."""
    wait_until(lambda: _session() == AS_NEW, lambda: f"a session as new, and not {_session()}")


def _session() -> object:
    with connection.cursor() as cursor:
        cursor.execute(SESSIONS)
        return cursor.fetchone()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", LEAVINGS, ids=lambda leave: getattr(leave, "__name__", "leave"))
@pytest.mark.parametrize("fails", [False, True])
def test_what_a_handler_leaves_on_its_connection_ends_with_it(
    monkeypatch: pytest.MonkeyPatch, leave: Callable[[], None], fails: bool
) -> None:
    """Neither its own end nor the tenant's next dispatch waits for it, and the next job does not see it."""

    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        leave()
        if fails:
            raise PermanentFailure("PROBE_FAILED", "asked to fail")
        return ProbeResult(label="", slept=0)

    tenant = TenantFactory()
    monkeypatch.setattr(jobs, "probe", handler)
    [job_id] = engine.dispatch(tenant)
    running.execute(engine.start(job_id))
    assert Job.objects.get(id=job_id).status == ("failed" if fails else "completed")
    engine.dispatch(tenant)
    for _ in range(settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]):
        # The pool hands its connections out in turn.
        connection.close()
        wait_until_as_new()


@pytest.mark.django_db(transaction=True)
def test_an_effects_settings_end_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        def effect(result: ProbeResult) -> ProbeResult:
            _sql("SET search_path = public, nowhere")
            return result

        context.commit_with(effect)
        return ProbeResult(label="", slept=0)

    assert _outcome(monkeypatch, handler).status == "completed"
    wait_until_as_new()


@pytest.mark.django_db(transaction=True)
def test_a_handler_that_did_not_use_its_connection_costs_no_round_trip(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[int, int]] = []

    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        seen.append((id(connection.connection), connection.connection.waits))
        return ProbeResult(label="", slept=0)

    def recorded(run: Run, outcome: Outcome) -> Ended:
        seen.append((id(connection.connection), connection.connection.waits))
        return Ended(terminal=True)

    monkeypatch.setattr(lifecycle, "record", recorded)
    _outcome(monkeypatch, handler)
    assert seen[0] == seen[1]


@pytest.mark.django_db(transaction=True)
def test_threads_of_a_handler_that_keep_their_connections_do_not_use_up_the_pool(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    size = settings.DATABASES["default"]["OPTIONS"]["pool"]["max_size"]

    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        _in_a_thread(lambda: _sql("SELECT 1"))()
        return ProbeResult(label="", slept=0)

    assert [_outcome(monkeypatch, handler).status for _ in range(size + 2)] == ["completed"] * (size + 2)


@pytest.mark.django_db(transaction=True)
def test_connections_that_were_used_rightly_go_back_open(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A worker begins a job without a connection: the one that the handler takes is the pool's again afterwards."""
    pids: list[set[int]] = []

    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        used = {_pid()}
        _in_a_thread(lambda: used.add(_pid()))()
        connection.close()
        used.add(_pid())
        pids.append(used)
        return ProbeResult(label="", slept=0)

    tenant = TenantFactory()
    monkeypatch.setattr(jobs, "probe", handler)
    for job_id in engine.dispatch(tenant, 2):
        run = engine.start(job_id)
        connection.close()
        running.execute(run)
    assert [each.message for each in caplog.records if each.name == "psycopg.pool"] == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT array_agg(pid) FROM pg_stat_activity WHERE datname = current_database()")
        [alive] = cursor.fetchone()
    assert set().union(*pids) <= set(alive)


def _pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    return int(pid)


def test_a_run_that_is_postponed_costs_no_attempt_and_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        raise RunPostponed(600)

    began = now()
    job = _outcome(monkeypatch, handler)
    assert (job.status, job.failures) == ("queued", 0)
    assert timedelta(seconds=590) < job.run_after - began < timedelta(seconds=660)
    assert engine.kinds(job.id) == ["queued", "started", "handed_back"]


def test_no_upstream_postpones_a_run_for_longer_than_a_day(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(params: ProbeParams, context: JobContext) -> ProbeResult:
        raise RunPostponed(1e9)

    assert _outcome(monkeypatch, handler).run_after < now() + timedelta(days=1)
