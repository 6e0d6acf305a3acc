"""How chunks are stored: what was found is read once, and not compared with itself, row by row."""

import re

import pytest
from django.db import connection

from workers.jobs.return_classify import classifying
from workers.jobs.review_sentiment import statements


@pytest.mark.django_db
@pytest.mark.parametrize(("statement", "arrays"), [(statements.STORE, "analysed"), (classifying.STORE, "classified")])
def test_a_chunk_takes_time_by_its_rows_and_not_by_their_square(statement: str, arrays: str) -> None:
    """The plan is the one of prepared statements, which knows nothing of how many rows there are."""
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", statement)))
    numbered = re.sub(r"%\((\w+)\)s", lambda found: f"${names.index(found[1]) + 1}", statement)
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {numbered}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert plan.count("Function Scan") == 1
    assert plan.count(f"CTE Scan on {arrays}") <= 1, plan
