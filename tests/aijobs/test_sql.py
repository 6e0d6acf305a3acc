"""The statements of the hot path, as psycopg takes them."""

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from psycopg._queries import MAX_CACHED_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_PARAMS

import aijobs
import workers
from aijobs import sql
from aijobs.shapes import timestamp


def statements() -> Iterator[tuple[str, str]]:
    for package in (aijobs, workers):
        modules = (found.name for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
        # Training has packages of its own, and no statements.
        for module in (each for each in modules if ".training." not in each):
            for name, value in vars(importlib.import_module(module)).items():
                if isinstance(value, str) and "%(" in value:
                    yield f"{module}.{name}", value


# Asked for every few seconds: what psycopg takes to read them is nothing beside what they do.
SELDOM = {"aijobs.admin.dashboard.statements._LIVE", "aijobs.engine.rollups.COUNT"}


def test_psycopg_remembers_where_the_parameters_of_each_statement_are() -> None:
    found = {name: text for name, text in statements() if name not in SELDOM}
    assert "aijobs.engine.statements.DISPATCH" in found
    sizes = {name: (len(text.encode()), text.count("%(")) for name, text in found.items()}
    most = (MAX_CACHED_STATEMENT_LENGTH, MAX_CACHED_STATEMENT_PARAMS)
    assert {name: size for name, size in sizes.items() if size[0] > most[0] or size[1] > most[1]} == {}


@dataclass(frozen=True)
class Written:
    text: str


@pytest.mark.django_db
@pytest.mark.parametrize("microsecond", [0, 7_000, 999_999])
def test_a_statement_writes_a_moment_as_everything_does(microsecond: int) -> None:
    at = datetime(2026, 3, 12, 2, 3, 4, microsecond, timezone(timedelta(hours=5, minutes=30)))
    write = f"SELECT to_char(%(at)s::timestamptz AT TIME ZONE 'UTC', {sql.TIMESTAMP}) AS text"
    assert sql.rows(Written, write, {"at": at}) == [Written(timestamp(at))]


def test_a_short_statement_is_the_same_without_its_layout() -> None:
    written = "\n    SELECT 1 -- What.\n\n    -- Why.\n    WHERE a = '--'\n"
    assert sql.short(written) == "SELECT 1 -- What.\nWHERE a = '--'"
