"""Others in the database: a session that holds a row, and a deadlock that is always decided against us."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString
from uuid import UUID

import psycopg
from django.db import connection
from psycopg import sql

GIVE_UP = """
CREATE SEQUENCE given_up;
CREATE FUNCTION give_up() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- A sequence counts also what is rolled back.
    IF nextval('given_up') <= {times} THEN
        RAISE EXCEPTION 'given up for a test' USING ERRCODE = {code};
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER give_up BEFORE INSERT OR UPDATE ON aijobs_job FOR EACH STATEMENT EXECUTE FUNCTION give_up();
"""


def another_session() -> psycopg.Connection:
    parameters = connection.get_connection_params()
    del parameters["cursor_factory"]
    own: psycopg.Connection = psycopg.connect(**parameters)
    return own


@contextmanager
def row_held(table: LiteralString, row: UUID | int) -> Iterator[None]:
    """Another session has locked the row, as a worker that froze in a transaction has."""
    with another_session() as own:
        own.execute(sql.SQL("SELECT FROM {} WHERE id = %s FOR UPDATE").format(sql.Identifier(table)), [row])
        yield
        own.rollback()


@contextmanager
def table_held(table: LiteralString) -> Iterator[None]:
    """Another session has locked the whole table, as one that alters it does."""
    with another_session() as own:
        own.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))
        yield
        own.rollback()


@contextmanager
def given_up(code: str, times: int) -> Iterator[None]:
    """The first writes of jobs end with this error of PostgreSQL's."""
    with connection.cursor() as cursor:
        # Django's cursor knows nothing of psycopg's statements.
        script = sql.SQL(GIVE_UP).format(times=sql.Literal(times), code=sql.Literal(code))
        cursor.execute(script.as_string())
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP FUNCTION give_up CASCADE; DROP SEQUENCE given_up")
