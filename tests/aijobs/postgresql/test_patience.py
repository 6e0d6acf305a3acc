"""A server that says nothing is given up in time; one that goes on talking is not."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from aijobs.postgresql.connection import Connection
from aijobs.postgresql.patience import Patience, ServerSilent, patience
from tests.chaos.proxy import Proxy, Rule

LIMIT = 1.5
# A part comes in this time, on a busy machine too in less than the limit; all of them together take longer.
PAUSE = 0.2
PARTS = 9


class Slow(Rule):
    """Lets nothing of an answer pass while it is held, and the rest in its own time."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.goes_on.set()
        self.pause = 0.0

    def lets_request(self, data: bytes) -> bool:
        return self.goes_on.wait(60)

    def lets_answer(self, data: bytes) -> bool:
        threading.Event().wait(self.pause)
        return self.goes_on.wait(60)


@pytest.fixture
def rule() -> Iterator[Slow]:
    rule = Slow()
    yield rule
    rule.goes_on.set()


@pytest.fixture
def parameters(db: None, rule: Slow, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """How to connect by way of the rule."""
    address = ".s.PGSQL.5432"
    found = connection.get_connection_params()
    proxy = Proxy(tmp_path / address, Path(found["host"]) / address, lambda: rule)
    yield found | {"host": str(tmp_path), "autocommit": True}
    rule.goes_on.set()
    proxy.close()


@pytest.fixture(autouse=True)
def _limited() -> Iterator[None]:
    patience.limit(LIMIT)
    yield
    patience.limit(None)


def test_a_silent_server_is_given_up_and_its_connection_closed(parameters: dict[str, Any], rule: Slow) -> None:
    with Connection.connect(**parameters) as own:
        own.execute("SELECT 1")
        rule.goes_on.clear()
        patience.limit(0.2)
        began = time.monotonic()
        with pytest.raises(ServerSilent):
            own.execute("SELECT 1")
        assert 0.2 <= time.monotonic() - began < 30
        assert own.closed


def test_an_answer_that_keeps_coming_may_take_longer(parameters: dict[str, Any], rule: Slow) -> None:
    with Connection.connect(**parameters) as own:
        rule.pause = PAUSE
        began = time.monotonic()
        rows = own.execute("SELECT repeat('x', 1000) FROM generate_series(1, 600)").fetchall()
        assert len(rows) == 600
        assert time.monotonic() - began > LIMIT


def test_what_is_sent_may_take_longer_while_it_is_taken(parameters: dict[str, Any], rule: Slow) -> None:
    """A COPY waits once for each part; the pauses between them, in which nothing is asked, do not count."""
    with Connection.connect(**parameters) as own, own.transaction():
        own.execute("CREATE TEMP TABLE taken (line text)")
        with own.cursor() as cursor, cursor.copy("COPY taken FROM STDIN") as copy:
            for _ in range(PARTS):
                threading.Event().wait(PAUSE)
                copy.write("x" * 1000 + "\n")
        assert own.execute("SELECT count(*) FROM taken").fetchone() == (PARTS,)


def test_without_a_limit_a_command_waits(parameters: dict[str, Any], rule: Slow) -> None:
    patience.limit(None)
    with Connection.connect(**parameters) as own:
        rule.goes_on.clear()
        threading.Timer(0.3, rule.goes_on.set).start()
        assert own.execute("SELECT 1").fetchone() == (1,)


def test_a_statement_given_up_halfway_leaves_no_connection_that_nobody_can_use(parameters: dict[str, Any]) -> None:
    """As a soft time limit does, which arrives as an exception while a statement is under way."""

    class Limit(Exception):
        pass

    def interrupted() -> Iterator[Any]:
        own.pgconn.send_query(b"SELECT pg_sleep(5)")
        yield 1
        raise Limit

    own = Connection.connect(**parameters)
    with pytest.raises(Limit):
        own.wait(interrupted())  # type: ignore[arg-type]
    assert own.closed
    with pytest.raises(psycopg.OperationalError):
        own.execute("SELECT 1")


def test_while_a_server_is_silent_one_waits_for_it_and_the_others_do_not() -> None:
    patience = Patience()
    patience.limit(60, refuse=True)
    patience.begin()
    patience.give_up()
    patience.admit()
    with pytest.raises(ServerSilent):
        patience.admit()
    patience.answered()
    patience.admit()
    patience.admit()


def test_a_slow_statement_beside_others_that_are_answered_closes_nobody_out() -> None:
    patience = Patience()
    patience.limit(60, refuse=True)
    patience.begin()
    other = threading.Thread(target=patience.answered)
    other.start()
    other.join()
    patience.give_up()
    patience.admit()
    patience.admit()
