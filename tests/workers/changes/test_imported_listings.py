"""Texts that an import of listings changes: in the audit beside those that jobs change."""

import json

import pytest

from tests.clients import Caller
from tests.workers.catalogue.steps import NDJSON, add_products, listed, report
from workers.catalogue.models import Listing
from workers.changes.models import Change, ListingPolicy

pytestmark = pytest.mark.django_db

HEADER = "sku,title,bullet_1,description\n"


@pytest.fixture
def seller(owner: Caller) -> Caller:
    add_products(owner, "A", "B")
    report(owner, "listings", HEADER + "A,Bottle,Cold,Steel.\nB,Cup,Warm,Clay.\n")
    return owner


def changed(who: Caller) -> list[tuple[str, list[dict[str, object]]]]:
    return [(each["sku"], each["changes"]) for each in listed(who, "listing-changes")]


def test_new_listings_are_no_changes(seller: Caller) -> None:
    assert changed(seller) == []


def test_the_texts_that_changed_are_in_the_audit(seller: Caller) -> None:
    told = report(seller, "listings", HEADER + "A,Steel bottle,Cold,Steel.\nB,Cup,Warm,Clay.\n")
    assert (told["imported"], told["updated"], told["prices_changed"]) == (0, 2, 0)
    [shown] = listed(seller, "listing-changes")
    assert (shown["sku"], shown["reason"], shown["status"]) == ("A", "IMPORTED", "applied")
    assert (shown["job_id"], shown["reverts"], shown["warnings"]) == (None, None, [])
    assert shown["changes"] == [{"field": "title", "before": "Bottle", "after": "Steel bottle"}]


def test_bullets_are_recorded_as_lists(seller: Caller) -> None:
    body = json.dumps({"sku": "A", "bullets": ["Two", "One"]})
    report(seller, "listings", body, content_type=NDJSON)
    assert changed(seller) == [("A", [{"field": "bullets", "before": ["Cold"], "after": ["Two", "One"]}])]


def test_the_same_file_again_and_other_columns_change_nothing(seller: Caller) -> None:
    report(seller, "listings", HEADER + "A,Bottle,Cold,Steel.\n")
    report(seller, "listings", "sku,images\nA,6\n")
    assert changed(seller) == []


def test_a_dry_run_records_nothing(seller: Caller) -> None:
    told = report(seller, "listings", HEADER + "A,Steel bottle,Cold,Steel.\n", dry_run="true")
    assert (told["updated"], told["prices_changed"], changed(seller)) == (1, 0, [])


def test_it_is_reverted_once_and_not_over_a_later_text(seller: Caller) -> None:
    for title in ("Steel bottle", "Iron bottle"):
        report(seller, "listings", f"sku,title\nA,{title}\n")
    later, first = (each["id"] for each in listed(seller, "listing-changes"))
    path = "/api/catalogue/listing-changes/{}/revert"
    assert seller.post(path.format(first)).json()["error"]["code"] == "NOT_REVERTIBLE"
    assert seller.post(path.format(later)).status_code == 201
    assert Listing.objects.get(product__sku="A").title == "Steel bottle"
    assert seller.post(path.format(later)).json()["error"]["code"] == "NOT_REVERTIBLE"


def test_it_counts_for_no_daily_limit(seller: Caller) -> None:
    ListingPolicy.objects.create(tenant=seller.tenant, max_changes_per_day=1)
    report(seller, "listings", "sku,title\nA,Steel bottle\n")
    assert Change.objects.decided().count() == 0


def test_another_tenant_does_not_see_it(seller: Caller, outsider: Caller) -> None:
    report(seller, "listings", "sku,title\nA,Steel bottle\n")
    assert changed(outsider) == []
    [shown] = listed(seller, "listing-changes")
    assert outsider.post(f"/api/catalogue/listing-changes/{shown['id']}/revert").status_code == 404
