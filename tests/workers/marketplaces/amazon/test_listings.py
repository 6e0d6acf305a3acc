"""What our listings say, read and written."""

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import strategies as st

from aijobs.outbound.failures import CredentialsRefused, Permanent, Transient, Uncertain
from tests.drawing import draws
from tests.workers.marketplaces.amazon import models
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import RESET, FakeAmazon, Reply, errors, reply
from workers.changes.kinds.listing import Listings
from workers.marketplaces.amazon import client
from workers.marketplaces.amazon.attributes import NotUnderstood, Part, encoded
from workers.marketplaces.amazon.connector import Amazon
from workers.marketplaces.amazon.texts import Place, patches, texts_of
from workers.marketplaces.protocols import TEXTS, ListingDesk, Texts

Json = Any
US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
SKU = listing().sku
NEW: Texts = {
    "title": "Steel Bottle 0.7 l",
    "bullets": ["Keeps cold for 24 hours", "Fits a “bag”"],
    "description": "Carry it.",
    "search_terms": "flask canteen",
}


def said(value: str, language: str = "en_US", marketplace: str = US) -> Json:
    return {"value": value, "language_tag": language, "marketplace_id": marketplace}


@pytest.fixture(autouse=True)
def _is_listed(fake: FakeAmazon) -> None:
    fake.attributes[SKU] = {
        "item_name": [said("Bouteille", "fr_CA", CANADA), said("Bottle")],
        "bullet_point": [said("Cold"), said("Froid", "fr_CA", CANADA), said("Light")],
        "product_description": [said("A bottle.")],
        "generic_keyword": [said("flask"), said("canteen")],
        "brand": [said("Acme")],
    }
    fake.product_types[SKU] = [
        {"marketplaceId": CANADA, "productType": "CUP"},
        {"marketplaceId": US, "productType": "BOTTLE"},
    ]


def test_amazon_takes_listings(amazon: Amazon) -> None:
    assert isinstance(amazon, ListingDesk)


def test_the_texts_are_those_of_this_marketplace(amazon: Amazon) -> None:
    assert amazon.read_listing(listing(), TEXTS) == {
        "title": "Bottle",
        "bullets": ["Cold", "Light"],
        "description": "A bottle.",
        "search_terms": "flask canteen",
    }
    assert amazon.read_listing(listing(), ["title"]) == {"title": "Bottle"}


def test_what_a_listing_does_not_say_is_empty(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.attributes[SKU] = {}
    assert amazon.read_listing(listing(), TEXTS) == {
        "title": "",
        "bullets": [],
        "description": "",
        "search_terms": "",
    }


def test_what_is_written_is_read_again(amazon: Amazon, fake: FakeAmazon) -> None:
    before = copy.deepcopy(fake.attributes[SKU])
    assert amazon.write_listing(listing(), NEW) == []
    assert amazon.read_listing(listing(), TEXTS) == NEW
    sent = json.loads(fake.writes[0].body)
    assert sent["productType"] == "BOTTLE"
    assert fake.attributes[SKU]["brand"] == before["brand"]
    assert fake.attributes[SKU]["item_name"] == [said("Bouteille", "fr_CA", CANADA), said("Steel Bottle 0.7 l")]
    assert fake.attributes[SKU]["generic_keyword"] == [said("flask canteen")]


def test_only_the_texts_that_change_are_sent(amazon: Amazon, fake: FakeAmazon) -> None:
    amazon.write_listing(listing(), {"bullets": ["One"]})
    [patch] = json.loads(fake.writes[0].body)["patches"]
    assert (patch["op"], patch["path"]) == ("replace", "/attributes/bullet_point")
    assert patch["value"] == [said("Froid", "fr_CA", CANADA), said("One")]


def test_a_text_that_was_empty_is_so_again(amazon: Amazon, fake: FakeAmazon) -> None:
    """As a revert asks for. An attribute cannot be replaced by nothing, so it is deleted."""
    amazon.write_listing(listing(), {"title": "", "search_terms": ""})
    assert amazon.read_listing(listing(), ["title", "search_terms"]) == {"title": "", "search_terms": ""}
    assert [each["op"] for each in json.loads(fake.writes[0].body)["patches"]] == ["replace", "delete"]
    assert fake.attributes[SKU]["item_name"] == [said("Bouteille", "fr_CA", CANADA)]


def test_the_language_is_that_of_the_listing(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.attributes[SKU] = {"item_name": [said("Botella", "es_US")], "bullet_point": [said("Fría", "es_US")]}
    assert amazon.read_listing(listing(), ["title", "bullets"]) == {"title": "Botella", "bullets": ["Fría"]}
    amazon.write_listing(listing(), {"description": "Una botella."})
    assert fake.attributes[SKU]["product_description"] == [said("Una botella.", "es_US")]


def test_of_several_languages_the_marketplaces_own_is_ours(open_amazon: Opener, fake: FakeAmazon) -> None:
    both = [said("Bouteille", "fr_CA", CANADA), said("Bottle", "en_CA", CANADA)]
    fake.attributes[SKU] = {"item_name": both}
    canadian, ours = open_amazon(country="CA"), listing(currency="CAD")
    assert canadian.read_listing(ours, ["title"]) == {"title": "Bottle"}
    canadian.write_listing(ours, {"title": "Flask"})
    assert fake.attributes[SKU]["item_name"] == [both[0], said("Flask", "en_CA", CANADA)]


def test_without_a_product_type_that_of_the_settings_is_sent(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.product_types = {}
    open_amazon(product_type="FLASK").write_listing(listing(), {"title": "Flask"})
    assert json.loads(fake.writes[0].body)["productType"] == "FLASK"


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ({}, "item_name is not a list of objects"),
        ([None], "item_name is not a list of objects"),
        ([said("A") | {"value": 5}], "a value is not a text"),
        ([{"marketplace_id": US}], "a value is not a text"),
    ],
)
def test_what_is_not_understood_is_named(amazon: Amazon, fake: FakeAmazon, value: Json, what: str) -> None:
    fake.attributes[SKU] = {"item_name": value}
    with pytest.raises(Permanent, match=f"ATTRIBUTE_NOT_UNDERSTOOD: Nothing was sent, because {what}"):
        amazon.read_listing(listing(), ["title"])


def test_half_a_character_of_another_language_is_not_sent_back(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.attributes[SKU]["item_name"][0]["value"] = "\ud800"
    with pytest.raises(Permanent, match="a text or a number that cannot be sent back"):
        amazon.write_listing(listing(), {"title": "New"})
    assert fake.writes == []


def test_half_a_character_of_ours_is_not_taken_over(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.attributes[SKU]["item_name"] = [said("\ud800")]
    with pytest.raises(Permanent, match="LISTING_NOT_STORABLE"):
        Listings().read(amazon, listing(), {"title": "Bottle"})


def test_a_rejection_says_why_and_a_warning_is_told(amazon: Amazon, fake: FakeAmazon) -> None:
    issue = {
        "code": "8541",
        "message": "The title is too long.",
        "severity": "ERROR",
        "attributeNames": ["item_name"],
    }
    fake.submission = {"sku": SKU, "status": "INVALID", "submissionId": "1", "issues": [issue]}
    with pytest.raises(Permanent, match="WRITE_REJECTED: The title is too long") as caught:
        amazon.write_listing(listing(), NEW)
    assert not isinstance(caught.value, CredentialsRefused)
    fake.submission = {**fake.submission, "status": "ACCEPTED", "issues": [{**issue, "severity": "WARNING"}]}
    assert amazon.write_listing(listing(), NEW) == ["The title is too long."]


@pytest.mark.parametrize("answer", [Reply(500), RESET, Reply(body=b"<html>"), reply([]), reply({"status": "VALID"})])
def test_a_write_without_a_clear_answer_is_uncertain(amazon: Amazon, fake: FakeAmazon, answer: Any) -> None:
    fake.next_writes.append(answer)
    with pytest.raises(Uncertain):
        amazon.write_listing(listing(), NEW)


@pytest.mark.parametrize("answer", [Reply(500), RESET, Reply(body=b"<html>"), reply({"productTypes": {}})])
def test_a_listing_that_cannot_be_read_leaves_nothing_uncertain(
    amazon: Amazon, fake: FakeAmazon, answer: Any
) -> None:
    fake.next.extend([answer] * 4)
    with pytest.raises(Transient) as caught:
        amazon.write_listing(listing(), NEW)
    assert not isinstance(caught.value, Uncertain)
    assert fake.writes == []


def test_a_listing_that_amazon_does_not_know_is_told(amazon: Amazon, fake: FakeAmazon) -> None:
    with pytest.raises(Permanent, match=r"NOT_LISTED.*SKU 2/é"):
        amazon.read_listing(listing("SKU 2/é"), TEXTS)
    fake.next.append(errors("Forbidden", "no role", 403))
    with pytest.raises(CredentialsRefused):
        amazon.write_listing(listing(), NEW)


@pytest.mark.skipif(not models.PRESENT, reason="Amazon's models are not beside the repository")
def test_the_sandboxs_submissions(amazon: Amazon, fake: FakeAmazon) -> None:
    accepted, _, invalid = models.sandboxes(client.PATCH_LISTING.name)
    fake.next_writes.extend(reply(each["response"]) for each in (accepted, invalid))
    amazon.write_listing(listing(), NEW)
    with pytest.raises(Permanent, match="The attributes are invalid"):
        amazon.write_listing(listing(), NEW)


# Whatever else is there

OTHERS = st.lists(
    st.builds(
        said,
        st.text(max_size=5),
        st.sampled_from(["fr_CA", "en_CA", "es_US"]),
        st.sampled_from([US, CANADA]),
    ),
    max_size=3,
)
PLACE = Place(US, "en_US")


@draws(40, 2000, OTHERS, st.lists(st.text(max_size=5), max_size=3), st.lists(st.text(min_size=1), max_size=3))
def test_nothing_else_ever_changes(others: list[Json], old: list[str], new: list[str]) -> None:
    attributes: Part = {"bullet_point": [*others, *(said(each) for each in old)]}
    untouched = copy.deepcopy(attributes)
    with suppress(NotUnderstood):
        [patch] = json.loads(encoded("PRODUCT", patches(attributes, {"bullets": new}, PLACE)))["patches"]
        if patch["op"] == "replace":
            assert patch["value"] == [*others, *(said(each) for each in new)]
        else:
            assert not others
            assert not new
    assert attributes == untouched


@draws(
    40, 2000, st.recursive(st.none() | st.integers() | st.text(max_size=3), lambda inner: st.lists(inner, max_size=3))
)
def test_an_attribute_of_any_shape_is_read_or_named(value: Json) -> None:
    with suppress(NotUnderstood):
        texts_of({"item_name": value}, ["title"], PLACE)
