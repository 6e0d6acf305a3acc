"""Django's backend for PostgreSQL on our connections: ENGINE is "aijobs.postgresql"."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, cast

import psycopg
from django.db.backends.postgresql import base, operations
from psycopg import IsolationLevel
from psycopg.pq import PipelineStatus, TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import ConnectionPool

from aijobs.postgresql.connection import Connection
from aijobs.postgresql.patience import patience
from aijobs.shapes import nearest_in_utc

Pool = ConnectionPool[Connection[Any]]
# DISCARD ALL but for the prepared statements, which the engine goes on with. One round trip.
AS_NEW = """
RESET ALL; SET SESSION AUTHORIZATION DEFAULT; CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all();
DISCARD TEMP; DISCARD SEQUENCES
"""
IN_TRANSACTION = (TransactionStatus.INTRANS, TransactionStatus.INERROR)


class DatabaseOperations(operations.DatabaseOperations):
    def adapt_datetimefield_value(self, value: datetime | None) -> datetime | None:  # type: ignore[override]  # a text elsewhere
        """In UTC: the server refuses offsets of sixteen hours and more, which an address or a form may have."""
        return None if value is None else nearest_in_utc(value)


class _Lent:
    """Which thread has which connection of the pool: a thread that ends without giving it back would keep it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._threads: dict[Connection[Any], threading.Thread] = {}
        # How many handlers run: connections that other threads take meanwhile are theirs.
        self.handlers = 0

    def add(self, connection: Connection[Any]) -> None:
        with self._lock:
            self._threads[connection] = threading.current_thread()

    def remove(self, connection: Connection[Any]) -> None:
        with self._lock:
            self._threads.pop(connection, None)

    def of_ended_threads(self) -> list[Connection[Any]]:
        with self._lock:
            ended = [each for each, thread in self._threads.items() if not thread.is_alive()]
            for connection in ended:
                del self._threads[connection]
            return ended

    def forget(self) -> None:
        """In a forked process, which has none of them."""
        self._lock = threading.Lock()
        self._threads.clear()


lent = _Lent()
os.register_at_fork(after_in_child=lent.forget)


class DatabaseWrapper(base.DatabaseWrapper):
    ops_class = DatabaseOperations
    pool: Pool | None
    connection: Connection[Any] | None

    # Set while a handler uses this connection, see `lend`.
    borrowed = False
    # Of a thread of the engine's, such as the heartbeat: what it takes while a handler runs is not the handler's.
    of_engine = False

    def __init__(self, settings_dict: dict[str, Any], *args: Any, **options: Any) -> None:
        super().__init__(settings_dict, *args, **options)
        if pool := self.settings_dict["OPTIONS"].get("pool"):
            pool["connection_class"] = Connection

    def get_new_connection(self, conn_params: dict[str, Any]) -> Connection[Any]:
        patience.admit()
        patience.begin()
        if not self.pool:
            self.isolation_level = IsolationLevel.READ_COMMITTED
            return Connection.connect(**conn_params)
        self._reclaim()
        try:
            connection = cast("Connection[Any]", super().get_new_connection(conn_params))
        except psycopg.OperationalError:
            patience.give_up()
            raise
        patience.connected()
        connection.borrowed = lent.handlers > 0 and not self.of_engine
        lent.add(connection)
        return connection

    def _reclaim(self) -> None:
        """A thread that ends takes its connection along, and ten such threads would be the whole pool."""
        for connection in lent.of_ended_threads():
            _clean(connection)
            if self.pool is not None:
                self.pool.putconn(connection)

    def _close(self) -> None:
        if self.connection is not None:
            lent.remove(self.connection)
            if self.borrowed or self.connection.borrowed:
                _clean(self.connection)
        super()._close()  # type: ignore[misc]  # missing in the stubs

    def drop_idle(self) -> None:
        """After a connection was lost: the idle ones were too, so none of them shall cost a request of its own."""
        self.close()
        if self.pool is not None:
            self.pool.drain()

    @contextmanager
    def lend(self) -> Iterator[None]:
        """Let other code use this thread's connection: what it leaves behind ends with it.

        A transaction, settings, locks, cursors, temporary tables. Costs nothing where the connection was not used,
        and a round trip where it was. Inside a transaction of the caller's (a test's) nothing is taken back.
        """
        if self.in_atomic_block or self.borrowed:
            yield
            return
        connection = self.connection
        waits = connection.waits if connection else 0
        self.borrowed = True
        lent.handlers += 1
        try:
            yield
        finally:
            lent.handlers -= 1
            self.borrowed = False
            self._reclaim()
            if (
                self.in_atomic_block
                or self.connection is not connection
                or (connection and connection.waits != waits)
            ):
                self._take_back()

    def _take_back(self) -> None:
        """The connection as new, back in the pool; and what Django remembers of it forgotten at the next connect."""
        try:
            if self.connection is not None:
                _clean(self.connection)
        finally:
            self.in_atomic_block = self.closed_in_transaction = False
            self.close()


def _clean(connection: Connection[Any]) -> None:
    """For the pool, which goes on with it. What was left so that it cannot be as new is closed: the pool says so in
    the log, and makes another."""
    if not connection.closed and not _made_as_new(connection):
        connection.close()
    connection.borrowed = False


def _made_as_new(connection: Connection[Any]) -> bool:
    """False where it cannot be, or where that would cost more than another connection."""
    try:
        if connection.pgconn.transaction_status in IN_TRANSACTION:
            connection.rollback()
        if not _is_idle(connection):
            return False
        connection.autocommit = True
        with psycopg.Cursor(connection) as cursor:
            cursor.execute(AS_NEW, prepare=False)
    except psycopg.Error:
        # Inside psycopg's own transaction(), or gone.
        return False
    return True


def _is_idle(connection: Connection[Any]) -> bool:
    """Nothing is going on in it, and its attributes are those that it was made with."""
    attributes = (connection.isolation_level, connection.read_only, connection.deferrable)
    return (
        connection.pgconn.transaction_status == TransactionStatus.IDLE
        and connection.pgconn.pipeline_status == PipelineStatus.OFF
        and connection.row_factory is tuple_row
        and attributes == (None, None, None)
    )
