"""Whether an offer is to be had, in schema.org's words and in shops' own."""

import pytest

from tests.workers.marketplaces.web.reading import offer, page, product, reasons, script
from workers.catalogue.models import TO_BE_HAD


def availability(said: object) -> str:
    (found,) = page(script(product(offer(availability=said)))).offers
    return found.availability


NOT_NOW = """
Not currently available|No longer available|nicht mehr verfügbar|nicht mehr lieferbar|derzeit nicht verfügbar
Lieferbar ab 12.12.2026|Available soon
BackInStock soon|0 in stock|In stock: 0|ComingSoon|Coming soon|Waitlist|Sold
Indisponible|no disponible|non disponibile|Uitverkocht
Esgotado|slutsåld|在庫なし|品切れ|Nur in der Filiale|Pick up only
false|No|0|EOL|https://schema.org/SoldOut#|https://schema.org/OutOfStock?x
pending|Notify me|Restocking|Expected 12 Dec
not available online|instock;preorder|available for preorder|Available in store only|Rupture de stock|NotAvailable
N'est plus disponible|Temporarily unavailable|ausverkauft|niet leverbaar|ikke på lager
není skladem|stokta yok|niedostępny
"""


@pytest.mark.parametrize("said", [each for line in NOT_NOW.split("\n") for each in line.split("|") if each])
def test_what_is_not_to_be_had_now(said: str) -> None:
    assert availability(said) not in TO_BE_HAD


@pytest.mark.parametrize(
    "said",
    [
        "In stock",
        "Choose options",
        "Auf Lager",
        "ab Lager lieferbar",
        "lieferbar ab sofort",
        "en stock",
        "disponibile",
        "available_for_order",
        "Sofort lieferbar, Lieferzeit 1-2 Tage",
        "10 in stock",
        "vorrätig",
        "Dostupné",
        "em estoque",
        "1",
        "true",
        True,
    ],
)
def test_what_is_to_be_had(said: object) -> None:
    assert availability(said) == "InStock"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("Sur commande", "MadeToOrder"),
        ("Only 3 left", "LimitedAvailability"),
        ("nur online", "OnlineOnly"),
        ("Pick up only", "InStoreOnly"),
        ("Vorbestellbar", "PreOrder"),
        ("EOL", "Discontinued"),
        ("", ""),
    ],
)
def test_words_have_schema_orgs_name(said: str, known: str) -> None:
    assert availability(said) == known


def test_what_is_not_known_is_quoted_and_left_out() -> None:
    assert "The availability “perhaps” is not known" in reasons(script(product(offer(availability="perhaps"))))


def test_stock_of_nothing_and_no_shipping_at_all() -> None:
    for said in ({"inventoryLevel": {"value": 0}}, {"inventoryLevel": 0}, {"shippingDetails": {"doesNotShip": True}}):
        (found,) = page(script(product(offer(**said)))).offers
        assert found.availability == "OutOfStock"
    (found,) = page(script(product(offer(inventoryLevel={"value": 5})))).offers
    assert found.availability == ""
