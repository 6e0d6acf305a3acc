"""How PostgreSQL finds what the lists of the admin ask for, where tables are long: by an index, never by all rows.
And that they ask for a page and a bounded count.

The tables are empty here, and to read one whole would be right. So PostgreSQL is told that this, and sorting, cost a
great deal: what it still does so, it has no index for.
"""

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from aijobs.models import Batch, BulkAction, IdempotencyKey, Job, JobEvent
from tests.aijobs.admin.test_bounds import assert_bounded
from tests.factories import ProductFactory, TenantFactory
from workers.assistants.models import MonthlyUsage
from workers.catalogue.admin import OfProductsAdmin
from workers.catalogue.models import Product, Removal
from workers.changes.models import Change

pytestmark = pytest.mark.django_db

OF_PRODUCTS = [model for model, each in admin.site._registry.items() if isinstance(each, OfProductsAdmin)]
LONG: list[type[Model]] = [Batch, BulkAction, Change, IdempotencyKey, Job, JobEvent, LogEntry, MonthlyUsage, Product]
LONG = sorted([*LONG, *OF_PRODUCTS, Removal], key=lambda each: str(each._meta.label))
TABLES = {model._meta.db_table for model in LONG}
# Of these there are few, which may be sorted: those of one SKU, the months of a tenant.
FEW = {(model, "q") for model in (*OF_PRODUCTS, Change, Product)} | {(MonthlyUsage, "tenant"), (MonthlyUsage, "q")}
DEAR = ("enable_seqscan", "enable_sort")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for each in plan.get("Plans", ()):
        yield from nodes(each)


def plan_of(sql: str) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        for setting in DEAR:
            cursor.execute(f"SET LOCAL {setting} = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        [[plan]] = cursor.fetchall()
        for setting in DEAR:
            cursor.execute(f"SET LOCAL {setting} = on")
    return list(nodes((orjson.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def long_ways(sql: str, *, sorts: bool) -> list[str]:
    """What the statement does with all rows of a long table."""
    found = plan_of(sql)
    read = [f"reads {node['Relation Name']}" for node in found if node["Node Type"] == "Seq Scan"]
    # One that goes on in the order of an index ("Incremental Sort") sorts a few rows at a time.
    sorted_by = [f"sorts by {node['Sort Key']}" for node in found if node["Node Type"] == "Sort"]
    return [each for each in read if each.removeprefix("reads ") in TABLES] + (sorted_by if sorts else [])


def queries(model: type[Model]) -> Iterator[dict[str, str]]:
    """What a list offers: nothing chosen, a search, each filter by itself, and each with a tenant."""
    of_model = admin.site._registry[model]
    yield {}
    if of_model.search_fields:
        yield from ({"q": "shop"}, {"q": "SKU"})
    names = [f"{each}__exact" if isinstance(each, str) else str(each.parameter_name) for each in of_model.list_filter]  # type: ignore[union-attr]
    for name in names:
        value = {"tenant": "shop", "month": "2026-03"}.get(name, "1")
        yield {name: value}
        yield {name: value, **({"tenant": "shop"} if "tenant" in names else {})}


@pytest.mark.parametrize("model", LONG, ids=[each._meta.label for each in LONG])
def test_every_list_goes_by_an_index(admin_client: Client, model: type[Model]) -> None:
    ProductFactory(tenant=TenantFactory(name="shop"), sku="SKU")
    page = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    for query in queries(model):
        with CaptureQueriesContext(connection) as captured:
            assert admin_client.get(page, query).status_code == 200, query
        asked = [each["sql"] for each in captured.captured_queries]
        # Among the newest entries of the log, texts are looked for.
        if model is not LogEntry:
            assert_bounded([sql for sql in asked if f'FROM "{model._meta.db_table}"' in sql])
        of_the_list = [sql for sql in asked if model._meta.db_table in sql]
        sorts = not any((model, name) in FEW for name in query)
        for sql in of_the_list:
            if sql.startswith("SELECT"):
                assert "DISTINCT" not in sql
                assert long_ways(sql, sorts=sorts) == [], (query, sql)


def test_the_look_at_plans_sees_what_it_looks_for(admin_client: Client) -> None:
    assert long_ways("SELECT * FROM aijobs_job WHERE error_message = 'x' LIMIT 1", sorts=True) == ["reads aijobs_job"]
    assert long_ways("SELECT id FROM aijobs_job ORDER BY attempt", sorts=True)[-1] == "sorts by ['attempt']"
