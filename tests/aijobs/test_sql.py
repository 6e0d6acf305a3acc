"""The statements of the hot path, as psycopg takes them."""

import importlib
import pkgutil
from collections.abc import Iterator

import aijobs
import workers
from aijobs import sql


def statements() -> Iterator[tuple[str, str]]:
    for package in (aijobs, workers):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            for name, value in vars(importlib.import_module(found.name)).items():
                if isinstance(value, str) and "%(" in value:
                    yield f"{found.name}.{name}", value


def test_psycopg_remembers_where_the_parameters_of_each_statement_are() -> None:
    found = dict(statements())
    assert "aijobs.engine.statements.DISPATCH" in found
    assert {name: len(text) for name, text in found.items() if len(text) > sql.LONGEST_STATEMENT} == {}


def test_a_short_statement_is_the_same_without_its_layout() -> None:
    assert sql.short("\n    SELECT 1\n    -- Why.\n    WHERE a = '--'\n") == "SELECT 1 WHERE a = '--'"
