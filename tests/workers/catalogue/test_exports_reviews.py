"""Exports of reviews: what is recognised, stored, left out and refused; and that a second time changes nothing."""

from typing import Any, NamedTuple

import pytest

from tests.clients import Caller
from tests.workers.catalogue.exports_steps import EXPORTS, Case, check_report, name, told
from tests.workers.catalogue.steps import counts, listed, report

pytestmark = pytest.mark.django_db

MARKETPLACE = "shop_us"
# SKU, title, price and the name that shops and marketplaces have for it.
PRODUCTS = """sku,title,price,external_id
KW-05,Kitchen scale,20,B0C1DE0001
CREAM-50,Face cream,20,7012345678
DRESS-M,Summer dress,20,robe-ete
savon-bio,Soap,20,
BOUGIE-1,Candle,20,
woo-beanie,Beanie,20,
"""


class Found(NamedTuple):
    """What is stored of a review, in short."""

    sku: str
    external_id: str
    rating: int | None
    title: str
    body: str
    verified: bool | None
    created_at: str | None


def found(row: dict[str, Any]) -> Found:
    """Ids that the service makes differ from tenant to tenant."""
    short = {field: row[field] for field in Found._fields}
    if row["external_id"].startswith("auto-"):
        short["external_id"] = "auto-"
    return Found(**short)


class Export(NamedTuple):
    case: Case
    reviews: tuple[Found, ...]


def export(file: str, known: str, *reviews: Found, **more: Any) -> Export:
    return Export(Case(file, known, {}, marketplace=MARKETPLACE, **more), reviews)


DAY = "T00:00:00.000Z"
EXPORTED = [
    export(
        "helium10-reviews.csv",
        "amazon_reviews",
        Found("KW-05", "R2A7QX1ZB3KD9P", 4, "Great but hard to assemble",
              "Very stable. The instructions were\nconfusing, though.", True, f"2026-03-12{DAY}"),
        Found("KW-05", "RZK41LQ0T8WXA", 1, "Broke in a week",
              'The wheel came off after 6 days. "Sturdy" it is not.', None, f"2026-03-10{DAY}"),
        query={"sku": "KW-05"},
    ),
    export(
        "amazon-reviews-extension-de.csv",
        "amazon_reviews",
        Found("KW-05", "R1TTZ0Q8VYH2GF", 5, "Gute Waage", "Misst genau, sieht gut aus.", True, f"2026-03-12{DAY}"),
        Found("KW-05", "R3K9C2LL7ABCDE", 1, "Defekt", "Nach zwei Tagen kaputt", None, f"2026-02-03{DAY}"),
        errors={4: "product_id B0C1DE0009 is neither the external ID nor the SKU of a product of shop_us"},
    ),
    export(
        "apify-amazon-reviews.csv",
        "amazon_reviews_apify",
        Found("KW-05", "R123QWERTY456", 5, "Hot tea", "Keeps tea hot for hours", True, f"2026-03-09{DAY}"),
    ),
    export(
        "outscraper-amazon-reviews.csv",
        "amazon_reviews_outscraper",
        Found("KW-05", "R7UIOPASDFGHJ", 2, "Leaks", "The lid leaks when it is tilted", True, f"2026-03-02{DAY}"),
        Found("KW-05", "R8UIOPASDFGHJ", 5, "Free sample", "Got it for free and like it", False, f"2026-03-01{DAY}"),
    ),
    export(
        "judgeme-reviews.csv",
        "judgeme_reviews",
        Found("CREAM-50", "auto-", 5, "Top", "Très bonne qualité, livrée vite.", None, "2026-03-02T10:12:00.000Z"),
        Found("CREAM-50", "auto-", 2, "", "Pas terrible", None, "2026-01-10T09:00:00.000Z"),
        Found("CREAM-50", "auto-", 4, "", "", None, "2026-01-11T09:00:00.000Z"),
        skipped={4: "was marked as spam"},
        errors={6: "product_id 999 is neither"},
    ),
    export(
        "judgeme-template.csv",
        "judgeme_reviews",
        Found("CREAM-50", "auto-", 5, "Great", "I love it", None, f"2025-12-31{DAY}"),
        Found("CREAM-50", "auto-", 4, "Great", "I love it", None, f"2025-12-01{DAY}"),
        query={"sku": "CREAM-50"},
    ),
    export(
        "loox-reviews.csv",
        "loox_reviews",
        Found("DRESS-M", "6f1b2c", 5, "", "Parfait pour ma fille", True, "2025-11-05T08:00:00.000Z"),
        Found("DRESS-M", "9ac01d", 1, "", "Taille trop petit 😡", False, "2025-11-06T08:00:00.000Z"),
    ),
    export(
        "loox-template.csv",
        "loox_reviews_template",
        Found("DRESS-M", "auto-", 5, "", "Son cómodas y ligeras. 😎", True, f"2025-10-03{DAY}"),
        Found("DRESS-M", "auto-", 5, "", "Son cómodas y ligeras. 😎", False, f"2025-10-03{DAY}"),
    ),
    export(
        "shopify-product-reviews.csv",
        "shopify_product_reviews",
        Found("savon-bio", "auto-", 4, "Agréable", "Mousse bien et sent bon.", None, "2023-06-02T03:30:00.000Z"),
        Found("savon-bio", "auto-", 1, "Nul", "Jamais reçu mon colis", None, "2023-06-02T14:00:00.000Z"),
        skipped={4: "was marked as spam"},
    ),
    export(
        "stamped-reviews.csv",
        "stamped_reviews",
        Found("CREAM-50", "auto-", 3, "OK", "It is okay for the price", None, "2026-02-01T10:20:30.000Z"),
    ),
    export(
        "stamped-reviews-export.csv",
        "stamped_reviews_export",
        Found("CREAM-50", "88001", 5, "Great", "Absorbs quickly", True, "2026-02-01T10:20:30.000Z"),
    ),
    export(
        "okendo-reviews.csv",
        "okendo_reviews",
        Found("CREAM-50", "1a2b3c4d-0000-4000-8000-000000000001", 4, "", "Odeur agréable et tient longtemps", True,
              f"2026-02-01{DAY}"),
        skipped={3: "was rejected"},
    ),
    export(
        "okendo-template.csv",
        "okendo_reviews_template",
        Found("BOUGIE-1", "auto-", 4, "Bien", "Odeur agréable", None, f"2026-02-01{DAY}"),
    ),
    export(
        "yotpo-reviews.csv",
        "yotpo_reviews",
        Found("CREAM-50", "501", 5, "Super", 'Je recommande ; vraiment "top"', True, f"2026-03-01{DAY}"),
        Found("CREAM-50", "503", 3, "Hm", "Il est petit", False, f"2026-03-03{DAY}"),
        skipped={3: "is about the shop and not about a product"},
    ),
    export(
        "yotpo-template.csv",
        "yotpo_reviews",
        Found("CREAM-50", "auto-", 5, "Super", 'Je recommande ; vraiment "top"', True, f"2026-03-15{DAY}"),
    ),
    export(
        "rivyo-reviews.csv",
        "reviews_app",
        Found("savon-bio", "auto-", 5, "Nice", "Smells of lemon", None, "2026-03-01T10:00:00.000Z"),
        skipped={3: "was rejected"},
    ),
    export(
        "fera-reviews.csv",
        "reviews_app",
        Found("CREAM-50", "auto-", 2, "Hm", "Too greasy for me", True, f"2026-03-02{DAY}"),
    ),
    export(
        "junip-reviews.csv",
        "reviews_app",
        Found("CREAM-50", "90211", 5, "Love", "Soft skin", True, "2026-03-02T10:00:00.000Z"),
    ),
    export(
        "reviewsio-reviews.csv",
        "reviews_app",
        Found("CREAM-50", "771", 4, "", "Does what it says", None, "2026-03-02T10:00:00.000Z"),
    ),
    export(
        "trustpilot-product-reviews.csv",
        "trustpilot_product_reviews",
        Found("CREAM-50", "65f0c0ffee0001", 5, "", "Soft skin after a week", None, "2026-03-01T12:00:00.000Z"),
    ),
    export(
        "trustpilot-service-reviews.csv",
        "trustpilot_reviews",
        Found("CREAM-50", "65f0c0ffee0002", 5, "Great service", "They answered within an hour.", None,
              "2026-03-02T08:15:00.000Z"),
        query={"sku": "CREAM-50"},
    ),
    export(
        "woocommerce-reviews.csv",
        "woocommerce_reviews",
        Found("woo-beanie", "311", 5, "", "Passt <b>gut</b>.\nGerne wieder.", True, "2026-03-01T09:00:00.000Z"),
        skipped={4: "is an answer to a review", 5: "was marked as spam"},
    ),
]  # fmt: skip
AUTHORS = ("example.com/", "@example.com", "Camille", "Jürgen", "Sarah", "AFMAX", "Carla", "Muster", "Lopez")


def add_products(caller: Caller) -> None:
    assert report(caller, "products", PRODUCTS, marketplace=MARKETPLACE)["rejected"] == 0


@pytest.mark.parametrize(
    ("case", "reviews"), EXPORTED, ids=lambda value: name(value) if isinstance(value, Case) else ""
)
def test_an_export_is_taken_as_it_is_without_its_authors_and_a_second_time_changes_nothing(
    owner: Caller, case: Case, reviews: tuple[Found, ...]
) -> None:
    add_products(owner)
    tried = told(owner, "reviews", case._replace(query={**case.query, "dry_run": "true"}))
    first = told(owner, "reviews", case)
    check_report(case, first)
    stored = listed(owner, "reviews")
    assert sorted(map(found, stored), key=str) == sorted(reviews, key=str)
    assert [author for author in AUTHORS if author in str([tried, first, stored])] == []
    assert told(owner, "reviews", case)["imported"] == 0
    assert listed(owner, "reviews") == stored


def test_an_export_without_products_says_what_to_do(owner: Caller) -> None:
    body = (EXPORTS / "helium10-reviews.csv").read_bytes()
    answer = owner.post("/api/catalogue/reviews?marketplace=shop_us", body, content_type="text/csv")
    assert answer.status_code == 400
    assert "This is a download of Amazon's reviews." in answer.json()["error"]["message"]
    assert "send it as sku=…" in answer.json()["error"]["message"]


def test_a_name_of_several_products_is_refused_with_their_skus(owner: Caller) -> None:
    products = "sku,title,price,external_id\nA,Title,5,B0C1DE0001\nB,Title,5,B0C1DE0001\n"
    report(owner, "products", products, marketplace=MARKETPLACE)
    body = (EXPORTS / "apify-amazon-reviews.csv").read_bytes()
    [error] = report(owner, "reviews", body, marketplace=MARKETPLACE)["errors"]
    assert error["field"] == "product_id"
    assert error["message"].startswith("is the external ID of several products: A, B. Or add a column sku")
    assert counts(report(owner, "reviews", body, marketplace=MARKETPLACE, sku="B")) == (1, 0, 0)
