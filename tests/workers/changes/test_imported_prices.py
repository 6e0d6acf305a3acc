"""Prices that an import of products changes: in the audit beside those that jobs change, or kept with price=keep."""

import json
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import engine
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import NDJSON, add_products, all_pages, listed, report, send
from tests.workers.changes.jobs import dispatched, recommend, result_of, run
from tests.workers.changes.test_settling import WRITE, outcome, price, record, settle
from tests.workers.marketplaces.shopify.server import FakeShopify, Mishap
from tests.workers.marketplaces.shops import SHOP, connect, prices, sell
from workers.catalogue.models import Product
from workers.changes.models import Change, RepricingPolicy

pytestmark = pytest.mark.django_db

HEADER = "sku,title,price\n"


def changes(who: Caller, **query: str) -> list[tuple[str, float, float]]:
    """SKU, and price before and after, the newest first."""
    return [(each["sku"], each["before"], each["after"]) for each in listed(who, "price-changes", **query)]


def test_a_changed_price_is_in_the_audit(owner: Caller) -> None:
    add_products(owner, "A", "B", price="10")
    told = report(owner, "products", HEADER + "A,a,8.50\nB,b,10\nC,c,7\n")
    assert (told["imported"], told["updated"], told["prices_changed"], told["prices_kept"]) == (1, 2, 1, 0)
    [shown] = listed(owner, "price-changes")
    assert shown.pop("id") > 0
    assert shown.pop("created_at")
    assert shown == {
        "marketplace": "amazon_us",
        "sku": "A",
        "before": 10.0,
        "after": 8.5,
        "currency": "USD",
        "reason": "IMPORTED",
        "status": "applied",
        "detail": None,
        "warnings": [],
        "read_back": None,
        "job_id": None,
        "reverts": None,
    }


def test_the_same_file_again_changes_no_price(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    for expected in (1, 0):
        assert report(owner, "products", HEADER + "A,a,8.50\n")["prices_changed"] == expected
    assert len(changes(owner)) == 1


def test_the_last_of_several_rows_counts_once(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    assert report(owner, "products", HEADER + "A,a,9\nA,a,8\n")["prices_changed"] == 1
    assert changes(owner) == [("A", 10, 8)]


def test_rows_of_json_that_differ_in_their_fields_are_audited_too(owner: Caller) -> None:
    add_products(owner, "A", "B", price="10")
    rows = [{"sku": "A", "title": "a", "price": 9}, {"sku": "B", "title": "b", "price": 8.1, "stock": 3}]
    told = report(owner, "products", "\n".join(json.dumps(row) for row in rows), content_type=NDJSON)
    assert told["prices_changed"] == 2
    assert sorted(changes(owner)) == [("A", 10, 9), ("B", 10, 8.1)]


def test_a_part_of_a_row_changes_a_price_or_keeps_it_like_a_whole_one(owner: Caller) -> None:
    add_products(owner, "A", "B", price="10")
    file = "sku,price,stock\nA,9,1\nB,10,2\n"
    told = report(owner, "products", file, price="keep")
    assert (told["updated"], told["prices_changed"], told["prices_kept"]) == (2, 0, 1)
    assert {(each["price"], each["stock"]) for each in listed(owner, "products")} == {(10, 1), (10, 2)}
    assert report(owner, "products", file)["prices_changed"] == 1
    assert report(owner, "products", "sku,stock\nA,5\n")["prices_changed"] == 0
    assert changes(owner) == [("A", 10, 9)]


def test_a_dry_run_counts_and_records_nothing(owner: Caller) -> None:
    add_products(owner, "A", "B", price="10")
    told = report(owner, "products", HEADER + "A,a,8.50\nB,b,10\nC,c,1\n", dry_run="true")
    assert (told["prices_changed"], told["prices_kept"]) == (1, 0)
    kept = report(owner, "products", HEADER + "A,a,8.50\nB,b,10\nC,c,1\n", dry_run="true", price="keep")
    assert (kept["prices_changed"], kept["prices_kept"]) == (0, 1)
    assert changes(owner) == []


def test_prices_are_kept_where_that_is_asked_for(owner: Caller) -> None:
    add_products(owner, "A", "B", price="10")
    told = report(owner, "products", "sku,title,price,stock\nA,new,8.50,1\nB,b,10,2\nC,c,7,3\n", price="keep")
    assert (told["imported"], told["updated"], told["prices_changed"], told["prices_kept"]) == (1, 2, 0, 1)
    stored = [(each.sku, each.title, int(each.price), each.stock) for each in Product.objects.order_by("sku")]
    assert stored == [("A", "new", 10, 1), ("B", "b", 10, 2), ("C", "c", 7, 3)]
    assert changes(owner) == []


def test_a_kept_price_keeps_its_currency(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    told = report(owner, "products", "sku,title,price,currency\nA,a,8.50,EUR\nB,b,5,EUR\n", price="keep")
    assert [(each["line"], each["field"]) for each in told["errors"]] == [(2, "currency")]
    assert told["imported"] == 1


@pytest.mark.parametrize("value", ["", "change", "Keep", "true"])
def test_anything_else_than_keep_is_refused(owner: Caller, value: str) -> None:
    answer = send(owner, "products", HEADER + "A,a,8\n", price=value)
    assert (answer.status_code, answer.json()["error"]["details"][0]["path"]) == (422, "price")
    assert not Product.objects.exists()


def test_prices_of_sales_are_theirs_and_not_the_products(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    for value in (9, 8):
        told = report(owner, "sales", f"sku,date,price,units\nA,2026-03-12,{value},1\n", price="keep")
        assert (told["prices_changed"], told["prices_kept"]) == (0, 0)
    assert listed(owner, "sales")[0]["price"] == 8
    assert listed(owner, "products")[0]["price"] == 10


def test_a_teammate_sees_it_and_an_outsider_does_not(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    add_products(owner, "A", price="10")
    add_products(outsider, "A", price="10")
    report(owner, "products", HEADER + "A,a,8\n")
    assert changes(teammate, sku="A") == [("A", 10, 8)]
    assert changes(outsider) == []
    assert Product.objects.get(tenant=outsider.tenant).price == 10


def test_another_currency_is_another_price_and_said(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    assert report(owner, "products", "sku,title,price,currency\nA,a,10,EUR\n")["prices_changed"] == 1
    [shown] = listed(owner, "price-changes")
    assert (shown["before"], shown["after"], shown["currency"]) == (10, 10, "USD")
    assert shown["detail"] == "The new price is in EUR, the old one was in USD."
    answer = owner.post(f"/api/catalogue/price-changes/{shown['id']}/revert")
    assert answer.status_code == 409
    assert "currency is EUR now" in answer.json()["error"]["message"]


def test_the_changes_of_a_sku_are_found_at_one_marketplace_or_at_all(owner: Caller) -> None:
    for marketplace in ("amazon_us", "ebay", "otto"):
        for value in (10, 9, 8):
            report(owner, "products", HEADER + f"A,a,{value}\nB,b,{value}\n", marketplace=marketplace)
    assert [each["marketplace"] for each in all_pages(owner, "price-changes", sku="A", limit=2)] == (
        ["otto"] * 2 + ["ebay"] * 2 + ["amazon_us"] * 2
    )
    assert changes(owner, sku="A", marketplace="ebay") == [("A", 9, 8), ("A", 10, 9)]
    assert changes(owner, sku="Z") == []


def test_an_imported_price_is_reverted_like_any_other(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    report(owner, "products", HEADER + "A,a,8\n")
    [shown] = listed(owner, "price-changes")
    answer = owner.post(f"/api/catalogue/price-changes/{shown['id']}/revert")
    assert answer.status_code == 201
    assert Product.objects.get().price == 10
    assert owner.post(f"/api/catalogue/price-changes/{shown['id']}/revert").status_code == 409


def test_a_price_of_a_job_that_an_import_undoes_is_seen(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stock refresh of a file that was exported before the job ran."""
    add_products(owner, "A", price="10")
    recommend(monkeypatch, A=9)
    run(dispatched(owner, "amazon_us", "A"))
    report(owner, "products", HEADER + "A,a,10\n")
    assert changes(owner) == [("A", 9, 10), ("A", 10, 9)]
    first = listed(owner, "price-changes")[1]
    answer = owner.post(f"/api/catalogue/price-changes/{first['id']}/revert")
    assert answer.json()["error"]["message"].startswith("The price is now 10.00, not 9.00.")


def test_imports_use_up_neither_the_cool_down_nor_the_daily_number(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    RepricingPolicy.objects.create(tenant=owner.tenant, cool_down_minutes=60, max_changes_per_day=1)
    for value in (10, 11, 12, 10):
        add_products(owner, "A", price=str(value))
    recommend(monkeypatch, A=9)
    assert result_of(run(dispatched(owner, "amazon_us", "A")))["updated_count"] == 1
    recommend(monkeypatch, A=8)
    [refused] = result_of(run(dispatched(owner, "amazon_us", "A")))["skipped"]
    assert refused["reason"] == "COOL_DOWN"


def test_the_command_keeps_prices_and_says_what_became_of_them(owner: Caller, tmp_path: Path) -> None:
    add_products(owner, "A", "B", price="10")
    file = tmp_path / "products.csv"
    file.write_text(HEADER + "A,a,8\nB,b,10\n")

    def said(*more: str) -> str:
        out = StringIO()
        arguments = [str(file), "--tenant", owner.tenant.name, "--marketplace", "amazon_us", *more]
        call_command("import_catalogue", *arguments, stdout=out)
        return out.getvalue().splitlines()[0].partition("skipped")[2]

    assert said("--keep-prices", "--dry-run") == ", 1 prices would be kept"
    assert said("--keep-prices") == ", 1 prices kept"
    assert changes(owner) == []
    assert said() == ", 1 prices changed"
    assert said() == ""
    assert changes(owner) == [("A", 10, 8)]


def test_a_thousand_changed_prices_are_a_handful_of_statements(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is: it decides how many rows a transaction has.
    monkeypatch.setattr("workers.catalogue.importing.importer.AIMED_SECONDS", 3600)
    skus = [f"S{number:04d}" for number in range(1000)]
    add_products(owner, *skus, price="10")
    with CaptureQueriesContext(connection) as captured:
        assert report(owner, "products", HEADER + "".join(f"{sku},t,9\n" for sku in skus))["prices_changed"] == 1000
    # For each of the two transactions in which so many rows are written.
    assert len(captured) < 2 * 15


# --- Prices that are elsewhere ----------------------------------------------------------------------------------


@pytest.fixture
def seller(owner: Caller, shop: FakeShopify) -> Caller:
    """Sells A for 10 in a shop that works."""
    connect(owner, shop)
    sell(owner, shop, A="10.00")
    return owner


def decided(seller: Caller, after: str) -> None:
    [job_id] = engine.dispatch(seller.tenant)
    engine.complete(engine.start(job_id))
    record(seller, job_id, A=after)


def imported(seller: Caller, value: str) -> dict[str, Any]:
    return report(seller, "products", HEADER + f"A,a,{value}\n", marketplace=SHOP)


def test_an_imported_price_is_sent_nowhere(seller: Caller, shop: FakeShopify) -> None:
    imported(seller, "12")
    assert settle(seller) == 0
    assert (shop.operations, prices(shop)["A"], price()) == ([], "10.00", "12.00")


def test_a_change_that_was_not_sent_yet_is_not_sent_any_more(seller: Caller, shop: FakeShopify) -> None:
    decided(seller, "9")
    assert imported(seller, "12")["prices_changed"] == 1
    settle(seller)
    first = Change.objects.earliest("id")
    assert (first.status, first.detail.partition(":")[0]) == ("rejected", "PRICE_CHANGED")
    assert (prices(shop)["A"], price()) == ("10.00", "12.00")


def test_a_change_that_had_arrived_is_the_price_and_says_what_it_overtook(seller: Caller, shop: FakeShopify) -> None:
    shop.instead[WRITE] = [Mishap.ANSWER_LOST]
    decided(seller, "9")
    settle(seller)
    assert outcome()[0] == "unknown"
    imported(seller, "12")
    settle(seller)
    first = Change.objects.earliest("id")
    assert (first.status, prices(shop)["A"], price()) == ("applied", "9.00", "9.00")
    assert first.detail.startswith("The catalogue's price had become 12.00")


def test_a_change_that_had_not_arrived_is_not_repeated_over_an_imported_price(
    seller: Caller, shop: FakeShopify
) -> None:
    shop.instead[WRITE] = [Mishap.LOST]
    decided(seller, "9")
    settle(seller)
    imported(seller, "12")
    settle(seller)
    assert Change.objects.earliest("id").status == "rejected"
    assert (prices(shop)["A"], price()) == ("10.00", "12.00")


def test_an_import_of_the_price_that_is_on_its_way_changes_nothing_there(seller: Caller, shop: FakeShopify) -> None:
    shop.instead[WRITE] = [Mishap.ANSWER_LOST]
    decided(seller, "9")
    settle(seller)
    imported(seller, "9")
    settle(seller)
    first = Change.objects.earliest("id")
    assert (first.status, first.detail, price()) == ("applied", "", "9.00")


def test_a_revert_of_an_imported_price_goes_to_the_shop(seller: Caller, shop: FakeShopify) -> None:
    """The shop has the imported price: the seller has set it there, or the file is an export of it."""
    shop.admin.variants[0].price = "12.00"
    imported(seller, "12")
    change = Change.objects.get()
    answer = seller.post(f"/api/catalogue/price-changes/{change.pk}/revert")
    assert answer.json()["data"]["status"] == "pending"
    settle(seller)
    assert (outcome(), prices(shop)["A"], price()) == (("applied", ""), "10.00", "10.00")


def test_a_key_without_the_scope_imports_nothing(owner: Caller) -> None:
    add_products(owner, "A", price="10")
    reader = caller(owner.tenant, scopes=("catalogue:read",))
    assert send(reader, "products", HEADER + "A,a,8\n").status_code == 403
    assert Product.objects.get().price == Decimal(10)
