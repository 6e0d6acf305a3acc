"""A hundred thousand returns in one job, with a crash in the middle: within 600 MB, and nothing twice."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product as pairs
from typing import Any

import psutil
import pytest
from django.db import connection

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.jobs.return_classify.steps import (
    LAST,
    Killed,
    Watched,
    counts,
    dispatched,
    next_attempt,
    result_of,
)
from workers.running import execute

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]

MOST_BYTES = 600_000_000
WHATS = ("The zipper", "One sleeve", "The lid", "My size", "The colour", "This lamp", "The left shoe", "The box")
HOWS = (
    "is broken",
    "is too small",
    "never arrived",
    "is not what the picture shows",
    "stopped working",
    "is too big",
)
PRODUCTS = """
INSERT INTO catalogue_product (tenant_id, marketplace, sku, title, price, category)
SELECT %(tenant)s, 'amazon_us', 'S' || number, 'Bottle ' || number, 20, 'C' || number %% 20
FROM generate_series(1, 2000) AS number
"""
SALES = """
INSERT INTO catalogue_sale (product_id, tenant_id, marketplace, date, price, units)
SELECT id, tenant_id, marketplace, %(last)s::date - day, 20, 5 FROM catalogue_product, generate_series(0, 179) AS day
"""
RETURNS = """
INSERT INTO catalogue_return (product_id, tenant_id, marketplace, return_id, date, comment, "order")
SELECT ids[1 + number %% 2000], %(tenant)s, 'amazon_us', 'R' || number, %(last)s::date - number * 7 %% 180,
    texts[1 + number * 11 %% array_length(texts, 1)], lpad((number %% 60000)::text, 32, '0')
FROM generate_series(1, 100000) AS number,
    (SELECT array_agg(id ORDER BY id) AS ids FROM catalogue_product) AS products,
    (SELECT %(texts)s::text[] AS texts) AS written
"""


@contextmanager
def watched_memory() -> Iterator[list[int]]:
    """The most that this process has in memory meanwhile, in bytes."""
    process, most, over = psutil.Process(), [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.02):
            most[0] = max(most[0], process.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        over.set()
        watcher.join()


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Has 2,000 products, 360,000 sales and 100,000 returns."""
    texts = [f"{what} {how}" for what, how in pairs(WHATS, HOWS)]
    parameters: dict[str, Any] = {"tenant": owner.tenant.pk, "last": LAST, "texts": texts}
    with connection.cursor() as cursor:
        for statement in (PRODUCTS, SALES, RETURNS):
            cursor.execute(statement, parameters)
        cursor.execute("ANALYZE")
    return owner


def test_a_hundred_thousand_returns_go_through_in_spite_of_a_crash(seller: Caller, classifier: Watched) -> None:
    job = Job.objects.get(id=dispatched(seller))
    classifier.kill_at(101)
    with watched_memory() as most:
        with pytest.raises(Killed):
            execute(engine.start(job.id))
        classifier.before_answer = lambda call: None
        ended = next_attempt(job)
    assert counts(ended) == (100_000, 100_000, 0)
    # One chunk was in its hands when the process died.
    assert len(classifier.seen) == 100_500
    assert most[0] < MOST_BYTES
    result = result_of(ended)
    assert (len(result["skus"]), result["sku_count"], result["return_count"]) == (1000, 2000, 100_000)
