"""Scripts of JSON-LD with several documents, broken ones, and names of other vocabularies."""

import json
from decimal import Decimal

import pytest

from tests.workers.marketplaces.web.reading import offer, page, prices, product, reasons, script

ORDINARY = [(Decimal("19.50"), "USD")]
JSON = json.dumps(product(offer()))
CRUMBS = '{"@context": "https://schema.org", "@type": "BreadcrumbList"}'


@pytest.mark.parametrize(
    "text",
    [
        f"{CRUMBS}\n{JSON.replace('}', ',}')}",
        f"{CRUMBS}\n/* product */\n{JSON}",
        f"{CRUMBS}\n// product\n{JSON}",
        f"{CRUMBS};\n<!-- x -->{JSON}",
        CRUMBS + "\n" + JSON.replace('"', "&quot;"),
        f"{CRUMBS[:-1]}, }}\n{JSON}",
        CRUMBS.replace('"BreadcrumbList"', '"a": ') + "\n" + JSON,
        f"{JSON}\n{CRUMBS[:-5]}",
    ],
)
def test_each_document_of_a_script_is_read_by_itself(text: str) -> None:
    assert prices(script(text)) == ORDINARY


@pytest.mark.parametrize(
    "text",
    [
        JSON.replace("Mug", '24" Mug'),
        JSON.replace('"name"', '"sku":, "name"'),
        JSON[:-1],
        JSON.replace('"19.50"', "19,50"),
        JSON.replace('"', "'"),
    ],
)
def test_json_that_cannot_be_read_is_said_to_be_that(text: str) -> None:
    found = page(script(text))
    assert (found.has_product, found.is_broken) == (False, True)


def test_json_of_something_else_is_not_broken() -> None:
    assert not page(script(CRUMBS)).is_broken
    assert not page(script("")).is_broken


@pytest.mark.parametrize("name", ["retail:price", "shop:price", "x:lowPrice"])
def test_names_of_other_vocabularies_are_not_schema_orgs(name: str) -> None:
    text = json.dumps(product({"price": "19.50", name: "25", "priceCurrency": "USD"}))
    assert prices(script(text)) == ORDINARY
    assert "The price is missing" in reasons(script(product({name: "25", "priceCurrency": "USD"})))


def test_a_plain_name_counts_before_one_with_a_prefix() -> None:
    for names in (("price", "schema:price"), ("schema:price", "price")):
        amounts = {name: "19.50" if name == "price" else "25" for name in names}
        assert prices(script(product({**amounts, "priceCurrency": "USD"}))) == ORDINARY


def test_an_empty_currency_is_the_products() -> None:
    assert prices(script(product(offer(priceCurrency=""), priceCurrency="USD"))) == ORDINARY
