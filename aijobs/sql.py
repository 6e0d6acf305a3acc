"""One statement, one round trip: SQL on Django's connection, its rows as dataclasses.

A psycopg cursor of its own, because Django's binds on the client and never prepares; these few statements are the
hot path and are prepared once per connection.
"""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from django.db import InterfaceError, InternalError, OperationalError, connection
from django.db.models import Model, OrderBy, QuerySet
from psycopg.errors import (
    DeadlockDetected,
    LockNotAvailable,
    QueryCanceled,
    ReadOnlySqlTransaction,
    SerializationFailure,
)
from psycopg.rows import RowFactory, class_row, tuple_row

Row = TypeVar("Row")

# In a statement: to_char(… AT TIME ZONE 'UTC', {TIMESTAMP}) writes a moment as `shapes.timestamp` does.
TIMESTAMP: LiteralString = """'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'"""

# A database that restarts, fails over or is gone: trying again may help. Django turns psycopg's own errors, a pool's
# timeout included, into these.
CONNECTION_ERRORS = (OperationalError, InterfaceError)


# Those of them that say the opposite: the database is there, and has given this transaction up because of others.
UNDONE = (DeadlockDetected, SerializationFailure)
GIVEN_UP = (*UNDONE, LockNotAvailable, QueryCanceled)


def is_given_up(error: BaseException) -> bool:
    """Whether the database answered, and gave up: a deadlock, a time-out of a lock or of a statement."""
    return isinstance(error, LockTimeout) or isinstance(error.__cause__, GIVEN_UP)


def is_undone(error: BaseException) -> bool:
    """Whether all of the transaction was undone for another's sake: it can be done once more at once."""
    return isinstance(error.__cause__, UNDONE)


class LockTimeout(OperationalError):
    """Somebody else holds the row or the lock for longer than the statement's `lock_timeout`."""


def short(statement: LiteralString) -> LiteralString:
    """A statement without its indentation, and the comments that have a line of their own.

    Of one with more than 4,096 characters psycopg finds the parameters anew each time: 0.2 ms of a dispatch.
    """
    lines = (line.strip() for line in statement.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("--"))


def execute(statement: LiteralString, parameters: Mapping[str, object]) -> int:
    """Execute a statement of whose rows only their number matters, which it returns. Raises as `rows` does."""
    return len(_execute(tuple_row, statement, parameters))


def rows(row_type: type[Row], statement: LiteralString, parameters: Mapping[str, object]) -> list[Row]:
    """Execute a statement that returns rows. JSON columns arrive as text.

    Raises LockTimeout, and else Django's database errors.
    """
    return _execute(class_row(row_type), statement, parameters)


def _execute(factory: RowFactory[Row], statement: LiteralString, parameters: Mapping[str, object]) -> list[Row]:
    """Once more where a deadlock or a conflict has undone the statement, and it was all of the transaction."""
    try:
        return _execute_once(factory, statement, parameters)
    except OperationalError as error:
        if connection.in_atomic_block or not is_undone(error):
            raise
    return _execute_once(factory, statement, parameters)


def _execute_once(factory: RowFactory[Row], statement: LiteralString, parameters: Mapping[str, object]) -> list[Row]:
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    try:
        with connection.wrap_database_errors, psycopg.Cursor(raw, row_factory=factory) as cursor:
            cursor.execute(statement, parameters, prepare=True)
            return cursor.fetchall()
    except OperationalError as error:
        if isinstance(error.__cause__, LockNotAvailable):
            raise LockTimeout(str(error)) from error
        raise
    except InternalError as error:
        if isinstance(error.__cause__, ReadOnlySqlTransaction):
            # A replica that was, or has become, what the address stands for: as good as away.
            raise OperationalError(str(error)) from error.__cause__
        raise


M = TypeVar("M", bound=Model)


def merged(parts: Sequence[QuerySet[M]], order: Sequence[OrderBy], most: int) -> list[M]:
    """The first rows of lists that lie within each other, each of which an index has in this order.

    Asked for as one list, such as `status IN (…)`, no index has them in any order: all would be read and sorted.
    """
    first, *others = (part.order_by(*order)[:most] for part in parts)
    return list(first.union(*others, all=True).order_by(*order)[:most] if others else first)
