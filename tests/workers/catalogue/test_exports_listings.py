"""Exports of listings, competitors' listings and keywords: what is recognised, stored, left out and refused."""

from typing import Any

import pytest

from tests.clients import Caller
from tests.workers.catalogue.exports_steps import EXPORTS, Case, Row, check_report, name, told
from tests.workers.catalogue.steps import counts, listed, report, send

pytestmark = pytest.mark.django_db

MARKETPLACE = "shop_us"
PRODUCTS = """sku,title,price,external_id
BTL-07,Bottle,20,B0C1DE0001
MUG-1,Mug,20,B0C1DE0002
LIN-S,Shirt,20,
LIN-M,Shirt,20,
POSTER-30,Poster,20,
"""


def listing(sku: str, title: str, **stored: Any) -> Row:
    return {"sku": sku, "title": title, **stored}


def rival(external_id: str, title: str, **stored: Any) -> Row:
    return {"external_id": external_id, "title": title, **stored}


def export(kind: str, file: str, known: str, *rows: Row, **more: Any) -> tuple[str, Case, tuple[Row, ...]]:
    return kind, Case(file, known, {}, marketplace=MARKETPLACE, **more), rows


RIVAL = {"brand": "Rivalware", "url": "https://www.amazon.com/dp/B0RIVAL001"}
OWN = "is your own product BTL-07"
LINEN = {
    "description": '<p>Light & airy.</p>\n<p>Says the wearer: "never ironed".</p>',
    "search_terms": "linen, summer",
    "category": "Apparel & Accessories > Clothing",
    "images": 3,
}
EXPORTED = [
    export(
        "listings", "amazon-category-listings.txt", "amazon_category_listings",
        listing(
            "BTL-07", 'Steel bottle 27" tall, "Fjord"', bullets=["Keeps tea warm", "Fits cup holders"],
            description="<p>A bottle.</p><br>Of steel.", search_terms="thermos flask", category="bottle", images=2,
            attributes={"material_type": "Stainless Steel"},
        ),
        listing("MUG-1", "Travel mug", category="bottle"),
        skipped={5: "is the parent of variations", 7: "is to be deleted"},
    ),
    export(
        "listings", "amazon-category-listings-2025.csv", "amazon_category_listings",
        listing(
            "BTL-07", "Steel bottle, 0.7 l", bullets=["Keeps tea warm", "Fits cup holders"], description="A bottle.",
            search_terms="thermos flask", images=2, attributes={"color#1": "Blue"},
        ),
    ),
    export(
        "listings", "amazon-all-listings-texts.txt", "amazon_all_listings_texts",
        listing("BTL-07", 'Steel bottle 27" tall', description="Keeps tea warm.<br>Made of steel."),
        listing("MUG-1", "Travel mug"),
        skipped={4: "has no price"},
    ),
    export(
        "listings", "shopify-listings.csv", "shopify_listings",
        listing("LIN-S", "Linen Shirt", attributes={"Fabric": "Linen"}, **LINEN),
        listing("LIN-M", "Linen Shirt", **LINEN),
        listing("POSTER-30", "Poster", category="Prints", images=0),
        skipped={5: "is an image and not a variant", 7: "is a draft"},
    ),
    export(
        "listings", "woocommerce-listings.csv", "woocommerce_listings",
        listing(
            "BTL-07", "Steel bottle", description="<p>Keeps tea warm.</p>", search_terms="steel, bottle",
            category="Kitchen > Bottles", images=3, attributes={"Material": "Steel", "Color": "Blue, Red"},
        ),
        listing("MUG-1", "Hoodie - Red", description="<p>Short</p>", attributes={"Color": "Red"}),
        skipped={3: "is the parent of variations"},
    ),
    export(
        "listings", "ebay-listings.csv", "ebay_listings",
        listing(
            "BTL-07", "Steel bottle", description='<div>Keeps tea warm, "really".</div>', images=2,
            attributes={"Brand": "Nordlys", "Material": "Steel"},
        ),
        listing("MUG-1", "T-Shirt", description="<p>Soft</p>", images=1),
        skipped={3: "is the parent of variations", 5: "ends a listing"},
    ),
    export(
        "listings", "walmart-item-spec.csv", "walmart_item_spec",
        listing(
            "BTL-07", "Steel bottle", bullets=["Keeps tea warm", "Fits cup holders"],
            description="A bottle of steel.", images=2, attributes={"Color": "Blue", "Material": "Steel"},
        ),
    ),
    export(
        "listings", "keepa-products.csv", "keepa_listings",
        listing(
            "BTL-07", "Steel bottle", bullets=["Keeps tea warm"], description="A bottle.",
            category="Kitchen › Bottles", images=5, attributes={"Color": "Blue"},
        ),
        errors={2: "product_id B0RIVAL001 is neither the external ID nor the SKU of a product"},
    ),
    export(
        "listings", "apify-products.csv", "apify_listings",
        listing(
            "BTL-07", "Steel bottle", bullets=["Keeps tea warm"], description="A bottle.",
            category="Home & Kitchen > Thermoses", images=1, attributes={"Material": "Steel"},
        ),
        errors={2: "product_id B0RIVAL001 is neither the external ID nor the SKU of a product"},
    ),
    export(
        "competitor-listings", "helium10-xray.csv", "helium10_xray",
        rival("B0RIVAL001", "Insulated Bottle, 24 oz", category="Kitchen & Dining", **RIVAL),
        skipped={3: OWN},
        errors={4: "title must not be empty"},
    ),
    export(
        "competitor-listings", "helium10-black-box.csv", "helium10_black_box",
        rival("B0RIVAL001", "Insulated Bottle, 24 oz", category="Home & Kitchen", **RIVAL),
    ),
    export(
        "competitor-listings", "jungle-scout-products.csv", "jungle_scout_products",
        rival("B0RIVAL001", "Insulated Bottle, 24 oz", category="Home & Kitchen", **RIVAL),
    ),
    export(
        "competitor-listings", "keepa-products.csv", "keepa_products",
        rival(
            "B0RIVAL001", "Insulated bottle, 0.7 l", bullets=["Double wall", "Leakproof"], description="Holds heat.",
            category="Kitchen › Bottles", attributes={"Color": "Black"}, **RIVAL,
        ),
        skipped={3: OWN},
    ),
    export(
        "competitor-listings", "apify-products.csv", "apify_products",
        rival(
            "B0RIVAL001", "Insulated Bottle, 24 oz", bullets=["Double wall", "Leakproof lid"],
            description="Holds heat.", category="Home & Kitchen > Thermoses",
            attributes={"Material": "Stainless Steel", "Colour": "Black"}, sku="MUG-1", **RIVAL,
        ),
        skipped={3: OWN},
        query={"sku": "MUG-1"},
    ),
    export(
        "keywords", "helium10-cerebro.csv", "helium10_keywords",
        {"keyword": "steel water bottle", "volume": 12500, "sku": "BTL-07"},
        {"keyword": "thermos flask", "sku": "BTL-07"},
        query={"sku": "BTL-07"},
    ),
    export(
        "keywords", "helium10-magnet.csv", "helium10_keywords",
        {"keyword": "steel water bottle", "volume": 12500},
    ),
    export(
        "keywords", "jungle-scout-keywords.csv", "jungle_scout_keywords",
        {"keyword": "steel water bottle", "volume": 12500},
    ),
    export(
        "keywords", "datadive-keywords.csv", "datadive_keywords",
        {"keyword": "steel water bottle", "volume": 12500},
    ),
    export(
        "keywords", "amazon-search-terms.csv", "amazon_search_terms",
        {"keyword": "steel water bottle"}, {"keyword": "thermos flask"},
    ),
    export(
        "keywords", "google-keyword-planner.csv", "google_keyword_planner",
        {"keyword": "steel water bottle", "volume": 1000}, {"keyword": "thermos flask", "volume": 500},
    ),
]  # fmt: skip
UNSAID = ("marketplace", "imported_at", "updated_at", "optimised_at")


def add_products(caller: Caller) -> None:
    assert report(caller, "products", PRODUCTS, marketplace=MARKETPLACE)["rejected"] == 0


def said(stored: list[Row]) -> list[Row]:
    """Without what is empty."""
    rows = [{field: value for field, value in row.items() if field not in UNSAID} for row in stored]
    return sorted(({k: v for k, v in row.items() if v not in (None, "", [], {})} for row in rows), key=str)


@pytest.mark.parametrize(
    ("kind", "case", "rows"), EXPORTED, ids=lambda value: name(value) if isinstance(value, Case) else None
)
def test_an_export_is_taken_as_it_is_and_a_second_time_changes_nothing(
    owner: Caller, kind: str, case: Case, rows: tuple[Row, ...]
) -> None:
    add_products(owner)
    check_report(case, told(owner, kind, case))
    stored = listed(owner, kind, marketplace=MARKETPLACE)
    assert said(stored) == sorted(rows, key=lambda row: str(_in_order(row, said(stored))))
    assert counts(told(owner, kind, case))[:2] == (0, len(rows))
    assert listed(owner, kind, marketplace=MARKETPLACE) == stored


def _in_order(row: Row, stored: list[Row]) -> Row:
    """The row with its fields in the order of those that are stored."""
    names = list(dict.fromkeys(name for each in stored for name in each))
    return {name: row[name] for name in sorted(row, key=names.index)}


def test_an_export_of_products_is_still_one_of_products(owner: Caller) -> None:
    for file in ("shopify-listings.csv", "woocommerce-listings.csv", "ebay-listings.csv"):
        body = (EXPORTS / file).read_bytes()
        assert report(owner, "products", body, marketplace=MARKETPLACE)["kind"] == "products"


def test_an_export_for_another_list_says_where_to_send_it(owner: Caller) -> None:
    body = (EXPORTS / "helium10-xray.csv").read_bytes()
    message = send(owner, "keywords", body).json()["error"]["message"]
    assert message.startswith("This is Helium 10's Xray, which holds competitors' listings.")
    assert "/api/catalogue/competitor-listings" in message


def test_attributes_of_a_shops_variants_are_those_of_the_first_one(owner: Caller) -> None:
    add_products(owner)
    report(owner, "listings", "sku,title,attribute.Fabric\nLIN-M,Shirt,Cotton\n", marketplace=MARKETPLACE)
    report(owner, "listings", (EXPORTS / "shopify-listings.csv").read_bytes(), marketplace=MARKETPLACE)
    attributes = {row["sku"]: row["attributes"] for row in listed(owner, "listings")}
    assert (attributes["LIN-S"], attributes["LIN-M"]) == ({"Fabric": "Linen"}, {"Fabric": "Cotton"})
