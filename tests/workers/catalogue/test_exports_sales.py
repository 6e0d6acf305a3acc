"""Exports of sales: what is recognised, stored, left out and refused."""

import pytest

from tests.clients import Caller
from tests.workers.catalogue.exports_steps import EXPORTS, Case, add_known, check_report, name, sold, told
from tests.workers.catalogue.steps import listed, send
from tests.workers.catalogue.test_exports import PRODUCTS, UPDATES
from tests.workers.catalogue.test_exports_listings import EXPORTED as LISTINGS
from tests.workers.catalogue.test_exports_returns import RETURNS
from tests.workers.catalogue.test_exports_reviews import EXPORTED
from workers.catalogue.formats import FORMATS

pytestmark = pytest.mark.django_db

SALES = [
    Case(
        "amazon-all-orders.txt",
        "amazon_all_orders",
        {},
        (
            # 23:30 in UTC is the next day in Berlin.
            sold("KW-05-WEISS", "2026-03-11", 24.95, 1),
            sold("KW-05-WEISS", "2026-03-10", 23.2867, 3, 2 / 3),
            sold("TB-500", "2026-03-11", 19.99, 2),
        ),
        skipped={
            5: "is of a cancelled order",
            6: "was sold on Amazon.fr",
            7: "is of a pending order",
            8: "has no price",
            9: "has no price",
            10: "is a cancelled order line",
        },
        marketplace="amazon_de",
    ),
    Case(
        "amazon-order-report.txt",
        "amazon_order_report",
        {},
        (sold("HAT-02", "2026-03-23", 8.88, 2, 1),),
        marketplace="amazon_us",
    ),
    Case(
        "amazon-fulfilled-shipments.txt",
        "amazon_fulfilled_shipments",
        {},
        (sold("TB-500", "2026-03-10", 19.99, 2),),
        marketplace="amazon_de",
    ),
    Case(
        "amazon-customer-shipment-sales.txt",
        "amazon_customer_shipment_sales",
        {},
        (sold("TB-500", "2026-03-11", 19.99, 2),),
        marketplace="amazon_de",
    ),
    Case(
        "amazon-business-report-by-sku.csv",
        "amazon_business_report",
        {},
        (
            sold("BOTTLE-07", "2026-03-10", 19.99, 98),
            sold("LID", "2026-03-10", 5.99, 3),
        ),
        skipped={3: "sold nothing"},
        marketplace="amazon_us",
        query={"date": "2026-03-10"},
    ),
    Case(
        "amazon-business-report-by-sku-de.csv",
        "amazon_business_report",
        {},
        (sold("KW-05-WEISS", "2026-03-10", 24.95, 52),),
        marketplace="amazon_de",
        query={"date": "2026-03-10"},
    ),
    Case(
        "shopify-orders.csv",
        "shopify_orders",
        {},
        (
            sold("LIN-W-M", "2026-03-13", 59.0, 1),
            # The evening of the shop, not the morning of UTC; and a refunded order was sold.
            sold("LIN-W-S", "2026-03-12", 55.0667, 3, 2 / 3),
            sold("POSTER-30", "2026-03-12", 18.0, 1),
        ),
        skipped={
            5: "has no SKU",
            8: "is of a cancelled order",
            10: "is of a cancelled order",
            11: "was free",
        },
    ),
    Case(
        "woocommerce-orders.csv",
        "woocommerce_orders",
        {},
        (
            sold("hoodie-rot", "2026-03-10", 45.0, 1),
            sold("muetze", "2026-03-10", 18.0, 2),
        ),
        skipped={
            5: "is of an order that was cancelled",
            6: "has no SKU",
            7: "was refunded",
        },
        marketplace="shop_de",
    ),
    Case(
        "woocommerce-products-report.csv",
        "woocommerce_products_report",
        {},
        (sold("muetze", "2026-03-10", 18.0, 24),),
        skipped={3: "sold nothing", 4: "has no SKU"},
        marketplace="shop_de",
        query={"date": "2026-03-10"},
    ),
    Case(
        "ebay-orders.csv",
        "ebay_orders",
        {},
        (
            sold("CAM-93", "2026-03-12", 1042.0, 1),
            sold("CAM-93", "2026-03-10", 42.0, 1),
            sold("PAINT-BLUE", "2026-03-10", 21.99, 1),
            sold("PAINT-RED", "2026-03-10", 19.99, 3),
        ),
        skipped={
            5: "is the total of an order",
            8: "is of an order that is not paid",
            9: "has no custom label",
            12: "is the number of orders",
            13: "is the seller's name",
        },
    ),
    Case(
        "ebay-orders-de.csv",
        "ebay_orders",
        {},
        (
            sold("KW-05-WEISS", "2026-03-11", 1024.95, 1),
            sold("KW-05-WEISS", "2026-03-10", 24.95, 2),
        ),
        skipped={5: "is the total of an order"},
        marketplace="ebay_de",
    ),
    Case(
        "etsy-order-items.csv",
        "etsy_orders",
        {},
        (
            sold("RPG-DICE", "2026-03-09", 49.5, 2, 1),
            sold("YZ-WAL", "2026-03-11", 45.0, 1),
        ),
        skipped={4: "has no SKU"},
        marketplace="etsy_de",
    ),
]

REFUSED = {
    "amazon-settlement-v2.txt": ("an Amazon settlement report", "Send the All Orders report instead"),
    "amazon-transactions.csv": ("an Amazon Date Range Report", "Send the All Orders report instead"),
    "amazon-business-report-by-date.csv": ("Amazon's business report by date", "By SKU instead"),
    "amazon-business-report-by-asin.csv": ("Amazon's business report by ASIN", "By SKU instead"),
    "woocommerce-orders-report.csv": ("WooCommerce's analytics of orders", "Advanced Order Export"),
    "etsy-orders.csv": ("Etsy's download of orders", "Send the download of order items instead"),
    "bigcommerce-orders.csv": ("BigCommerce's order export", "Send a table with one row per product"),
    "amazon-fba-returns.txt": ("Amazon's FBA Customer Returns report", "Send it to /api/catalogue/returns"),
}


@pytest.mark.parametrize("case", SALES, ids=name)
def test_sales_of_an_export(owner: Caller, case: Case) -> None:
    add_known(owner, case.marketplace, *sorted({line["sku"] for line in case.sales}))
    check_report(case, told(owner, "sales", case))
    sales = listed(owner, "sales", marketplace=case.marketplace)
    assert [{field: row[field] for field in row if field != "marketplace"} for row in sales] == list(case.sales)


def test_a_report_that_cannot_be_what_is_asked_is_refused_by_its_name(owner: Caller) -> None:
    for file, (title, instead) in REFUSED.items():
        response = send(owner, "sales", (EXPORTS / file).read_bytes(), marketplace="shop_us")
        assert response.status_code == 400, file
        message = response.json()["error"]["message"]
        assert message.startswith(f"This is {title}"), file
        assert instead in message, file


def test_a_business_report_asks_for_its_date(owner: Caller) -> None:
    body = (EXPORTS / "amazon-business-report-by-sku.csv").read_bytes()
    response = send(owner, "sales", body, marketplace="amazon_us")
    assert response.status_code == 400
    assert "date=" in response.json()["error"]["message"]


def test_every_format_has_a_file() -> None:
    of_others = [
        *(each.case for each in RETURNS),
        *(each.case for each in EXPORTED),
        *(case for _, case, _ in LISTINGS),
    ]
    of_files = {case.format for case in (*PRODUCTS, *UPDATES, *SALES, *of_others)}
    refused = {each.name for each in FORMATS if each.refused}
    assert {each.name for each in FORMATS} == of_files | refused
    # And one of returns.
    assert len(refused) == len(REFUSED) - 1
