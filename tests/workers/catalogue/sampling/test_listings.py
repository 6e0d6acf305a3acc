"""The sample's listings: mostly as they should be, some with the fault that is planted in them."""

import json
from collections import Counter, defaultdict

from tests.workers.catalogue.sampling import rows
from workers.catalogue.sampling.listings import FAULTS, RIVAL_BRANDS

BY_SKU = {row["sku"]: row for row in rows.listings()}


def bullets(row: dict[str, str]) -> list[str]:
    return [row[f"bullet_{number}"] for number in range(1, 6) if row[f"bullet_{number}"]]


def test_every_product_has_a_listing_of_its_brand() -> None:
    assert list(BY_SKU) == [f"SKU-{number:03d}" for number in range(1, 41)]
    for row in rows.listings():
        brand = json.loads(row["attributes"])["Brand"]
        assert brand.casefold() in row["title"].casefold()


def test_listings_without_a_planted_fault_are_as_they_should_be() -> None:
    for sku in BY_SKU.keys() - FAULTS.keys():
        row = BY_SKU[sku]
        assert len(row["title"]) <= 200
        assert not set("!$?_{}^¬¦<>") & set(row["title"])
        assert 3 <= len(bullets(row)) <= 5
        assert all(row[name] for name in ("description", "search_terms", "category"))
        assert len(row["search_terms"].encode()) <= 249
        assert int(row["images"]) >= 4


def test_planted_faults_are_there() -> None:
    assert len(BY_SKU["SKU-002"]["title"]) > 200
    assert "Free Shipping" in BY_SKU["SKU-004"]["title"]
    assert any("kills 99.9%" in bullet for bullet in bullets(BY_SKU["SKU-010"]))
    assert Counter(BY_SKU["SKU-012"]["title"].casefold().replace(",", "").split())["silicone"] > 2
    assert "!" in BY_SKU["SKU-014"]["title"]
    assert len(bullets(BY_SKU["SKU-016"])) == 1
    assert BY_SKU["SKU-019"]["search_terms"] == ""
    assert any("Cures" in bullet for bullet in bullets(BY_SKU["SKU-027"]))
    assert all("<b>" in bullet for bullet in bullets(BY_SKU["SKU-030"]))
    assert len(BY_SKU["SKU-033"]["search_terms"].encode()) > 249
    assert BY_SKU["SKU-036"]["images"] == "0"


def test_each_competitor_competes_with_a_dozen_products_under_more_than_one_name() -> None:
    titles = defaultdict(list)
    for row in rows.competitor_listings():
        titles[row["brand"]].append(row["title"])
        assert row["bullets"].count("\n") >= 2
    assert {brand: len(found) for brand, found in titles.items()} == dict.fromkeys(RIVAL_BRANDS, 13)
    for brand, names in RIVAL_BRANDS.items():
        assert all(brand in title for title in titles[brand])
        assert all(any(name in title for title in titles[brand]) for name in names)
    assert len({row["external_id"] for row in rows.competitor_listings()}) == 39


def test_shoppers_search_for_words_that_the_listing_lacks() -> None:
    lacking = 0
    for row in rows.keywords():
        assert int(row["volume"]) > 0
        text = " ".join(BY_SKU[row["sku"]].values()).casefold()
        lacking += not all(word in text for word in row["keyword"].split())
    assert lacking > 20
    assert {row["sku"] for row in rows.keywords()} == BY_SKU.keys()
