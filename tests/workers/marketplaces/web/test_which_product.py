"""Of several products and variants the one that the address means, or a reason why there is none."""

from decimal import Decimal

import pytest

from tests.workers.marketplaces.web.reading import ADDRESS, offer, page, prices, product, reasons, script

ORDINARY = [(Decimal("19.50"), "USD")]
PLATE = product(offer(9.99), name="Plate")
MUG = product(offer())
RANGE = {"@type": "AggregateOffer", "lowPrice": "15", "highPrice": "25", "priceCurrency": "USD"}


def microdata(name: str, price: str, more: str = "", within: str = "") -> str:
    return (
        f'<li itemscope itemtype="https://schema.org/Product"><b itemprop="name">{name}</b>{more}'
        '<p itemprop="offers" itemscope itemtype="https://schema.org/Offer">'
        f'<meta itemprop="priceCurrency" content="USD"><i itemprop="price">{price}</i>{within}</p></li>'
    )


def opengraph(price: str, **more: str) -> str:
    properties = {"price:amount": price, "price:currency": "USD", **more}
    return "".join(f'<meta property="og:{name}" content="{text}">' for name, text in properties.items())


# --- Another product --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "markup",
    [
        script([product(None, name="iPhone 15 Pro Max"), product(offer(9.99), name="iPhone 15 Pro")]),
        script([product(None, name="Mug XL"), product(offer(9.99), name="Mug", url="/mug-small")]),
        script([product(None, name="Mug"), product(offer(9.99), name="")]),
        script(product(None, name="Mug XL")) + microdata("Mug", "9.99"),
    ],
)
def test_a_name_within_another_is_another_product(markup: str) -> None:
    found = page(markup)
    assert (found.has_product, found.offers) == (False, [])


def test_a_rating_of_nothing_is_another_products_only_where_it_comes_first() -> None:
    rating = {"@type": "Product", "@id": "#product", "aggregateRating": {"ratingValue": 5}}
    assert prices(script([MUG, rating])) == ORDINARY
    assert not page(script([rating, PLATE])).has_product


def test_a_product_before_the_pages_that_has_no_offer_is_not_it() -> None:
    told = reasons(script([PLATE, product(None)]))
    assert "it is not clear which is its own: Plate, Mug." in told


@pytest.mark.parametrize(
    "markup",
    [
        script([PLATE, product(offer(8.88), name="Fork"), MUG]),
        script(PLATE) + microdata("Mug", "19.50"),
        microdata("Plate", "9.99") + microdata("Mug", "19.50"),
        script([offer(9.99), offer()]),
        script([product(offer(9.99), name="Plate", url=ADDRESS), product(offer(), url=ADDRESS)]),
    ],
)
def test_of_several_products_none_is_guessed(markup: str) -> None:
    told = reasons(markup)
    assert "several products" in told
    assert "9.99 USD" in told
    assert "19.50 USD" in told


@pytest.mark.parametrize(
    "markup",
    [
        script([{**PLATE, "@id": "/plate#product"}, {**MUG, "@id": f"{ADDRESS}#product"}]),
        script([{**PLATE, "mainEntityOfPage": "/plate"}, {**MUG, "mainEntityOfPage": {"@id": ADDRESS}}]),
        script([product(offer(9.99, url="/plate"), name="Plate"), product(offer(url="/mug"))]),
        microdata("Plate", "9.99", within='<a itemprop="url" href="/plate">')
        + microdata("Mug", "19.50", within='<a itemprop="url" href="/mug">'),
        script([PLATE, {**MUG, "url": "/en-us/mug/"}]),
        f"<h1>Mug</h1>{script([PLATE, MUG])}",
        f'<meta property="og:title" content="Mug | Shop">{script([PLATE, MUG])}',
        script([MUG, product(offer("$19.50"), name="A mug")]),
    ],
)
def test_the_pages_own_product_is_known_by_its_address_or_its_heading(markup: str) -> None:
    assert prices(markup) == ORDINARY


# --- Another variant --------------------------------------------------------------------------------------------

TWO = [offer(25, sku="A"), offer(sku="B")]


@pytest.mark.parametrize(
    ("markup", "named"),
    [
        (script(product(TWO)), "?variant=222"),
        (
            script({"@type": "ProductGroup", "hasVariant": [{"@type": "Product", "offers": each} for each in TWO]}),
            "?variant=2",
        ),
        (script(product(TWO)), "?size=L"),
        *((script(product(RANGE)), named) for named in ("#93=52", "#/26-color-red", "?sku=R", "?color=red")),
        *((script(product(RANGE)), named) for named in ("?number=SW10001.2", "?variantId=2", "?Variant=2")),
        (script(product({**RANGE, "highPrice": None})), "?variant=2"),
        (opengraph("15.00"), "?variant=222"),
        (script(product(RANGE, url="/mug?color=red")), "?color=red"),
        (script(product([offer(25, url="?id=5"), offer(url="?id=5")], url="?id=5")), "?id=5&color=red"),
    ],
)
def test_a_variant_that_the_page_does_not_tell_apart_is_refused(markup: str, named: str) -> None:
    told = reasons(markup, ADDRESS + named)
    assert "the variant that its address names" in told or "that of the one that its address names" in told


def test_the_reason_has_the_prices() -> None:
    assert "several prices: 19.50 USD, 25.00 USD." in reasons(script(product(TWO)), f"{ADDRESS}?variant=222")


@pytest.mark.parametrize(
    ("offers", "address"),
    [
        ([offer(25, **{"@id": "/mug?variant=1#offer"}), offer(**{"@id": "/mug?variant=2#offer"})], "?variant=2"),
        ([offer(25, url="/en-us/mug?variant=1"), offer(url="/en-us/mug?variant=2")], "?variant=2"),
        ([offer(25, url="/goods/cup?variant=1"), offer(url="/goods/cup?variant=2")], "?variant=2"),
        ([offer(25, sku="MUG-A"), offer(sku="MUG-B")], "?sku=mug-b"),
        ([offer(25, sku="MUG-A"), offer(sku="MUG-B")], "/MUG-B"),
        ([offer(25, gtin13="4006381333931"), offer(gtin13="4006381333948")], "/blue-4006381333948.html"),
        ([offer(25, itemOffered={"url": "?v=1"}), offer(itemOffered={"url": "?v=2"})], "?v=2"),
        ([offer(25, url="/mug#/1-size-s"), offer(url="/mug#/2-size-m")], "#/2-size-m"),
    ],
)
def test_a_variant_is_known_by_its_parameter_and_its_number(offers: object, address: str) -> None:
    assert prices(script(product(offers)), ADDRESS + address) == ORDINARY


@pytest.mark.parametrize(
    "named",
    ["?page=2", "?utm_source=x&gclid=1&srsltid=2", "?q=mug&sort=price", "#reviews", "#top", "?id=7", "?ref=a"],
)
def test_what_says_where_a_visitor_comes_from_names_no_variant(named: str) -> None:
    markup = script(product([offer(19.5, sku="1"), offer(25, sku="2")]))
    assert prices(markup, ADDRESS + named)[0] == ORDINARY[0]


def test_one_price_is_that_of_every_variant() -> None:
    assert prices(script(MUG), f"{ADDRESS}?variant=222") == ORDINARY
    assert prices(script(product([offer(), offer("$19.50")])), f"{ADDRESS}?variant=222")[0] == ORDINARY[0]
