"""DELETE /api/catalogue/products, /sales and /offers."""

from contextlib import ExitStack
from datetime import date
from typing import Any
from urllib.parse import urlencode

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import ApiKey
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products, listed, report
from workers.catalogue import removal
from workers.catalogue.api import kinds
from workers.catalogue.kinds import KINDS
from workers.catalogue.models import Offer, Product, Removal, Sale, Scan
from workers.changes.models import Change

pytestmark = pytest.mark.django_db

DAYS = ["2026-03-10", "2026-03-11", "2026-03-12"]
SALES = "sku,date,price,units\n" + "".join(f"{sku},{day},10,1\n" for sku in "AB" for day in DAYS)
MOMENTS = ["2026-03-10T00:00:00Z", "2026-03-11T23:59:59.999999Z", "2026-03-12T00:00:00+02:00"]
OFFERS = "sku,seller,price,fetched_at\n" + "".join(f"{sku},Rival,9,{at}\n" for sku in "AB" for at in MOMENTS)


def send(who: Caller, kind: str, **query: object) -> Any:
    wanted = {"marketplace": MARKETPLACE, **query}
    asked = {name.rstrip("_"): value for name, value in wanted.items() if value is not None}
    return who.delete(f"/api/catalogue/{kind}?{urlencode(asked)}")


def removed(who: Caller, kind: str, **query: object) -> dict[str, Any]:
    response = send(who, kind, **query)
    assert response.status_code == 200, response.content
    data: dict[str, Any] = response.json()["data"]
    return data


def fill(who: Caller) -> None:
    add_products(who, "A", "B")
    report(who, "sales", SALES)
    report(who, "offers", OFFERS)
    for product in Product.objects.of(who.tenant.pk):
        Scan.objects.create(
            product=product,
            job_id=identifiers.new_id(),
            scanned_at=now(),
            conditions=["new"],
            fetched=True,
            sellers=[],
        )


@pytest.fixture
def seller(owner: Caller) -> Caller:
    fill(owner)
    return owner


def counts() -> tuple[int, int, int, int]:
    return Product.objects.count(), Sale.objects.count(), Offer.objects.count(), Scan.objects.count()


def change(product: Product, status: str = "applied") -> Change:
    return Change.objects.create(
        tenant_id=product.tenant_id,
        product=product,
        marketplace=product.marketplace,
        sku=product.sku,
        currency=product.currency,
        kind="price",
        before="9",
        after="10",
        status=status,
    )


# --- Sales and offers -------------------------------------------------------------------------------------------


# What is asked for, and the sales that are left.
REMOVALS: list[tuple[dict[str, str], list[tuple[str, str]]]] = [
    ({"sku": "A"}, [("B", day) for day in DAYS]),
    ({"from_": "2026-03-11"}, [("A", DAYS[0]), ("B", DAYS[0])]),
    ({"to": "2026-03-11"}, [("A", DAYS[2]), ("B", DAYS[2])]),
    ({"from_": "2026-03-11", "to": "2026-03-12", "sku": "B"}, [*(("A", day) for day in DAYS), ("B", DAYS[0])]),
    ({"sku": "Z"}, [(sku, day) for sku in "AB" for day in DAYS]),
    ({"to": "0001-01-01"}, [(sku, day) for sku in "AB" for day in DAYS]),
    ({"to": "9999-12-31"}, []),
    ({"all": "true"}, []),
]


def test_sales_are_removed_by_sku_and_days(seller: Caller) -> None:
    for query, left in REMOVALS:
        expected = {"deleted": 6 - len(left), "dry_run": False}
        assert removed(seller, "sales", **query, dry_run="true") == expected | {"dry_run": True}, query
        assert counts() == (2, 6, 6, 2)
        assert removed(seller, "sales", **query) == expected, query
        found = Sale.objects.order_by("product__sku", "date").values_list("product__sku", "date")
        assert [(sku, day.isoformat()) for sku, day in found] == left, query
        assert counts() == (2, len(left), 6, 2)
        report(seller, "sales", SALES)


def test_offers_are_removed_by_the_day_of_utc_on_which_they_were_fetched(seller: Caller) -> None:
    """Midnight in Kyiv is still the day before."""
    assert removed(seller, "offers", from_="2026-03-11", to="2026-03-11", dry_run="true")["deleted"] == 4
    assert removed(seller, "offers", from_="2026-03-11", to="2026-03-11")["deleted"] == 4
    assert {each.fetched_at.isoformat() for each in Offer.objects.all()} == {"2026-03-10T00:00:00+00:00"}
    assert removed(seller, "offers", from_="2026-03-10", to="2026-03-10", sku="A")["deleted"] == 1
    assert removed(seller, "offers", all="true")["deleted"] == 1
    assert counts() == (2, 6, 0, 2)


def test_many_rows_are_removed_in_several_transactions(seller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removal, "MOST_ROWS", 2)
    for kind in ("sales", "offers"):
        assert removed(seller, kind, all="true")["deleted"] == 6, kind
        assert listed(seller, kind) == []
        assert Removal.objects.get(kind=kind).deleted[kind] == 6, kind


def test_products_with_many_rows_are_removed_in_several_transactions(
    seller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "MOST_ROWS", 2)
    monkeypatch.setattr(removal, "MOST_PRODUCTS", 1)
    assert removed(seller, "products", all="true")["deleted"] == 2
    assert counts() == (0, 0, 0, 0)
    assert Removal.objects.get().deleted["products"] == 2


# --- Products ---------------------------------------------------------------------------------------------------


def test_a_product_goes_with_all_that_belongs_to_it(seller: Caller) -> None:
    none = dict.fromkeys(removal.DEPENDENTS, 0)
    expected = {**none, "deleted": 1, "sales": 3, "offers": 3, "scans": 1, "refused": 0, "skipped": []}
    assert removed(seller, "products", sku="A", dry_run="true") == {**expected, "dry_run": True}
    assert counts() == (2, 6, 6, 2)
    assert removed(seller, "products", sku="A") == {**expected, "dry_run": False}
    assert counts() == (1, 3, 3, 1)
    assert [each["sku"] for each in listed(seller, "products")] == ["B"]
    assert removed(seller, "products", sku="A")["deleted"] == 0


def test_products_whose_price_is_on_its_way_are_left_and_named(seller: Caller) -> None:
    add_products(seller, "C")
    for sku, status in (("A", "pending"), ("C", "unknown")):
        change(Product.objects.get(sku=sku), status)
    for dry_run in ("true", "false"):
        told = removed(seller, "products", all="true", dry_run=dry_run)
        assert (told["deleted"], told["sales"], told["refused"]) == (1, 3, 2)
        assert told["skipped"] == [{"sku": sku, "reason": "CHANGE_IN_PROGRESS"} for sku in "AC"]
    assert counts() == (2, 3, 3, 1)
    assert Removal.objects.get().refused == 2
    Change.objects.update(status="applied")
    assert removed(seller, "products", all="true")["deleted"] == 2


def test_the_audit_of_a_removed_product_stays(seller: Caller) -> None:
    report(seller, "products", "sku,title,price\nA,a,8\nB,b,8\n")
    before = listed(seller, "price-changes")
    removed(seller, "products", sku="A")
    assert listed(seller, "price-changes") == before
    [shown] = listed(seller, "price-changes", sku="A")
    assert (shown["sku"], shown["before"], shown["after"]) == ("A", 10, 8)
    assert listed(seller, "price-changes", sku="A", marketplace=MARKETPLACE) == [shown]
    assert seller.get(f"/api/catalogue/price-changes/{shown['id']}").json()["data"] == shown


def test_a_change_of_a_removed_product_is_not_reverted_not_even_when_the_sku_is_back(seller: Caller) -> None:
    report(seller, "products", "sku,title,price\nA,a,8\n")
    [shown] = listed(seller, "price-changes")
    removed(seller, "products", sku="A")
    for _ in range(2):
        answer = seller.post(f"/api/catalogue/price-changes/{shown['id']}/revert")
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NOT_REVERTIBLE")
        assert "removed" in answer.json()["error"]["message"]
        add_products(seller, "A", price="8")


def test_a_sku_can_be_imported_again_and_its_audit_goes_on(seller: Caller) -> None:
    report(seller, "products", "sku,title,price\nA,a,8\n")
    removed(seller, "products", sku="A")
    add_products(seller, "A", price="7")
    add_products(seller, "A", price="6")
    assert [each["after"] for each in listed(seller, "price-changes", sku="A")] == [6, 8]


# --- Who, and what is asked -------------------------------------------------------------------------------------


def test_an_outsider_removes_only_the_own(seller: Caller, outsider: Caller, teammate: Caller) -> None:
    fill(outsider)
    for kind in ("sales", "offers", "products"):
        before = counts()
        assert removed(outsider, kind, all="true", marketplace="ebay")["deleted"] == 0
        assert counts() == before, kind
        mine = listed(seller, kind)
        removed(outsider, kind, all="true")
        assert listed(seller, kind) == mine != [], kind
        assert listed(outsider, kind) == [], kind
        removed(teammate, kind, all="true")
        assert listed(seller, kind) == [], kind


def test_another_marketplace_is_left_alone(seller: Caller) -> None:
    report(seller, "products", "sku,title,price\nA,a,10\nB,b,10\n", marketplace="ebay")
    report(seller, "sales", SALES, marketplace="ebay")
    report(seller, "offers", OFFERS, marketplace="ebay")
    for kind in ("sales", "offers", "products"):
        there = listed(seller, kind, marketplace="ebay")
        removed(seller, kind, all="true")
        removed(seller, kind, sku="A")
        assert listed(seller, kind) == there != [], kind


def test_a_key_needs_the_scope(seller: Caller) -> None:
    reader = caller(seller.tenant, scopes=("catalogue:read", "ai-jobs:write"))
    assert send(reader, "sales", all="true").status_code == 403
    assert send(Caller(seller.tenant, "aij_nobody"), "sales", all="true").status_code == 401
    assert counts() == (2, 6, 6, 2)
    assert not Removal.objects.exists()


# And which parameter is told.
UNCLEAR: list[tuple[str, dict[str, Any], str]] = [
    ("sales", {}, "all"),
    ("products", {}, "all"),
    ("sales", {"all": "false"}, "all"),
    ("sales", {"all": "yes"}, "all"),
    ("sales", {"all": "true", "sku": "A"}, "all"),
    ("offers", {"all": "true", "from_": "2026-03-12"}, "all"),
    ("sales", {"marketplace": None, "sku": "A"}, "marketplace"),
    ("sales", {"marketplace": "Amazon US", "sku": "A"}, "marketplace"),
    ("sales", {"sku": ""}, "sku"),
    ("products", {"sku": "A\x00"}, "sku"),
    ("products", {"from_": "2026-03-12"}, "from"),
    ("products", {"to": "2026-03-12"}, "to"),
    ("sales", {"from_": "12.03.2026"}, "from"),
    ("sales", {"to": "20260312"}, "to"),
    ("sales", {"to": "2026-02-30"}, "to"),
    ("sales", {"to": "２０２６-03-12"}, "to"),
    ("sales", {"from_": "2026-03-12", "to": "2026-03-11"}, "from"),
    ("sales", {"sku": "A", "dry_run": "1"}, "dry_run"),
    ("sales", {"sku": "A", "limit": "1"}, "limit"),
]


def test_what_is_not_clear_is_refused(seller: Caller) -> None:
    for kind, query, path in UNCLEAR:
        answer = send(seller, kind, **query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "INVALID_FILTER"), query
        assert [each["path"] for each in answer.json()["error"]["details"]] == [path], query
    assert counts() == (2, 6, 6, 2)
    assert not Removal.objects.exists()


def test_a_removal_takes_the_place_of_an_import_and_gives_it_back(seller: Caller) -> None:
    with ExitStack() as places:
        for _ in range(kinds.MOST_IMPORTS):
            places.enter_context(kinds.place())
        answer = send(seller, "sales", all="true")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "IMPORT_BUSY")
        assert counts() == (2, 6, 6, 2)
    for _ in range(kinds.MOST_IMPORTS + 1):
        removed(seller, "sales", all="true")


# --- The record -------------------------------------------------------------------------------------------------


def test_who_removed_what_is_recorded(seller: Caller) -> None:
    removed(seller, "sales", sku="A", from_="2026-03-11", to="2026-03-12")
    record = Removal.objects.get()
    assert (record.tenant, record.kind, record.marketplace, record.sku) == (seller.tenant, "sales", MARKETPLACE, "A")
    assert (record.first_day, record.last_day) == (date(2026, 3, 11), date(2026, 3, 12))
    assert (record.deleted, record.refused) == ({"sales": 2}, 0)
    assert seller.key.startswith(record.key_prefix)
    assert record.ended_at
    assert record.ended_at >= record.started_at
    ApiKey.objects.all().delete()
    record.refresh_from_db()
    assert (record.api_key, seller.key.startswith(record.key_prefix)) == (None, True)


def test_what_an_interrupted_removal_has_removed_is_recorded(seller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    class Interrupted:
        def __init__(self) -> None:
            self.left = 2

        def __call__(self) -> None:
            self.left -= 1
            if not self.left:
                raise RuntimeError("the process is gone")

    monkeypatch.setattr(removal, "MOST_ROWS", 2)
    monkeypatch.setattr("workers.catalogue.api.removal.GivingWay", Interrupted)
    assert send(seller, "products", all="true").status_code == 500
    record = Removal.objects.get()
    assert (record.deleted["products"], record.deleted["sales"], record.ended_at) == (0, 4, None)
    assert counts() == (2, 2, 6, 2)


def test_a_dry_run_is_not_recorded(seller: Caller) -> None:
    removed(seller, "products", all="true", dry_run="true")
    assert not Removal.objects.exists()


def test_staff_read_removals_and_the_changes_of_removed_products(seller: Caller) -> None:
    report(seller, "products", "sku,title,price\nA,a,8\n")
    removed(seller, "products", sku="A")
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    changelist = client.get(reverse("admin:catalogue_removal_changelist")).content.decode()
    assert seller.key[:12] in changelist
    row = reverse("admin:catalogue_removal_change", args=[Removal.objects.get().pk])
    assert client.get(row).status_code == 200
    assert client.post(row, {"kind": "sales"}).status_code == 403
    assert client.get(reverse("admin:catalogue_removal_add")).status_code == 403
    found = client.get(reverse("admin:changes_change_changelist"), {"q": "A"}).content.decode()
    assert "1 change" in found
    assert client.get(reverse("admin:changes_change_change", args=[Change.objects.get().pk])).status_code == 200


def test_the_documentation_names_the_parameters(owner: Caller) -> None:
    paths = owner.get("/api/schema", format="json").json()["paths"]
    for kind in KINDS:
        operation = paths[f"/api/catalogue/{kind.path}"]["delete"]
        names = {each["name"] for each in operation["parameters"] if each["in"] == "query"}
        assert names == {"marketplace", "sku", "all", "dry_run", *({"from", "to"} if kind.day else ())}
