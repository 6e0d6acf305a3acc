"""Of all the prices of an offer, the one that an ordinary buyer pays for one piece, once, now, with tax."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils.timezone import now

from tests.workers.marketplaces.web.reading import offer, page, prices, product, reasons, script

ORDINARY = [(Decimal("19.50"), "USD")]
TIER = {"@type": "QuantitativeValue", "minValue": 10}
MEMBERS = {"@type": "MemberProgramTier", "name": "silver"}
MONTH = {"@type": "QuantitativeValue", "value": 1, "unitCode": "MON"}
KILOGRAM = {"value": 1, "unitCode": "KGM"}

# What makes a price one that not everybody pays for one piece, once, now; and what is said of it.
NOT_ORDINARY = [
    ({"validForMemberTier": MEMBERS}, "a member price"),
    ({"validForMemberTier": [{"@id": "#gold"}]}, "a member price"),
    ({"eligibleQuantity": TIER}, "the price from 10 pieces on"),
    ({"eligibleQuantity": {"value": "100", "unitCode": "C62"}}, "the price from 100 pieces on"),
    ({"eligibleQuantity": "12"}, "the price from 12 pieces on"),
    ({"eligibleTransactionVolume": {"minPrice": 500, "priceCurrency": "USD"}}, "orders from a certain amount"),
    ({"eligibleDuration": MONTH}, "a subscription price"),
    ({"billingDuration": 12}, "a subscription price"),
    ({"billingIncrement": 1, "unitCode": "MON"}, "a subscription price"),
    ({"referenceQuantity": {"value": 1, "unitCode": "MON"}}, "a subscription price"),
    ({"referenceQuantity": KILOGRAM}, "the price of 1 KGM"),
    ({"referenceQuantity": {"value": 6, "unitCode": "C62"}}, "the price of 6 C62"),
    ({"unitCode": "KGM"}, "the price of a KGM"),
    ({"unitText": "per 100 g"}, "the price of a G"),
    ({"unitText": "month"}, "a subscription price"),
    ({"eligibleCustomerType": "http://purl.org/goodrelations/v1#Business"}, "a price for businesses"),
    ({"validThrough": "2001-01-01"}, "valid until 2001-01-01"),
    ({"validFrom": "2999-01-01T00:00:00Z"}, "valid from 2999-01-01T00:00:00Z on"),
    ({"name": "Subscribe & save"}, "the price of “Subscribe & save”"),
    ({"name": "Members only"}, "the price of “Members only”"),
]
KINDS = ["ListPrice", "StrikethroughPrice", "MSRP", "SRP", "MinimumAdvertisedPrice", "InvoicePrice"]
CONDITIONS = [condition for condition, _ in NOT_ORDINARY]


def specification(price: str, **more: object) -> dict[str, object]:
    return {"@type": "UnitPriceSpecification", "price": price, "priceCurrency": "USD", **more}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_another_offer_is_taken_than_that_of_few(condition: dict[str, object]) -> None:
    assert prices(script(product([offer("12.00", **condition), offer()]))) == ORDINARY
    assert prices(script(product([offer(), offer("12.00", **condition)]))) == ORDINARY


@pytest.mark.parametrize("condition", [*CONDITIONS, *({"priceType": f"https://schema.org/{kind}"} for kind in KINDS)])
def test_another_specification_is_taken_than_that_of_few(condition: dict[str, object]) -> None:
    specifications = [specification("12.00", **condition), specification("19.50")]
    for some in (specifications, specifications[::-1], [specifications]):
        assert prices(script(product({"@type": "Offer", "priceSpecification": some}))) == ORDINARY
    # Also where the offer itself repeats the price of few.
    if condition in CONDITIONS:
        assert prices(script(product(offer("12.00", priceSpecification=specifications)))) == ORDINARY


@pytest.mark.parametrize(("condition", "reason"), NOT_ORDINARY)
def test_an_only_price_that_is_not_everybodys_is_refused_with_what_it_is(
    condition: dict[str, object], reason: str
) -> None:
    for offers in (
        offer("12.00", **condition),
        {"@type": "Offer", "priceSpecification": specification("12.00", **condition)},
        offer("12.00", priceSpecification=specification("12.00", **condition)),
    ):
        assert reason in reasons(script(product(offers)))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_crossed_out_or_recommended_is_not_asked(kind: str) -> None:
    listed = specification("25.00", priceType=f"https://schema.org/{kind}")
    assert prices(script(product(offer(priceSpecification=listed)))) == ORDINARY
    assert "The price 25.00 is " in reasons(script(product({"@type": "Offer", "priceSpecification": [listed]})))


@pytest.mark.parametrize(
    "extra",
    [
        {"eligibleQuantity": {"minValue": 1, "maxValue": 9}},
        {"eligibleQuantity": {"value": 1, "unitCode": "C62"}},
        {"eligibleQuantity": {"unitCode": "C62"}},
        {"unitText": "per bottle"},
        {"eligibleCustomerType": "http://purl.org/goodrelations/v1#Enduser"},
        {"businessFunction": "http://purl.org/goodrelations/v1#Sell"},
        {"referenceQuantity": {"value": 1, "unitCode": "C62"}},
        # The price of the goods, beside what they hold.
        {"referenceQuantity": {"value": "4.5", "unitCode": "ML", "valueReference": {"value": 100, "unitCode": "ML"}}},
        {"validFrom": "2001-01-01", "validThrough": "2999-01-01", "priceValidUntil": "2999-12-31"},
        {"priceValidUntil": "soon"},
        {"validForMemberTier": None},
        {"validForMemberTier": []},
        {"category": "Mugs"},
    ],
)
def test_what_everybody_may_have_is_ordinary(extra: dict[str, object]) -> None:
    assert prices(script(product(offer(**extra)))) == ORDINARY
    assert (
        prices(script(product({"@type": "Offer", "priceSpecification": specification("19.50", **extra)}))) == ORDINARY
    )


def test_a_date_is_over_when_its_day_is_over_everywhere() -> None:
    today, yesterday = now().date(), now().date() - timedelta(days=3)
    assert prices(script(product(offer(priceValidUntil=str(today))))) == ORDINARY
    assert "valid until" in reasons(script(product(offer(priceValidUntil=str(yesterday)))))


@pytest.mark.parametrize("until", ["9999-12-31", "9999-12-31T23:59:59-11:00", "0001-01-01", "0001-01-01T00:00:00"])
def test_shops_write_the_ends_of_the_calendar_for_no_date(until: str) -> None:
    assert prices(script(product(offer(priceValidUntil=until, validFrom="0001-01-01")))) == ORDINARY


def test_a_price_from_the_end_of_the_calendar_on_is_not_asked_yet() -> None:
    assert "valid from 9999" in reasons(script(product(offer(validFrom="9999-12-31"))))


@pytest.mark.parametrize("number", ["1e400000000", "1e30000000", "-1e-30000000", "1e99999999999999999999"])
def test_a_number_that_nobody_can_compute_with_says_nothing(number: str) -> None:
    """Few digits are enough for gigabytes."""
    as_price = script(product(offer(price="NUMBER"))).replace('"NUMBER"', number)
    quantity = script(product(offer(eligibleQuantity={"minValue": "NUMBER"}))).replace('"NUMBER"', number)
    assert all(number in each for each in (as_price, quantity))
    assert (prices(as_price), prices(quantity)) == ([], ORDINARY)


def test_a_product_may_be_called_like_a_subscription() -> None:
    assert prices(script(product(offer(name="Monthly planner, A5"), name="Monthly planner"))) == ORDINARY


def test_the_currency_may_be_in_the_specification_only() -> None:
    assert prices(script(product({"price": "19.50", "priceSpecification": {"priceCurrency": "USD"}}))) == ORDINARY


def test_a_sale_price_that_is_on_comes_before_the_regular_one() -> None:
    regular, sale = specification("25", priceType="RegularPrice"), specification("19.50", priceType="SalePrice")
    assert prices(script(product({"@type": "Offer", "priceSpecification": [regular, sale]}))) == ORDINARY
    assert prices(script(product(offer("25", priceSpecification=sale)))) == ORDINARY
    over = {**sale, "price": "9", "validThrough": "2001-01-01"}
    assert prices(script(product(offer(priceSpecification=[over])))) == ORDINARY


@pytest.mark.parametrize("included", [False, "false", "https://schema.org/False", "0"])
def test_with_tax_before_without(included: object) -> None:
    net = specification("16.39", valueAddedTaxIncluded=included)
    gross = specification("19.50", valueAddedTaxIncluded=True)
    (both,) = page(script(product(offer("16.39", priceSpecification=[net, gross])))).offers
    assert (both.price, both.tax_included) == (Decimal("19.50"), True)
    (only,) = page(script(product(offer("16.39", priceSpecification=net)))).offers
    assert (only.price, only.tax_included) == (Decimal("16.39"), False)


def test_of_several_currencies_the_products_own() -> None:
    two = [specification("17.00", priceCurrency="EUR"), specification("19.50")]
    markup = script(product({"@type": "Offer", "priceSpecification": two}))
    assert prices(markup) == ORDINARY
    assert prices(markup, currency="EUR") == [(Decimal("17.00"), "EUR")]
    assert prices(markup, currency="GBP") == [(Decimal("17.00"), "EUR")]


@pytest.mark.parametrize("currency", ["USD", "CAD", "AUD", "NZD", "SGD", "HKD"])
def test_a_dollar_is_the_products_own(currency: str) -> None:
    for offers in ({"price": "$19.50"}, {"price": "19.50", "priceCurrency": "$"}):
        assert prices(script(product(offers)), currency=currency) == [(Decimal("19.50"), currency)]
        assert "not clear" in reasons(script(product(offers)), currency="EUR")


@pytest.mark.parametrize(
    ("offers", "reason"),
    [
        ({"price": "19.50"}, "The currency of the price 19.50 is missing."),
        ({"priceCurrency": "USD"}, "The price is missing."),
        (offer("19,50 €"), "The price 19,50 € is not in the currency that the page names for it."),
        (offer(priceCurrency="Taler"), "The currency “Taler” is not known."),
        (offer("up to $30"), "The price “up to $30” cannot be read as one amount."),
        (offer(["25.00", "19.50"]), "The page has several prices for one offer: 25.00, 19.50."),
        (offer(priceCurrency=["USD", "EUR"]), "The page has several currencies for one price."),
        (offer(eligibleQuantity="many"), "a price for a certain quantity"),
        ({"@type": "AggregateOffer", "highPrice": 30, "priceCurrency": "USD"}, "only a highest price, 30"),
        ({"priceSpecification": {"maxPrice": 30, "priceCurrency": "USD"}}, "only a highest price, 30"),
        ({"@type": "OfferForLease", "price": 5, "priceCurrency": "USD"}, "an offer to rent"),
        (offer(businessFunction="http://purl.org/goodrelations/v1#LeaseOut"), "not a price of a sale"),
        (offer("0"), "The price is not above 0"),
        (offer("-5"), "“-5” cannot be read"),
    ],
)
def test_reasons_are_true(offers: dict[str, object], reason: str) -> None:
    assert reason in reasons(script(product(offers)))


def test_the_same_price_said_twice_is_one() -> None:
    assert prices(script(product(offer(["19.50", "$19.50", 19.5])))) == ORDINARY


def test_delivery_and_instalments_are_not_the_price() -> None:
    charges = [
        specification("4.90", **{"@type": "DeliveryChargeSpecification"}),
        specification("1.63", priceComponentType="https://schema.org/Installment"),
        specification("19.50"),
    ]
    assert prices(script(product({"@type": "Offer", "priceSpecification": charges}))) == ORDINARY


@pytest.mark.parametrize(
    ("availability", "known"),
    [
        ("https://schema.org/InStock", "InStock"),
        ("in stock", "InStock"),
        ("http://schema.org/InStoreOnly", "InStoreOnly"),
        ("schema:Discontinued", "Discontinued"),
        ("SoldOut", "SoldOut"),
        ({"@id": "https://schema.org/PreOrder"}, "PreOrder"),
        ("pre-order", "PreOrder"),
        ("onbackorder", "BackOrder"),
        ("PreSale", "PreSale"),
        ("Temporarily out of stock", "OutOfStock"),
        ("OutOfStock", "OutOfStock"),
        (["https://schema.org/InStock", "https://schema.org/InStoreOnly"], "InStoreOnly"),
        ("Made to order", "MadeToOrder"),
        ("LimitedAvailability", "LimitedAvailability"),
        ("", ""),
    ],
)
def test_an_offer_has_its_availability(availability: object, known: str) -> None:
    (found,) = page(script(product(offer(availability=availability)))).offers
    assert found.availability == known


@pytest.mark.parametrize(
    ("dates", "availability"),
    [
        ({"availabilityStarts": "2999-01-01"}, "PreOrder"),
        ({"availability": "PreOrder", "validFrom": "2999-01-01"}, "PreOrder"),
        ({"availability": "SoldOut", "priceValidUntil": "2001-01-01"}, "SoldOut"),
        ({"availability": "InStock", "availabilityEnds": "2001-01-01"}, "OutOfStock"),
    ],
)
def test_dates_keep_no_offer_from_being_kept_with_its_availability(
    dates: dict[str, object], availability: str
) -> None:
    (found,) = page(script(product(offer(**dates)))).offers
    assert (found.price, found.availability) == (Decimal("19.50"), availability)


def test_a_specification_without_a_price_says_what_it_says_of_the_offers() -> None:
    (found,) = page(script(product(offer(priceSpecification={"valueAddedTaxIncluded": False})))).offers
    assert (found.price, found.tax_included) == (Decimal("19.50"), False)


def test_shipping_that_is_free_for_members_is_not_free() -> None:
    rates = [
        {"validForMemberTier": MEMBERS, "shippingRate": {"value": 0, "currency": "USD"}},
        {"shippingRate": {"value": "4.95", "currency": "USD"}},
    ]
    (found,) = page(script(product(offer(shippingDetails=rates)))).offers
    assert found.shipping == Decimal("4.95")


def test_without_a_price_the_availability_is_told() -> None:
    told = reasons(script(product({"@type": "Offer", "priceCurrency": "USD", "availability": "OutOfStock"})))
    assert "The price is missing. Its availability is OutOfStock." in told
