"""The log is told whole, once and in order, whoever writes at the same time and however long that takes."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from typing import Any
from uuid import UUID

import psycopg
import pytest
from django.db import connection
from django.db.models import Value
from django.db.models.functions import Cast

from aijobs import events, identifiers, sql
from aijobs.engine import lifecycle, priorities
from aijobs.events import START, Event, Position
from aijobs.filtering import JobFilter
from aijobs.models import JobEvent, Tenant
from aijobs.states import EventKind, Priority
from tests import engine
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory()
    return tenant


@contextmanager
def another_writer() -> Iterator[psycopg.Connection]:
    """A transaction that has a number, and stays open."""
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT pg_current_xact_id()")
        yield other
        other.rollback()


def told(found: list[Event]) -> list[tuple[str, int, str]]:
    return [(each.type, each.seq, each.status) for each in found]


def test_every_kind_has_a_public_name_and_a_status() -> None:
    assert {kind.public_name: kind.status_after for kind in EventKind} == {
        f"job.{kind}": engine.AFTER[kind] for kind in EventKind
    }


def test_a_jobs_log_is_told_as_it_happened(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.fail(engine.start(job_id), transient=True)
    engine.let_backoff_pass([job_id])
    lifecycle.cancel(job_id, tenant.id)
    found = events.of_job(tenant.id, job_id, 0, 10)
    assert told(found) == [
        ("job.queued", 1, "queued"),
        ("job.started", 2, "running"),
        ("job.retried", 3, "queued"),
        ("job.cancelled", 4, "cancelled"),
    ]
    assert [each.is_end for each in found] == [False, False, False, True]
    assert found[2].shown == {
        "id": f"evt_{identifiers.encode('', job_id)}_3",
        "type": "job.retried",
        "job_id": identifiers.encode("job_", job_id),
        "seq": 3,
        "at": found[2].shown["at"],
        "status": "queued",
        "attempt": 1,
        "data": {"code": "PROBE_FAILED", "message": "asked to fail"},
    }
    assert str(found[2].shown["at"]).endswith("Z")
    assert found[3].shown["data"] == {"reason": "REQUESTED"}
    assert told(events.of_job(tenant.id, job_id, 2, 1)) == [("job.retried", 3, "queued")]
    assert events.of_job(tenant.id, job_id, 4, 10) == []


def test_a_job_is_named_as_callers_know_it(tenant: Tenant) -> None:
    _, [first, second] = engine.dispatch_batch(tenant, 2)
    engine.fail(engine.start(first))
    last = events.of_job(tenant.id, second, 1, 10)[0]
    assert last.shown["data"] == {"reason": "PREDECESSOR_FAILED", "caused_by": identifiers.encode("job_", first)}


def test_nobody_sees_the_log_of_another_tenant(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    other = TenantFactory()
    assert events.of_job(other.id, job_id, 0, 10) == []
    assert events.of_tenant(other.id, START, 10) == events.Page([], START, False)


def test_many_readers_are_answered_by_one_statement(tenant: Tenant) -> None:
    other = TenantFactory()
    jobs = [*engine.dispatch(tenant, 3), *engine.dispatch(other, 2)]
    engine.start(jobs[3])
    of_jobs = events.of_jobs({jobs[3]: 0, jobs[0]: 0, jobs[1]: 1}, 10)
    assert [(each.job_id, each.seq) for each in of_jobs] == [(jobs[3], 1), (jobs[3], 2), (jobs[0], 1)]
    of_tenants = events.of_tenants({other.id: START, tenant.id: START}, 2)
    assert [each.job_id for each in of_tenants] == [jobs[3], jobs[4], jobs[0], jobs[1]]
    assert events.of_jobs({}, 10) == events.of_tenants({}, 10) == []


def test_a_tenants_log_goes_on_where_it_was_left(tenant: Tenant) -> None:
    jobs = engine.dispatch(tenant, 5)
    read, position, more = [], START, True
    while more:
        page = events.of_tenant(tenant.id, position, 2)
        assert len(page.events) <= 2
        read += [each.job_id for each in page.events]
        position, more = page.position, page.more
    assert read == jobs
    assert events.of_tenant(tenant.id, position, 2) == events.Page([], position, False)
    engine.start(jobs[1])
    assert [each.type for each in events.of_tenant(tenant.id, position, 2).events] == ["job.started"]


def test_what_commits_late_is_neither_missed_nor_told_twice(tenant: Tenant) -> None:
    """The one that began first commits last: its events have smaller numbers than what could be read before."""
    late, early, before = engine.dispatch(tenant, 3)
    with another_writer() as other:
        position = events.of_tenant(tenant.id, START, 10).position
        lifecycle.cancel(early, tenant.id)
        assert events.of_tenant(tenant.id, position, 10).events == []
        other.execute(
            "INSERT INTO aijobs_jobevent (job_id, seq, tenant_id, kind, attempt) VALUES (%s, 2, %s, 'cancelled', 0)",
            [late, tenant.id],
        )
        other.commit()
    assert [each.job_id for each in events.of_tenant(tenant.id, position, 10).events] == [late, early]
    assert before not in {each.job_id for each in events.of_tenant(tenant.id, position, 10).events}


def test_each_jobs_events_are_in_order_however_their_transactions_began(tenant: Tenant) -> None:
    [job_id, _] = engine.dispatch(tenant, 2)
    engine.fail(engine.start(job_id), transient=True)
    lifecycle.cancel(job_id, tenant.id)
    for order in permutations(range(1, 5)):
        for seq, place in enumerate(order, 1):
            in_transaction = Cast(Value(str(place)), JobEvent._meta.get_field("transaction"))
            JobEvent.objects.filter(job=job_id, seq=seq).update(transaction=in_transaction)
        for most in (1, 2, 3):
            assert told_in_steps(tenant, job_id, most) == [1, 2, 3, 4], (order, most)


def told_in_steps(tenant: Tenant, job_id: UUID, most: int) -> list[int]:
    """The seqs of a job's events, as who reads so many of the tenant's at a time may tell them."""
    seqs: list[int] = []
    position = START
    while found := events.of_tenants({tenant.id: position}, most):
        in_order = events.each_job_in_order({tenant.id: position}, found)
        seqs += sorted(each.seq for each in in_order if each.job_id == job_id)
        position = found[-1].position
    return seqs


def test_what_was_told_of_a_job_is_not_read_again(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    """A caller may change a job that waits as often as it likes."""
    [job_id] = engine.dispatch(tenant)
    for number in range(30):
        priorities.set_priority(job_id, tenant.id, Priority.HIGH if number % 2 else Priority.LOW)
    after = events.of_tenants({tenant.id: START}, 100)[-1].position
    lifecycle.cancel(job_id, tenant.id)
    found = events.of_tenants({tenant.id: after}, 100)
    read, rows = list[object](), sql.rows

    def count(*asked: Any) -> list[Any]:
        read.extend(answer := rows(*asked))
        return answer

    monkeypatch.setattr(sql, "rows", count)
    assert events.each_job_in_order({tenant.id: after}, found) == found
    assert len(read) == 1


def test_a_reader_from_now_on_gets_what_happens_then(tenant: Tenant) -> None:
    engine.dispatch(tenant)
    position = events.present()
    assert events.of_tenant(tenant.id, position, 10).events == []
    [job_id] = engine.dispatch(tenant)
    assert [each.job_id for each in events.of_tenant(tenant.id, position, 10).events] == [job_id]


def test_a_filter_asks_the_jobs_and_of_events_their_status(tenant: Tenant) -> None:
    high = engine.dispatch(tenant, priority=Priority.HIGH)[0]
    low = engine.dispatch(tenant, priority=Priority.LOW)[0]
    engine.complete(engine.start(high))
    lifecycle.cancel(low, tenant.id)

    def chosen(wanted: JobFilter) -> list[tuple[object, str]]:
        page = events.of_tenant(tenant.id, START, 10, wanted)
        assert not page.more
        assert page.position == events.of_tenant(tenant.id, START, 10).position
        return [(each.job_id, each.status) for each in page.events]

    assert chosen(JobFilter(priority="high")) == [(high, "queued"), (high, "running"), (high, "completed")]
    assert chosen(JobFilter(status=["completed", "cancelled"])) == [(high, "completed"), (low, "cancelled")]
    assert chosen(JobFilter(status=["cancelled"], priority="high")) == []
    assert chosen(JobFilter()) == [
        (high, "queued"),
        (low, "queued"),
        (high, "running"),
        (high, "completed"),
        (low, "cancelled"),
    ]


def test_a_page_with_a_filter_looks_through_so_many_events(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "STRETCH", 2)
    monkeypatch.setattr(events, "LOOKED_THROUGH", 4)
    engine.dispatch(tenant, 5)
    high = engine.dispatch(tenant, priority=Priority.HIGH)[0]
    wanted = JobFilter(priority="high")
    first = events.of_tenant(tenant.id, START, 10, wanted)
    assert (first.events, first.more) == ([], True)
    second = events.of_tenant(tenant.id, first.position, 10, wanted)
    assert [each.job_id for each in second.events] == [high]
    one = events.of_tenant(tenant.id, START, 1, JobFilter(priority="normal"))
    assert (len(one.events), one.more, one.position) == (1, True, one.events[0].position)


def test_a_position_is_what_was_given_and_nothing_else() -> None:
    position = Position(2**63, 17)
    assert Position.from_token(position.token) == position
    assert position < Position(2**63, 18) < Position(2**63 + 1, 0)
    for text in ("", "x", "é", "=", position.token + "=", position.token[:-1], "MS4", "MDEuMQ", "LTEuMQ"):
        assert Position.from_token(text) is None, text
    assert Position.from_token(Position(2**64, 1).token) is None
    assert Position.from_token(Position(1, 2**63).token) is None


def test_a_position_of_another_cluster_is_known_as_such(tenant: Tenant) -> None:
    engine.dispatch(tenant)
    assert events.is_possible(events.of_tenant(tenant.id, START, 10).position)
    assert events.is_possible(events.present())
    assert not events.is_possible(Position(2**60, 1))


@pytest.mark.parametrize("statement", ["OF_JOBS", "OF_TENANTS"])
def test_a_look_reads_an_index_however_long_the_log_is(tenant: Tenant, statement: str) -> None:
    [job_id] = engine.dispatch(tenant)
    parameters: dict[str, Any] = {
        "jobs": [job_id],
        "seqs": [0],
        "tenants": [tenant.id],
        "transactions": ["1"],
        "ids": [1],
        "most": 10,
    }
    with connection.cursor() as cursor:
        # Of an empty table any plan would do: where these are dear, what is left of them is what no index spares.
        dear = ("enable_seqscan", "enable_bitmapscan", "enable_sort")
        for each in dear:
            cursor.execute(f"SET {each} = off")
        cursor.execute(f"EXPLAIN {getattr(events, statement)}", parameters)
        plan = "\n".join(row[0] for row in cursor.fetchall())
        for each in dear:
            cursor.execute(f"RESET {each}")
    assert "Seq Scan" not in plan
    condition = "(seq > reader.seq)" if statement == "OF_JOBS" else "(ROW(transaction, id) > ROW("
    lines = [line for line in plan.splitlines() if "Index Cond" in line]
    assert lines
    assert all(condition in line for line in lines), plan
    # In the index's order: nothing is sorted but what was found.
    assert "->  Sort" not in plan, plan
