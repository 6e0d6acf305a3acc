"""Transactions that stay open are told, with what an operator needs to end them and nothing that they did."""

import re
from collections.abc import Iterator

import psycopg
import pytest
from django.db import connection

from aijobs.engine import transactions

SECRET = "the secret of a query"


@pytest.fixture
def other() -> Iterator[psycopg.Connection]:
    """Another client, in a transaction."""
    parameters = {**connection.get_connection_params(), "application_name": "pg_dump"}
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT %s", [SECRET])
        yield other
        other.rollback()


@pytest.mark.django_db(transaction=True)
def test_an_open_transaction_is_named_with_its_session_and_age(
    other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not [line for line in transactions.warnings(with_names=True) if "pg_dump" in line]
    monkeypatch.setattr(transactions, "OLD_SECONDS", 0.0)
    [line] = [line for line in transactions.warnings(with_names=True) if "pg_dump" in line]
    told = (
        r'The database session with process ID {} \(application "pg_dump"\) has had a transaction open for \d+ s\. '
    )
    assert re.match(told.format(other.info.backend_pid) + "Until it ends, ", line)
    assert SECRET not in line
    other.rollback()
    assert not [line for line in transactions.warnings(with_names=True) if "pg_dump" in line]


@pytest.mark.django_db
def test_what_a_role_may_not_see_is_said(other: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "OLD_SECONDS", 0.0)
    assert transactions.unseen() == []
    with connection.cursor() as cursor:
        cursor.execute("CREATE ROLE seller_of_nothing")
        cursor.execute("SET LOCAL ROLE seller_of_nothing")
    assert transactions.warnings(with_names=True) == []
    [line] = transactions.unseen()
    assert "pg_read_all_stats" in line
