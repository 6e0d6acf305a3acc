"""What a caller is answered where others hold, or are given, what its request needs in the database."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from threading import Timer
from typing import LiteralString

import pytest
from django.db import OperationalError
from psycopg.errors import DeadlockDetected, QueryCanceled

from aijobs.api import types
from aijobs.models import Job
from tests import engine
from tests.aijobs.api.answers import PROBE, at_once, data_of, error_of
from tests.aijobs.api.locks import given_up, row_held, table_held
from tests.clients import HTTP, Caller

pytestmark = pytest.mark.django_db(transaction=True)

JOBS, BATCHES = "/api/ai-jobs", "/api/ai-jobs/batch"
DEADLOCK, CONFLICT, CANCELED = "40P01", "40001", "57014"


def a_job(owner: Caller) -> str:
    return f"{JOBS}/{owner.dispatch()['id']}"


def a_batch(owner: Caller) -> str:
    return f"{BATCHES}/{data_of(owner.post(BATCHES, {'jobs': [PROBE] * 2}), 201)['batch_id']}"


def a_member(owner: Caller) -> str:
    """Of a sequential batch, whose row is locked first."""
    body = {"jobs": [PROBE] * 2, "sequential": True}
    return f"{JOBS}/{data_of(owner.post(BATCHES, body), 201)['jobs'][0]['id']}"


# The tables that are written to, and what is cancelled there.
WRITTEN: dict[LiteralString, tuple[Callable[[Caller], str], ...]] = {
    "aijobs_job": (a_job, a_batch, a_member),
    "aijobs_batch": (a_batch, a_member),
}


def assert_refused_after_a_second(owner: Caller, paths: list[str]) -> None:
    """All of them beside each other, since each takes its second."""

    def refused(number: int) -> None:
        began = time.monotonic()
        response = owner.delete(paths[number])
        assert 1 <= time.monotonic() - began < 60
        error_of(response, 409, "TRY_AGAIN")
        assert int(response["Retry-After"]) >= 1

    at_once(len(paths), refused)


def test_cancelling_waits_a_second_for_what_others_hold(owner: Caller) -> None:
    paths: list[str] = []
    jobs: list[Job] = []
    with ExitStack() as held:
        for table, kinds in WRITTEN.items():
            for made in kinds:
                before = Job.objects.count()
                paths.append(made(owner))
                jobs.append(Job.objects.order_by("id")[before])
                row = jobs[-1].id if table == "aijobs_job" else jobs[-1].batch_id
                assert row is not None
                held.enter_context(row_held(table, row))
        assert_refused_after_a_second(owner, paths)
        assert engine.statuses([job.id for job in jobs]) == ["queued"] * 5
    for path, job in zip(paths, jobs, strict=True):
        assert owner.delete(path).status_code == 204
        assert engine.statuses([job.id]) == ["cancelled"]
        assert engine.kinds(job.id) == ["queued", "cancelled"]


@pytest.mark.parametrize("table", WRITTEN)
def test_cancelling_waits_a_second_for_a_table_that_is_altered(owner: Caller, table: LiteralString) -> None:
    paths = [made(owner) for made in WRITTEN[table]]
    with table_held(table):
        assert_refused_after_a_second(owner, paths)
    assert [owner.delete(path).status_code for path in paths] == [204] * len(paths)


def test_cancelling_waits_a_second_for_all_of_them_together(owner: Caller) -> None:
    """Who holds one row lets go before the second is over, but then another row is held."""
    body = {"jobs": [PROBE] * 12}
    path = f"{BATCHES}/{data_of(owner.post(BATCHES, body), 201)['batch_id']}"
    holders = [ExitStack() for _ in range(12)]
    for holder, job in zip(holders, Job.objects.order_by("id"), strict=True):
        holder.enter_context(row_held("aijobs_job", job.id))
    timers = [Timer(0.8 * number, holder.close) for number, holder in enumerate(holders, start=1)]
    for timer in timers:
        timer.start()
    error_of(owner.delete(path), 409, "TRY_AGAIN")
    for timer, holder in zip(timers, holders, strict=True):
        timer.cancel()
        timer.join()
        holder.close()
    assert owner.delete(path).status_code == 204


@pytest.mark.parametrize("made", [a_job, a_batch, a_member])
@pytest.mark.parametrize("code", [DEADLOCK, CONFLICT])
def test_cancelling_is_done_once_more_where_another_was_preferred(
    owner: Caller, made: Callable[[Caller], str], code: str
) -> None:
    path = made(owner)
    with given_up(code, times=1):
        assert owner.delete(path).status_code == 204
    other = made(owner)
    with given_up(code, times=2):
        error_of(owner.delete(other), 409, "TRY_AGAIN")
    assert owner.delete(other).status_code == 204
    assert {kind for job in Job.objects.filter(status="cancelled") for kind in engine.kinds(job.id)} == {
        "queued",
        "cancelled",
    }


@pytest.mark.parametrize("code", [DEADLOCK, CONFLICT])
def test_a_dispatch_is_done_once_more_where_another_was_preferred(owner: Caller, code: str) -> None:
    with given_up(code, times=1):
        data_of(owner.post(JOBS, PROBE, **{"idempotency-key": "order-1"}), 201)
    with given_up(code, times=2):
        error_of(owner.post(JOBS, PROBE, **{"idempotency-key": "order-2"}), 503, "DATABASE_BUSY")
    data_of(owner.post(JOBS, PROBE, **{"idempotency-key": "order-2"}), 201)
    assert Job.objects.count() == 2


def test_a_statement_that_took_too_long_is_not_tried_again(owner: Caller) -> None:
    """It would take as long once more; the caller knows whether it has the time."""
    with given_up(CANCELED, times=1):
        response = owner.post(JOBS, PROBE)
    error_of(response, 503, "DATABASE_BUSY")
    assert int(response["Retry-After"]) >= 1


@pytest.mark.parametrize("cause", [DeadlockDetected, QueryCanceled])
def test_a_database_that_gave_up_is_not_away(
    owner: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, cause: type[Exception]
) -> None:
    def give_up() -> None:
        raise OperationalError("given up") from cause("given up")

    monkeypatch.setattr(types, "show_types", give_up)
    error_of(owner.get(f"{JOBS}/types"), 503, "DATABASE_BUSY")
    assert "unavailable:" not in caplog.text


def test_the_admin_too_answers_503_where_the_database_is_away(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **named: object) -> None:
        raise OperationalError("connection to 10.0.0.1 failed")

    monkeypatch.setattr("django.contrib.sessions.backends.db.SessionStore.load", fail)
    response = HTTP.get("/admin/", headers={"cookie": f"sessionid={'a' * 32}"})
    assert "10.0.0.1" not in str(error_of(response, 503, "SERVICE_UNAVAILABLE"))
    assert int(response["Retry-After"]) >= 1
