"""One statement, one round trip: SQL on Django's connection, its rows as dataclasses.

A psycopg cursor of its own, because Django's binds on the client and never prepares; these few statements are the
hot path and are prepared once per connection.
"""

from collections.abc import Mapping
from typing import Any, LiteralString, TypeVar, cast

import psycopg
from django.db import InterfaceError, OperationalError, connection
from psycopg.rows import class_row

Row = TypeVar("Row")

# A database that restarts, fails over or is gone: trying again may help. Django turns psycopg's own errors, a pool's
# timeout included, into these.
CONNECTION_ERRORS = (OperationalError, InterfaceError)


def rows(row_type: type[Row], statement: LiteralString, parameters: Mapping[str, object]) -> list[Row]:
    """Execute a statement that returns rows. JSON columns arrive as text. Raises Django's database errors."""
    connection.ensure_connection()
    raw = cast("psycopg.Connection[Any]", connection.connection)
    with connection.wrap_database_errors, psycopg.Cursor(raw, row_factory=class_row(row_type)) as cursor:
        cursor.execute(statement, parameters, prepare=True)
        return cursor.fetchall()
