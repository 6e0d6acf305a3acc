"""Prices that not everybody pays for one piece, told by a name, a unit or a kind; and two that may both be meant."""

from decimal import Decimal

import pytest

from tests.workers.marketplaces.web.reading import offer, page, prices, product, reasons, script

ORDINARY = [(Decimal("19.50"), "USD")]

NAMES = """
Mitgliedspreis|Mitgliederpreis|Clubpreis|Kundenkartenpreis|Prix adhérent|Prix membre|Precio socio|Prezzo soci
VIP price|Prime
Abopreis|Abo-Preis|Spar-Abo|Abonnement|Suscripción|Abbonamento|Subscriptions|Subscribed price|Prenumeration
Every 30 days, 10% off|Deliver every 1 month|Monatsrate|Mensualité|Financing|12 x 1.63|Anzahlung|Deposit|Ratenkauf
Student|Employee|New customers only|Staffelpreis ab 10|10+ pieces|Mengenrabatt|Händlerpreis|Großhandel|Nettopreis
Trade-in price|Rent|Miete|Lease|2 year protection plan|Extended warranty|Refurbished|Open box|B-Ware|Bundle of 2
Gift box|App price|Bank transfer price|Shipping|Versandkosten
"""
FEW = [each for line in NAMES.split("\n") for each in line.split("|") if each]
KINDS = (
    "ListPrice|List Price|list|WasPrice|UVP|MemberPrice"
    "|SubscriptionPrice|LoyaltyPrice|MSRP|DownPayment|UnitPrice|NetPrice"
)
UNITS = """
pro kg|€/kg|je 100 ml|per 100ml|100 g|Kilogramm|GRAMM|pro Liter|kilo|sq ft|m2|m²
fl oz|per fl. oz|kWh|grams|par litre|al kilo
Monat|mois|monthly|/mo|Mo.|per month|pro Monat|installment|Rate
"""


def specification(price: object, **more: object) -> dict[str, object]:
    return {"@type": "UnitPriceSpecification", "price": price, "priceCurrency": "USD", **more}


@pytest.mark.parametrize("name", FEW)
def test_an_offer_that_is_called_so_is_not_everybodys(name: str) -> None:
    assert prices(script(product([offer("15.00", name=name), offer()]))) == ORDINARY
    assert f"“{name}”" in reasons(script(product(offer("15.00", description=name))))
    specifications = [specification("15.00", name=name), specification("19.50")]
    assert prices(script(product({"@type": "Offer", "priceSpecification": specifications}))) == ORDINARY


@pytest.mark.parametrize(
    "name",
    [
        "Non-member price",
        "One-time purchase (no subscription)",
        "Mug without warranty",
        "Regular",
        "Mug, free shipping",
        "Aboriginal mug",
        "Fair trade",
        "Military green",
        "Muster: Streifen",
        "Prime oak",
        "For every occasion",
        "Current price",
        "Nichtmitglieder",
        "Size M, vintage look",
    ],
)
def test_a_name_that_says_nothing_of_that(name: str) -> None:
    assert prices(script(product(offer(name=name)))) == ORDINARY


def test_a_product_that_is_called_so_has_its_price() -> None:
    assert prices(script(product(offer(name="VIP monthly planner"), name="VIP monthly planner"))) == ORDINARY
    assert prices(script(product(offer(description="A mug. " * 10 + "For members of the club.")))) == ORDINARY


def test_a_condition_that_is_said_counts_more_than_a_name() -> None:
    assert prices(script(product(offer(name="Refurbished", itemCondition="NewCondition")))) == ORDINARY


@pytest.mark.parametrize("kind", KINDS.split("|"))
def test_a_kind_on_the_offer_itself(kind: str) -> None:
    assert prices(script(product([offer("15.00", priceType=kind), offer()]))) == ORDINARY
    assert "The price 15.00 is " in reasons(script(product(offer("15.00", priceType=kind))))
    several = specification("15.00", priceType=["https://schema.org/SalePrice", kind])
    assert prices(script(product(offer(priceSpecification=several)))) == ORDINARY


@pytest.mark.parametrize("unit", [each for line in UNITS.split("\n") for each in line.split("|") if each])
def test_a_price_by_a_measure_or_a_time(unit: str) -> None:
    specifications = [specification("9.99", unitText=unit), specification("19.50")]
    assert prices(script(product({"@type": "Offer", "priceSpecification": specifications}))) == ORDINARY
    assert "The price 9.99 is " in reasons(script(product(offer("9.99", unitText=unit))))


def test_a_service_a_bundle_and_customers() -> None:
    warranty = offer("4.99", itemOffered={"@type": "Service", "name": "Repairs"})
    assert prices(script(product([warranty, offer()]))) == ORDINARY
    assert prices(script(product([offer(35, includesObject={"amountOfThisGood": 2}), offer()]))) == ORDINARY
    assert "a price for members" in reasons(script(product(offer(eligibleCustomerType="Members"))))


def test_customers_of_whom_some_are_everybody() -> None:
    both = [f"http://purl.org/goodrelations/v1#{each}" for each in ("Business", "Enduser")]
    for some in (both, both[::-1]):
        assert prices(script(product(offer(eligibleCustomerType=some)))) == ORDINARY


def test_what_a_pack_holds_is_no_number_of_pieces() -> None:
    assert prices(script(product(offer(eligibleQuantity={"value": 500, "unitCode": "GRM"})))) == ORDINARY


@pytest.mark.parametrize("name", ["Klub 100", "Zum Vorteil", "Pour les habitués"])
def test_an_offer_with_a_name_is_not_the_one_beside_it_without(name: str) -> None:
    assert prices(script(product([offer("15.00", name=name), offer()]))) == ORDINARY
    # Variants have names, too.
    assert prices(script(product([offer(name="Small"), offer("25.00", name="Large")])))[0] == ORDINARY[0]
    assert prices(script(product([offer(name="Mug, small"), offer("25.00")])))[0] == ORDINARY[0]


# --- Two prices -------------------------------------------------------------------------------------------------


def test_of_two_ordinary_specifications_none_is_guessed() -> None:
    two = [specification("25.00"), specification("19.50")]
    told = reasons(script(product({"@type": "Offer", "priceSpecification": two})))
    assert "does not say which is asked: 25.00 USD, 19.50 USD." in told
    named = [specification("25.00"), specification("19.50", priceType="https://schema.org/SalePrice")]
    assert prices(script(product({"@type": "Offer", "priceSpecification": named}))) == ORDINARY


def test_a_price_that_may_be_net_beside_one_with_tax() -> None:
    gross = specification("19.50", valueAddedTaxIncluded=True)
    assert "16.39 USD, 19.50 USD" in reasons(script(product(offer("16.39", priceSpecification=gross))))


@pytest.mark.parametrize(
    "kind",
    [{"priceType": f"https://schema.org/{each}"} for each in ("ListPrice", "StrikethroughPrice", "SRP", "MSRP")]
    + [{"priceComponentType": f"https://schema.org/{each}"} for each in ("Installment", "DownPayment")],
)
def test_an_offer_that_repeats_a_price_that_is_not_asked(kind: dict[str, object]) -> None:
    other = specification("25.00", **kind)
    assert prices(script(product(offer("25.00", priceSpecification=[other, specification("19.50")])))) == ORDINARY
    assert "The price 25.00 is " in reasons(script(product(offer("25.00", priceSpecification=other))))
    lowest = {"@type": "AggregateOffer", "lowPrice": "25.00", "priceCurrency": "USD", "priceSpecification": other}
    assert "The price 25.00 is " in reasons(script(product(lowest)))


# --- Numbers, signs, shipping -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "currency"),
    [
        ("1.299", "EUR"),
        ("19.990", "COP"),
        ("12.500", "HUF"),
        ("1950.5", "JPY"),
        ("19.999", "USD"),
        ("19.5049", "USD"),
    ],
)
def test_more_decimals_than_the_currency_has_are_not_rounded(number: str, currency: str) -> None:
    text = f'{{"@type": "Product", "offers": {{"price": {number}, "priceCurrency": "{currency}"}}}}'
    assert number in reasons(script(text), currency=currency)


@pytest.mark.parametrize(
    ("number", "amount"),
    [("19.5", "19.50"), ("19.500000000000004", "19.50"), ("1299.500", "1299.50"), ("0.125e2", "12.50")],
)
def test_numbers_that_are_exact(number: str, amount: str) -> None:
    text = f'{{"@type": "Product", "offers": {{"price": {number}, "priceCurrency": "USD"}}}}'
    assert prices(script(text)) == [(Decimal(amount), "USD")]


def test_the_text_of_a_price_with_decimals_that_nobody_pays() -> None:
    assert "The amount 1950.5 has more decimals than JPY has." in reasons(
        script(product(offer("1950.5", priceCurrency="JPY"))), currency="JPY"
    )


def rate(value: object, **more: object) -> dict[str, object]:
    return {"shippingRate": {"value": value, "currency": "USD"}, **more}


@pytest.mark.parametrize(
    ("details", "shipping"),
    [
        ([rate(30, shippingDestination={"addressCountry": "DE"}), rate(5)], 5),
        ([rate(30, shippingLabel="Express"), rate(0)], 0),
        ({"shippingRate": {"minValue": 4, "maxValue": 30, "currency": "USD"}}, 4),
        ([rate(1, doesNotShip=True), rate(5)], 5),
        (
            {
                "shippingRate": {
                    "freeShippingThreshold": {"value": 50},
                    "shippingRate": {"value": 5, "currency": "USD"},
                }
            },
            5,
        ),
    ],
)
def test_shipping_is_the_lowest_that_an_ordinary_buyer_pays(details: object, shipping: int) -> None:
    (found,) = page(script(product(offer(shippingDetails=details)))).offers
    assert found.shipping == shipping
