"""What a tenant may say of its account, and which of Amazon's addresses follows from it."""

import re
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from aijobs.outbound.failures import OutboundError, Transient
from tests.workers.marketplaces.paces import Leaping
from workers.marketplaces.amazon.connector import Amazon
from workers.marketplaces.amazon.regions import MARKETPLACES
from workers.marketplaces.amazon.settings import AmazonCredentials, AmazonSettings
from workers.marketplaces.amazon.transport import Transport
from workers.marketplaces.protocols import Scope

NEEDED: dict[str, Any] = {"seller_id": "OURS", "country": "US"}
CREDENTIALS = {name: SecretStr("hush") for name in AmazonCredentials.model_fields}


def test_every_marketplace_has_an_id_and_a_currency_of_its_own_form() -> None:
    assert len(MARKETPLACES) == 23
    assert len({each.id for each in MARKETPLACES.values()}) == 23
    assert all(re.fullmatch("A[0-9A-Z]{12,13}", each.id) for each in MARKETPLACES.values())
    assert all(re.fullmatch("[A-Z]{3}", each.currency) for each in MARKETPLACES.values())


@pytest.mark.parametrize(
    ("region", "countries"),
    [
        ("na", "US CA MX BR"),
        ("eu", "UK IE FR DE IT ES NL SE PL BE TR SA AE EG IN ZA"),
        ("fe", "JP AU SG"),
    ],
)
def test_a_marketplace_is_called_at_its_regions_address(
    servers: None, monkeypatch: pytest.MonkeyPatch, region: str, countries: str
) -> None:
    called: list[str] = []

    def unanswered(_: Transport, method: str, url: str, **options: object) -> None:
        called.append(url)
        raise Transient("AWAY", "-")

    monkeypatch.setattr(Transport, "exchange", unanswered)
    monkeypatch.setattr("workers.marketplaces.amazon.tokens.AccessTokens.get", lambda _: "token")
    for country in countries.split():
        settings = AmazonSettings.model_validate({**NEEDED, "country": country})
        # An account for each: what they share of rate limits is not tested here.
        credentials = AmazonCredentials.model_validate({**CREDENTIALS, "refresh_token": SecretStr(country)})
        with Amazon(settings, credentials, Leaping(), Scope(1, "amazon_us")) as amazon, pytest.raises(OutboundError):
            amazon.check()
    expected = f"https://sellingpartnerapi-{region}.amazon.com/listings/2021-08-01/items/OURS"
    assert called == [expected] * len(countries.split())


def test_an_unknown_country_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValidationError, match="must be one of US, CA, MX, BR, UK"):
        AmazonSettings.model_validate({**NEEDED, "country": "GB"})


@pytest.mark.parametrize("seller_id", ["", "../A", "a", "A" * 33, "A\n", None])
def test_a_sellers_id_is_letters_and_digits(seller_id: object) -> None:
    with pytest.raises(ValidationError):
        AmazonSettings.model_validate({**NEEDED, "seller_id": seller_id})


@pytest.mark.parametrize(
    "endpoint",
    ["", "sellingpartnerapi", "ftp://a.example", "https://", "https://a@a.example", "https://a.example/?b", "\0", 1],
)
@pytest.mark.parametrize("name", ["endpoint", "token_endpoint"])
def test_an_endpoint_is_an_address(name: str, endpoint: object) -> None:
    with pytest.raises(ValidationError):
        AmazonSettings.model_validate({**NEEDED, name: endpoint})


def test_an_endpoint_ends_without_a_slash() -> None:
    found = AmazonSettings.model_validate({**NEEDED, "endpoint": "https://sandbox.example/"})
    assert found.endpoint == "https://sandbox.example"


@pytest.mark.parametrize("unknown", [{"sellerid": "A"}, {"client_secret": "A"}])
def test_a_setting_that_is_none_is_refused(unknown: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        AmazonSettings.model_validate({**NEEDED, **unknown})


@pytest.mark.parametrize("name", CREDENTIALS)
def test_every_credential_is_needed_and_none_is_shown(name: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AmazonCredentials.model_validate({**CREDENTIALS, name: SecretStr("")})
    assert "hush" not in f"{caught.value} {AmazonCredentials.model_validate(CREDENTIALS)!r}"


@pytest.mark.parametrize("model", [AmazonSettings, AmazonCredentials])
def test_every_field_says_what_it_is(model: type[AmazonSettings] | type[AmazonCredentials]) -> None:
    assert all(field.description for field in model.model_fields.values())
