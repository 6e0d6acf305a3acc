"""GET, POST and DELETE /api/catalogue/listings."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.clients import Caller
from tests.factories import ListingFactory, ProductFactory
from tests.workers.catalogue.steps import CSV, NDJSON, add_products, all_pages, counts, listed, report, send, where
from tests.workers.catalogue.test_uploads import workbook
from workers.catalogue.importing.contents import LONGEST_BULLET, MOST_BULLETS
from workers.catalogue.models import Listing, Product

pytestmark = pytest.mark.django_db

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LOOKED_AT = datetime(2026, 3, 13, tzinfo=UTC)


@pytest.fixture
def product(owner: Caller) -> None:
    add_products(owner, "A")


def only() -> Listing:
    return Listing.objects.get()


def stored(owner: Caller, body: str, content_type: str = CSV) -> dict[str, Any]:
    """The one listing that an import without errors makes."""
    assert report(owner, "listings", body, content_type=content_type)["errors"] == []
    [found] = listed(owner, "listings")
    return found


# --- The list -----------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_a_listing_is_imported_and_listed(owner: Caller) -> None:
    found = stored(
        owner,
        "sku,title,bullet_1,bullet_2,description,search_terms,attribute.Material,category,images\n"
        "A,Steel bottle,Keeps tea warm,Fits,<p>Of steel.</p>,thermos flask,steel,Kitchen,6\n",
    )
    assert found.pop("imported_at")
    assert found.pop("updated_at")
    assert found == {
        "marketplace": "amazon_us",
        "sku": "A",
        "title": "Steel bottle",
        "bullets": ["Keeps tea warm", "Fits"],
        "description": "<p>Of steel.</p>",
        "search_terms": "thermos flask",
        "attributes": {"Material": "steel"},
        "category": "Kitchen",
        "images": 6,
        "optimised_at": None,
    }


@pytest.mark.usefixtures("product")
def test_sku_and_title_are_enough(owner: Caller) -> None:
    found = stored(owner, "sku,title\nA,Bottle\n")
    empty: dict[str, object] = {
        "bullets": [],
        "description": "",
        "search_terms": "",
        "attributes": {},
        "category": "",
        "images": None,
    }
    assert {name: found[name] for name in empty} == empty


def test_tenants_see_and_remove_their_own(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    for each in (owner, outsider):
        add_products(each, "A", "B")
        report(each, "listings", "sku,title\nA,Bottle\nB,Mug\n")
    assert [row["title"] for row in listed(teammate, "listings")] == ["Mug", "Bottle"]
    assert [row["title"] for row in listed(teammate, "listings", sku="B")] == ["Mug"]
    removed = teammate.delete("/api/catalogue/listings?marketplace=amazon_us&sku=A")
    assert removed.status_code == 200
    assert [row["sku"] for row in listed(owner, "listings")] == ["B"]
    assert [row["sku"] for row in listed(outsider, "listings")] == ["B", "A"]


def test_pages_of_every_filter_are_the_whole_list(owner: Caller) -> None:
    for sku, marketplace in (("A", "amazon_us"), ("A", "ebay"), ("B", "amazon_us"), ("C", "amazon_us")):
        ListingFactory(product=ProductFactory(tenant=owner.tenant, sku=sku, marketplace=marketplace))
    for query in ({}, {"sku": "A"}, {"marketplace": "amazon_us"}, {"sku": "A", "marketplace": "ebay"}):
        assert all_pages(owner, "listings", limit=1, **query) == listed(owner, "listings", **query) != []


@pytest.mark.usefixtures("product")
def test_days_are_no_filter_of_listings(owner: Caller) -> None:
    assert owner.get("/api/catalogue/listings", **{"from": "2026-01-01"}).status_code == 422
    answer: Any = owner.delete("/api/catalogue/listings?marketplace=amazon_us&from=2026-01-01")
    assert answer.status_code == 422


# --- What cells say -------------------------------------------------------------------------------------------------


BULLETS = [
    ("bullet_1,bullet_2", "Warm,Light"),
    ("bullet_point1,bullet_point2", "Warm,Light"),
    ("Bullet Point 2,Bullet Point 1", "Light,Warm"),
    ("features/0,features/1", "Warm,Light"),
    ("Stichpunkt 1,Stichpunkt 2", "Warm,Light"),
    ("point fort 1,point fort 2", "Warm,Light"),
    ("viñeta 1,viñeta 2", "Warm,Light"),
    ("punto elenco 1,punto elenco 2", "Warm,Light"),
    ("bullet_1,bullet_2,bullet_3", "Warm,,Light"),
    ("bullets", '"• Warm\n- Light"'),
    ("bullets", "Warm|Light"),
    ("bullets", "Warm | Light |"),
    ("bullets", '"[""Warm"", ""Light""]"'),
    ("Aufzählungspunkte", '"Warm\n\nLight"'),
]
ATTRIBUTES = [
    ("attribute.Material,attribute.Colour", "steel,blue"),
    ("Merkmal: Material,Merkmal: Colour", "steel,blue"),
    ("attributes", '"{""Material"": ""steel"", ""Colour"": ""blue""}"'),
    (
        "attributes",
        '"[{""name"": ""Material"", ""value"": ""steel""}, {""key"": ""Colour"", ""value"": ""blue""}]"',
    ),
    ("caractéristiques", '"Material: steel\nColour: blue"'),
    ("attributes/0/key,attributes/0/value,attributes/1/key,attributes/1/value", "Material,steel,Colour,blue"),
]
IMAGES = {
    "6": 6,
    "6.0": 6,
    "0": 0,
    "": None,
    '"https://a.example/1.jpg, https://a.example/2.jpg"': 2,
}


@pytest.mark.usefixtures("product")
def test_bullets_are_columns_or_lines_or_a_list(owner: Caller) -> None:
    for header, cells in BULLETS:
        assert told_of(owner, header, cells)["bullets"] == ["Warm", "Light"], (header, cells)


@pytest.mark.usefixtures("product")
def test_attributes_are_columns_or_an_object_or_lines(owner: Caller) -> None:
    for header, cells in ATTRIBUTES:
        found = told_of(owner, header, cells)["attributes"]
        assert found == {"Material": "steel", "Colour": "blue"}, (header, cells)


@pytest.mark.usefixtures("product")
def test_images_are_a_number_or_their_addresses(owner: Caller) -> None:
    assert {cell: told_of(owner, "images", cell)["images"] for cell in IMAGES} == IMAGES


def told_of(owner: Caller, header: str, cells: str) -> dict[str, Any]:
    """The listing that an import of these makes, where there was none."""
    Listing.objects.all().delete()
    return stored(owner, f"sku,title,{header}\nA,Bottle,{cells}\n")


@pytest.mark.usefixtures("product")
def test_json_has_lists_and_objects(owner: Caller) -> None:
    row = {
        "sku": "A",
        "title": "Bottle",
        "bullets": ["Warm", "Light, {really}"],
        "attributes": {"Material": "steel", "Weight": 290.5, "Lid": True, "Sizes": [1, 2], "None": None},
        "images": ["https://a.example/1.jpg"],
        "variants": [{"deep": [{"deeper": 1}]}],
    }
    for content_type, body in ((NDJSON, json.dumps(row)), ("application/json", json.dumps([row]))):
        Listing.objects.all().delete()
        found = stored(owner, body, content_type=content_type)
        assert found["bullets"] == ["Warm", "Light, {really}"]
        assert found["attributes"] == {"Material": "steel", "Weight": "290.5", "Lid": "yes", "Sizes": "1, 2"}
        assert found["images"] == 1


@pytest.mark.usefixtures("product")
def test_a_list_where_a_text_belongs_is_an_error_of_its_row(owner: Caller) -> None:
    told = report(owner, "listings", '{"sku": "A", "title": ["Bottle"]}', content_type=NDJSON)
    assert told["errors"][0]["message"] == "title must be text, a number, true or false"


@pytest.mark.usefixtures("product")
def test_a_workbook_and_a_tab_separated_table_are_read(owner: Caller) -> None:
    content = workbook([["sku", "title", "bullet_1", "images"], ["A", "Bottle", "Warm", 6]])
    assert report(owner, "listings", content, content_type=XLSX)["imported"] == 1
    assert only().images == 6
    tabs = "Artikelnummer\tTitel\tBeschreibung\tSuchbegriffe\nA\tFlasche\tAus Stahl\tthermos\n"
    assert counts(report(owner, "listings", tabs)) == (0, 1, 0)
    assert (only().title, only().search_terms, only().bullets) == ("Flasche", "thermos", ["Warm"])


@pytest.mark.usefixtures("product")
def test_what_breaks_a_marketplaces_rules_is_imported(owner: Caller) -> None:
    title = "BEST SELLER!!! " + "x" * 500
    assert stored(owner, f"sku,title,bullet_1\nA,{title},<b>Cures everything</b>\n")["title"] == title


UNSTORABLE = [
    ("title", "x" * 1001, "title", "is longer than 1000 characters"),
    ("title", "", "title", "must not be empty"),
    ("title,bullet_1", f"T,{'x' * (LONGEST_BULLET + 1)}", "bullets", "is longer than 2,000 characters"),
    ("title,bullets", 'T,"' + "x\n" * (MOST_BULLETS + 1) + '"', "bullets", "has 21 bullets, and 20 are the most"),
    ("title,attributes", "T,of steel", "attributes", "must be a JSON object such as"),
    ("title,attributes", 'T,"{""a"": {""b"": 1}}"', "attributes", "must hold texts"),
    ("title,images", "T,many", "images", "must be how many images there are, or their addresses"),
    ("title,search_terms", f"T,{'x' * 5001}", "search_terms", "is longer than 5,000 characters"),
]


@pytest.mark.usefixtures("product")
def test_what_cannot_be_stored_is_an_error_of_its_row(owner: Caller) -> None:
    for header, cells, field, message in UNSTORABLE:
        [error] = report(owner, "listings", f"sku,{header}\nA,{cells}\n")["errors"]
        assert (error["line"], error["field"]) == (2, field), message
        assert error["message"].startswith(message)
    assert not Listing.objects.exists()


# --- Which product --------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_a_listing_is_of_a_product(owner: Caller) -> None:
    told = report(owner, "listings", "sku,title\nA,Bottle\nB,Mug\n,Pan\n")
    assert (counts(told), where(told)) == ((1, 0, 2), [(3, "sku"), (4, "sku")])
    assert told["errors"][0]["message"] == "is not a product of amazon_us; import the product first"


def test_a_product_may_be_named_by_its_external_id(owner: Caller) -> None:
    report(owner, "products", "sku,title,price,external_id\nA,Title,5,B0C1DE0001\n")
    told = report(owner, "listings", "asin,title\nB0C1DE0001,Bottle\nB0C1DE0002,Mug\n")
    assert counts(told) == (1, 0, 1)
    assert only().product.sku == "A"
    assert "send the listings of one product at a time, with sku=" in told["errors"][0]["message"]


@pytest.mark.usefixtures("product")
def test_products_of_another_tenant_are_none(outsider: Caller) -> None:
    assert counts(report(outsider, "listings", "sku,title\nA,Bottle\n")) == (0, 0, 1)


def test_listings_go_with_their_product(owner: Caller) -> None:
    add_products(owner, "A", "B")
    report(owner, "listings", "sku,title\nA,Bottle\nB,Mug\n")
    answer: Any = owner.delete("/api/catalogue/products?marketplace=amazon_us&sku=A")
    assert answer.json()["data"]["listings"] == 1
    assert only().product.sku == "B"


# --- Again ----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("product")
def test_an_import_changes_what_it_names_only(owner: Caller) -> None:
    report(owner, "listings", "sku,title,bullet_1,description\nA,Bottle,Warm,Of steel\n")
    assert counts(report(owner, "listings", "sku,description\nA,Of glass\n")) == (0, 1, 0)
    assert (only().title, only().bullets, only().description) == ("Bottle", ["Warm"], "Of glass")


@pytest.mark.usefixtures("product")
def test_empty_cells_of_a_table_clear(owner: Caller) -> None:
    report(owner, "listings", "sku,title,bullet_1,attribute.a,images\nA,Bottle,Warm,b,3\n")
    report(owner, "listings", "sku,bullet_1,bullet_2,attribute.a,images\nA,,,,\n")
    assert (only().bullets, only().attributes, only().images) == ([], {}, None)


@pytest.mark.usefixtures("product")
def test_a_new_listing_needs_a_title(owner: Caller) -> None:
    [error] = report(owner, "listings", "sku,description\nA,Of glass\n")["errors"]
    assert (error["field"], error["message"]) == (
        "title",
        "is needed for a new listing, and the catalogue has none of this SKU",
    )


CHANGES = (
    *("title,Mug", "bullet_1,Cold", "description,Other", "search_terms,x"),
    *("attribute.b,c", "category,x", "images,1"),
)


@pytest.mark.usefixtures("product")
def test_a_changed_text_makes_a_listing_new(owner: Caller) -> None:
    report(owner, "listings", "sku,title,bullet_1\nA,Bottle,Warm\n")
    for change in CHANGES:
        Listing.objects.update(optimised_at=LOOKED_AT)
        name, value = change.split(",")
        report(owner, "listings", f"sku,{name}\nA,{value}\n")
        assert only().optimised_at is None, change


@pytest.mark.usefixtures("product")
def test_a_listing_that_stays_as_it_is_is_not_new_and_was_not_changed(owner: Caller) -> None:
    body = "sku,title,bullets,attributes\nA,Bottle,Warm,a: b\n"
    report(owner, "listings", body)
    Listing.objects.update(optimised_at=LOOKED_AT)
    before = only().updated_at
    assert counts(report(owner, "listings", body)) == (0, 1, 0)
    assert (only().optimised_at, only().updated_at) == (LOOKED_AT, before)


@pytest.mark.usefixtures("product")
def test_a_dry_run_shows_the_rows_and_writes_nothing(owner: Caller) -> None:
    body = "sku,title,bullet_1,attribute.Material\nA,Bottle,Warm,steel\n"
    told = report(owner, "listings", body, dry_run="true")
    assert counts(told) == (1, 0, 0)
    assert told["preview"] == [
        {"sku": "A", "title": "Bottle", "bullets": ["Warm"], "attributes": {"Material": "steel"}}
    ]
    assert told["columns"]["bullets"] == "bullet_1"
    assert (told["ignored_columns"], Listing.objects.count()) == ([], 0)


def test_of_two_rows_of_a_product_the_last_one_counts(owner: Caller) -> None:
    add_products(owner, "A")
    assert counts(report(owner, "listings", "sku,title\nA,Bottle\nA,Mug\n")) == (1, 1, 0)
    assert only().title == "Mug"


def test_a_table_of_products_is_sent_to_products(owner: Caller) -> None:
    answer = send(owner, "listings", "sku,cost,price,stock,brand\nA,1,2,3,x\n")
    assert answer.status_code == 400
    assert "/api/catalogue/products" in answer.json()["error"]["message"]
    assert not Product.objects.exists()
