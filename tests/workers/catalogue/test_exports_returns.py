"""Exports of returns: what is recognised, stored, left out and hidden."""

from typing import Any, NamedTuple

import pytest

from tests.clients import Caller
from tests.workers.catalogue.exports_steps import EXPORTS, NOTHING, Case, Row, add_known, check_report, told
from tests.workers.catalogue.steps import counts, listed, report, send
from workers.catalogue.models import Return

pytestmark = pytest.mark.django_db


def returned(sku: str, date: str, quantity: int = 1, **more: str) -> Row:
    """What is stored of a return, besides hashes and what is empty."""
    return {"sku": sku, "date": date, "quantity": quantity, **more}


class Returns(NamedTuple):
    """A file of returns, and the returns that have to come of it, by product and the newest first."""

    case: Case
    rows: tuple[Row, ...]


RETURNS = [
    Returns(
        Case("amazon-fba-returns.txt", "amazon_fba_returns", {}, marketplace="amazon_de"),
        (
            returned("KW-05", "2026-03-15", 2, reason_code="UNDELIVERABLE_REFUSED", disposition="SELLABLE"),
            returned("KW-05", "2026-03-15", return_id="LPNHE125", reason_code="DEFECTIVE", disposition="DEFECTIVE"),
            # 23:40 in UTC is the next day in Germany.
            returned(
                "TB-500",
                "2026-03-15",
                return_id="LPNHE124",
                reason_code="DEFECTIVE",
                comment='Deckel undicht, "läuft aus"',
                disposition="CUSTOMER_DAMAGED",
            ),
            returned(
                "TB-500",
                "2026-03-14",
                return_id="LPNHE123",
                reason_code="UNWANTED_ITEM",
                comment="Gefällt mir nicht",
                disposition="SELLABLE",
            ),
        ),
    ),
    Returns(
        Case(
            "amazon-seller-returns.txt",
            "amazon_seller_returns",
            {},
            skipped={4: "is a request that was cancelled"},
            marketplace="amazon_us",
        ),
        (
            returned("NECK-18", "2026-03-15", 2, return_id="DabcdefBRRMA", reason_code="CR-DEFECTIVE"),
            returned("NECK-18", "2026-03-14", 2, return_id="DfqRyqfBRRMA", reason_code="AMZ-PG-WJ-TOO-SMALL"),
        ),
    ),
    Returns(
        Case(
            "shopify-returns.csv",
            "shopify_returns",
            {},
            skipped={3: "is a request that was cancelled or refused", 5: "has no units that came back"},
        ),
        (
            returned("LS-L", "2026-03-13", 2, reason_code="UNWANTED"),
            returned("LS-M", "2026-03-12", reason_code="SIZE_TOO_SMALL"),
        ),
    ),
    Returns(
        Case(
            "matrixify-orders.csv",
            "matrixify_refunds",
            {},
            skipped={
                2: "is not a refund of items",
                3: "is not a refund of items",
                6: "is not a refund of items",
                7: "was taken off the order before it was shipped",
            },
            marketplace="shop_de",
        ),
        (
            returned("LS-L", "2026-03-12", return_id="901", comment="Too small, wants L", disposition="return"),
            returned("LS-M", "2026-03-12", return_id="901", comment="Too small, wants L", disposition="return"),
        ),
    ),
    Returns(
        Case(
            "returns-app.csv",
            "returns_app",
            {},
            skipped={5: "is a request that was cancelled", 6: "has several SKUs in one cell"},
        ),
        (
            returned(
                "LS-L", "2026-03-12", return_id="58301", reason_code="Item Arrived Damaged", comment="Seam open"
            ),
            # Its id tells the order, and is hidden.
            returned("LS-M", "2026-03-13", reason_code="Changed My Mind"),
            returned(
                "LS-M",
                "2026-03-12",
                return_id="58301",
                reason_code="Item Was Too Small",
                comment="Runs small.\nHad to squeeze in 🙃",
            ),
        ),
    ),
    Returns(
        Case(
            "woocommerce-order-refunds.csv",
            "woocommerce_order_refunds",
            {},
            skipped={3: "was not sent back", 5: "has no SKU"},
        ),
        (returned("MUG-R", "2026-03-13"), returned("MUG-R", "2026-03-12", 2)),
    ),
    Returns(
        Case("woocommerce-item-refunds.csv", "woocommerce_item_refunds", {}, skipped={3: "was not refunded"}),
        (returned("MUG-R", "2026-03-12", 2),),
    ),
]
# Ids of orders and e-mail addresses in the files.
# Long enough that no key, hash or time of a run has them by chance.
PRIVATE = (
    *("302-0000", "113-6277818", "#1001", "#1004", "12017730042", "12027730043"),
    *("ada@", "Ada@", "bob@", "example.com"),
)


def stored(caller: Caller, marketplace: str) -> list[Row]:
    """What is listed, without hashes and what is empty."""
    unsaid = ("marketplace", "order", "buyer", "classification")
    return [
        {
            field: value
            for field, value in row.items()
            if field not in unsaid and value != "" and not _is_made(field, value)
        }
        for row in listed(caller, "returns", marketplace=marketplace)
    ]


def _is_made(field: str, value: object) -> bool:
    return field == "return_id" and str(value).startswith(("auto-", "id-"))


def add_products_of(caller: Caller, export: Returns) -> None:
    add_known(caller, export.case.marketplace, *sorted({row["sku"] for row in export.rows}))


@pytest.mark.parametrize("export", RETURNS, ids=lambda export: export.case.file)
def test_an_export_is_taken_without_its_orders_and_buyers_and_a_second_time_changes_nothing(
    owner: Caller, export: Returns, caplog: pytest.LogCaptureFixture
) -> None:
    add_products_of(owner, export)
    tried = told(owner, "returns", export.case._replace(query={**NOTHING, "dry_run": "true"}))
    first = told(owner, "returns", export.case)
    check_report(export.case, first)
    assert stored(owner, export.case.marketplace) == list(export.rows)
    before = list(Return.objects.order_by("pk").values())
    answers = f"{tried} {first} {listed(owner, 'returns')} {before} {caplog.text}"
    assert [each for each in PRIVATE if each in answers] == []
    assert told(owner, "returns", export.case)["imported"] == 0
    assert list(Return.objects.order_by("pk").values()) == before


def test_an_order_is_the_same_in_all_rows_of_it(owner: Caller) -> None:
    add_products_of(owner, RETURNS[0])
    told(owner, "returns", RETURNS[0].case)
    orders = [row["order"] for row in listed(owner, "returns")]
    assert len(orders) == 4
    assert len(set(orders)) == 3


def test_a_buyer_is_the_same_however_the_address_is_written(owner: Caller) -> None:
    add_products_of(owner, RETURNS[4])
    told(owner, "returns", RETURNS[4].case)
    body = "return_id,sku,date,buyer_id\nX,LS-M,2026-03-20,ada@example.com\n"
    report(owner, "returns", body, marketplace=RETURNS[4].case.marketplace)
    buyers: dict[str, Any] = {row["return_id"]: row["buyer"] for row in listed(owner, "returns")}
    assert buyers["X"] == buyers["58301"] != ""


def test_an_export_of_orders_is_one_of_sales_unless_returns_are_asked_for(owner: Caller) -> None:
    add_known(owner, "shop_us", "MUG-R", "MUG-B")
    body = (EXPORTS / "woocommerce-order-refunds.csv").read_bytes()
    found = report(owner, "sales", body, marketplace="shop_us")
    assert (found["kind"], found["format"], counts(found)[0]) == ("sales", "woocommerce_orders", 2)


def test_an_export_without_returns_is_refused_by_its_name(owner: Caller) -> None:
    for file in ("shopify-orders.csv", "amazon-all-orders.txt"):
        response = send(owner, "returns", (EXPORTS / file).read_bytes(), marketplace="shop_us")
        assert response.status_code == 400
        assert "Send it to /api/catalogue/sales." in response.json()["error"]["message"], file


FBA = "return-date\torder-id\tsku\tquantity\tdetailed-disposition\treason\tlicense-plate-number\tcustomer-comments\n"


def test_of_one_licence_plate_number_the_last_row_counts(owner: Caller) -> None:
    add_known(owner, "amazon_us", "A")
    row = "2026-03-14T08:11:02+00:00\t302-1\tA\t1\t{}\tDEFECTIVE\tLPN1\tBroken\n"
    body = FBA + row.format("DEFECTIVE") + row.format("SELLABLE")
    assert counts(report(owner, "returns", body)) == (1, 1, 0)
    [found] = listed(owner, "returns")
    assert (found["quantity"], found["disposition"]) == (1, "SELLABLE")


def test_units_without_a_licence_plate_number_are_told_apart_by_reason(owner: Caller) -> None:
    add_known(owner, "amazon_us", "A")
    row = "2026-03-14T08:11:02+00:00\t302-1\tA\t1\tSELLABLE\t{}\t\t\n"
    body = FBA + row.format("DEFECTIVE") + row.format("UNWANTED_ITEM") + row.format("DEFECTIVE")
    assert counts(report(owner, "returns", body)) == (2, 1, 0)
    found = {each["reason_code"]: each["quantity"] for each in listed(owner, "returns")}
    assert found == {"DEFECTIVE": 2, "UNWANTED_ITEM": 1}


def test_what_an_export_leaves_empty_stays(owner: Caller) -> None:
    add_known(owner, "amazon_us", "A")
    row = "2026-03-14T08:11:02+00:00\t302-1\tA\t1\tSELLABLE\tDEFECTIVE\tLPN1\t{}\n"
    report(owner, "returns", FBA + row.format("Broken"))
    report(owner, "returns", FBA + row.format(""))
    assert listed(owner, "returns")[0]["comment"] == "Broken"


def test_a_report_of_amazon_with_names_of_an_older_version(owner: Caller) -> None:
    add_known(owner, "amazon_us", "A")
    header = "Return Date,Order ID,SKU,Quantity,Detailed Disposition,Reason,License Plate Number,Customer Comments"
    body = f'{header}\n2026-03-14T08:11:02-08:00,302-1,A,1,SELLABLE,DEFECTIVE,LPN1,"Two\nlines"\n'
    assert report(owner, "returns", body)["format"] == "amazon_fba_returns"
    assert listed(owner, "returns")[0]["comment"] == "Two\nlines"


def test_plug_ins_that_call_a_return_a_request_are_known(owner: Caller) -> None:
    files = {
        "Request ID,Order ID,Product,SKU,Quantity,Reason,Comments,Status,Date": (
            "77,55,W,A,1,Damaged,box torn,Approved,2026-03-12"
        ),
        "ID,Order,Customer,Product,SKU,Qty,Reason,Message,Status,Date": (
            "77,#55,jo@example.com,W,B,1,Damaged,box torn,Approved,2026-03-12"
        ),
    }
    add_known(owner, "amazon_us", "A", "B")
    for header, row in files.items():
        assert report(owner, "returns", f"{header}\n{row}\n")["format"] == "returns_app", header
    assert [
        (row["sku"], row["return_id"], row["reason_code"], row["comment"]) for row in listed(owner, "returns")
    ] == [(sku, "77", "Damaged", "box torn") for sku in "AB"]
