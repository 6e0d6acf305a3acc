"""What is refused at dispatch, and in which words."""

from typing import Any

import pytest

from tests.clients import Caller
from tests.factories import ProductFactory
from tests.workers.assistants.providers import configure
from tests.workers.assistants.server import FakeProvider
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.llm_visibility_score.steps import BRAND, shop

pytestmark = pytest.mark.django_db


def refusal(who: Caller, **params: object) -> tuple[int, Any]:
    answer = who.post(
        "/api/ai-jobs", {"type": "llm_visibility_score", "params": {"marketplace": MARKETPLACE, **params}}
    )
    return answer.status_code, answer.json().get("error", {}).get("code")


def test_what_is_not_there_is_refused_at_dispatch(owner: Caller) -> None:
    shop(owner)
    ProductFactory(tenant=owner.tenant, sku="OTHER", brand="Lumen & Oak")
    ProductFactory(tenant=owner.tenant, sku="NAMELESS")
    assert refusal(owner, brand=BRAND) == (201, None)
    assert refusal(owner, skus=["BOTTLE"]) == (201, None)
    assert refusal(owner, brand=BRAND, assistants=["local-retrieval"]) == (201, None)
    assert refusal(owner, brand=BRAND, assistants=["nobody"]) == (422, "ASSISTANT_NOT_CONFIGURED")
    assert refusal(owner, brand=BRAND, assistants=["local-retrieval", "nobody"]) == (422, "ASSISTANT_NOT_CONFIGURED")
    assert refusal(owner, brand=BRAND, marketplace="elsewhere") == (422, "MARKETPLACE_NOT_CONFIGURED")
    assert refusal(owner, skus=["UNKNOWN"]) == (422, "UNKNOWN_SKUS")
    assert refusal(owner, skus=["BOTTLE", "OTHER"]) == (422, "BRAND_NOT_CLEAR")
    assert refusal(owner, skus=["NAMELESS"]) == (422, "BRAND_NOT_CLEAR")
    assert refusal(owner, brand="Unheard of") == (422, "BRAND_NOT_CLEAR")
    assert refusal(owner, brand="Unheard of", questions=["What is the best bottle?"]) == (201, None)


@pytest.mark.parametrize("name", ["openai", "_mine", "0"])
def test_an_assistant_is_named_as_it_may_be_configured(owner: Caller, provider: FakeProvider, name: str) -> None:
    shop(owner)
    configure(owner, provider, name)
    assert refusal(owner, brand=BRAND, assistants=[name, "local-retrieval"]) == (201, None)


def test_products_of_others_are_not_there(owner: Caller, outsider: Caller) -> None:
    shop(owner)
    ProductFactory(tenant=outsider.tenant, sku="THEIRS")
    assert refusal(outsider, skus=["BOTTLE"]) == (422, "UNKNOWN_SKUS")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"brand": BRAND, "samples": 0},
        {"brand": BRAND, "locale": "it"},
        {"brand": BRAND, "max_cost": 0},
        {"brand": BRAND, "questions": []},
        {"brand": BRAND, "questions": ["Same?", "Same?"]},
        {"brand": BRAND, "competitors": [{"name": "X1", "alias": "Y1"}]},
        {"brand": BRAND, "assistants": ["local-retrieval", "local-retrieval"]},
    ],
)
def test_what_makes_no_sense_is_refused(owner: Caller, params: dict[str, object]) -> None:
    shop(owner)
    assert refusal(owner, **params) == (422, "INVALID_PARAMS")


def test_mistakes_in_a_brand_are_told_once_each_and_in_plain_words(owner: Caller) -> None:
    shop(owner)
    sent = {
        "marketplace": MARKETPLACE,
        "brand": "  ",
        "competitors": ["X", {"name": "Halden", "aliases": "H"}, 7],
        "assistants": ["OpenAI"],
        "locale": "de_AT",
        "questions": ["Which\nbottle?"],
    }
    answer = owner.post("/api/ai-jobs", {"type": "llm_visibility_score", "params": sent})
    details = {each["path"]: each["message"] for each in answer.json()["error"]["details"]}
    assert list(details) == [
        "params.brand.name",
        "params.competitors.0.name",
        "params.competitors.1.aliases",
        "params.competitors.2",
        "params.questions.0",
        "params.assistants.0",
        "params.locale",
    ]
    assert details["params.brand.name"] == "must be one line that is not blank, without control characters"
    assert details["params.assistants.0"] == (
        "must be local-retrieval, or a name of 1 to 32 of the characters a-z, 0-9 and _"
    )
    assert details["params.locale"] == (
        "must be en, de, fr or es, with or without a country in capitals, such as de-AT"
    )
    assert details["params.competitors.2"] == "must be a name, or an object with a name and aliases"
