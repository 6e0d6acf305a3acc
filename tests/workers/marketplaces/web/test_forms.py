"""The forms in which pages say what they offer, as they are found and not only as they should be."""

import json
from decimal import Decimal

import pytest

from tests.workers.marketplaces.web.reading import ADDRESS, offer, page, prices, product, reasons, script
from workers.marketplaces.web.page import Page

ORDINARY = [(Decimal("19.50"), "USD")]
JSON = json.dumps(product(offer()))
MICRODATA = 'itemscope itemtype="https://schema.org/{}"'
PRICE = '<meta itemprop="priceCurrency" content="USD"><meta itemprop="price" content="{}">'


def microdata(price: str, within: str = "") -> str:
    return (
        f"<div {MICRODATA.format('Product')}>{within}"
        f'<div itemprop="offers" {MICRODATA.format("Offer")}>{price}</div></div>'
    )


# --- JSON-LD ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        "{};",
        "\ufeff{}",
        "// <![CDATA[\n{}\n// ]]>",
        "//<![CDATA[ {} //]]>",
        "/*<![CDATA[*/{}/*]]>*/",
        "<![CDATA[{}]]>",
        "&lt;![CDATA[{}]]&gt;",
        "<!-- {} -->",
        "<!--\n{}\n//-->",
        "/* of the shop */ {} // and so on",
        '{{"@type": "BreadcrumbList"}}\n{}',
        '{{"@type": "BreadcrumbList"}};{};',
        "[[{}]]",
        '{{"@graph": [[{}]]}}',
        '{{"@type": "ItemPage", "mainEntity": {}}}',
    ],
)
def test_json_that_is_wrapped(form: str) -> None:
    assert prices(script(form.format(JSON))) == ORDINARY


@pytest.mark.parametrize(
    "text",
    [
        JSON.replace('"', "&quot;"),
        JSON.replace("}", ",}"),
        JSON.replace("}", ", /* the end */ }"),
        JSON.replace('"Mug"', '"Bob\\\'s // mug & <!-- so -->"'),
        JSON.replace('"Mug"', '"a\nb\tc"'),
        JSON.replace("@type", "type"),
        JSON.replace('"Product"', '["http://schema.org/Product", "Thing"]'),
        JSON.replace('"Product"', '"schema:Product"')
        .replace('"price', '"schema:price')
        .replace('"offers', '"s:offers'),
        JSON.replace('"19.50"', '{"@value": 19.50, "@type": "xsd:decimal"}'),
        JSON.replace('"19.50"', "[[19.50]]"),
        JSON.replace('"Offer"', '"offer"'),
    ],
)
def test_json_that_is_not_quite_json_or_not_quite_schema_org(text: str) -> None:
    assert prices(script(text)) == ORDINARY


@pytest.mark.parametrize("text", [JSON[:-5], "nonsense " + JSON[1:], JSON.replace(":", "=")])
def test_json_that_is_broken_says_nothing(text: str) -> None:
    assert not page(script(text)).has_product


def test_what_is_referred_to_by_id_is_found_wherever_it_is() -> None:
    parts = {"@graph": [{"@id": "#mug", "@type": "Product", "name": "Mug"}, {"@id": "#offer", **offer()}]}
    assert (
        prices(script(parts) + script({"@id": "#mug", "@type": "Product", "offers": {"@id": "#offer"}})) == ORDINARY
    )
    assert prices(script({"@graph": [product("#offer"), {"@id": "#offer", **offer()}]})) == ORDINARY


def test_an_offer_that_names_its_product() -> None:
    assert prices(script(offer(itemOffered={"@type": "Product", "name": "Mug"}))) == ORDINARY


def test_an_offer_that_stands_beside_its_product() -> None:
    mug = {"@id": "#mug", **product(None)}
    beside = [mug, offer(9, itemOffered={"@id": "#other"}), offer(itemOffered={"@id": "#mug"})]
    assert prices(script({"@graph": beside})) == ORDINARY


def test_a_variant_that_names_its_group() -> None:
    group = {"@id": "#group", "@type": "ProductGroup", "name": "Mugs"}
    red = product(offer(), name="Red", isVariantOf={"@id": "#group"})
    assert prices(script({"@graph": [group, red]})) == ORDINARY


def test_an_aggregate_whose_offers_have_no_price_has_its_lowest() -> None:
    aggregate = {"@type": "AggregateOffer", "lowPrice": 19.5, "highPrice": 30, "priceCurrency": "USD"}
    assert prices(script(product({**aggregate, "offers": [{"@type": "Offer", "url": "/a"}]}))) == ORDINARY


# --- Microdata, RDFa, OpenGraph ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markup", "source"),
    [
        (microdata(PRICE.format("19.50")), "microdata"),
        (microdata('<b itemprop="price">$<s>25.00</s> <ins>19.50</ins></b>'), "microdata"),
        (microdata('<b itemprop="price">$<span>19</span><span>.</span><span>50</span></b>'), "microdata"),
        (
            microdata('<data itemprop="price" value="19.50">about $20</data><i itemprop="priceCurrency">USD</i>'),
            "microdata",
        ),
        (microdata(PRICE.format("19.50") + '<b itemprop="price">$19.50</b>'), "microdata"),
        (
            f'<p {MICRODATA.format("Product")} itemref="a b"></p><p id="b"><b itemprop="name">Mug</b></p>'
            f'<p id="a" itemprop="offers" {MICRODATA.format("Offer")} itemref="c"></p>'
            f'<p id="c">{PRICE.format("19.50")}</p>',
            "microdata",
        ),
        (
            '<div prefix="s: http://schema.org/" typeof="s:Product"><p rel="s:offers" typeof="s:Offer">'
            '<b property="s:price" content="19.50">$20</b><b property="s:priceCurrency">USD</b></p></div>',
            "rdfa",
        ),
        (
            '<div vocab="https://schema.org/" typeof="Product"><p rel="offers"><i typeof="Offer">'
            '<b property="price">$19.50</b></i></p></div>',
            "rdfa",
        ),
        (
            '<div prefix="s: https://schema.org/" typeof="s:Product"><a rel="s:offers" href="#o">The offer</a></div>'
            '<div prefix="s: https://schema.org/" typeof="s:Offer" about="#o"><b property="s:price">$19.50</b></div>',
            "rdfa",
        ),
        (
            '<div vocab="https://schema.org/" typeof="Product"><link property="offers" href="#o"></div>'
            '<div vocab="https://schema.org/" typeof="Offer" resource="#o"><b property="price">$19.50</b></div>',
            "rdfa",
        ),
        (
            '<meta property="product:price:amount" content="19.50">'
            '<meta property="product:price:currency" content="USD">',
            "opengraph",
        ),
        ('<meta name="og:price:amount" content="$19.50">', "opengraph"),
        (
            '<meta property="product:price:amount" content="25">'
            '<meta property="product:price:currency" content="USD">'
            '<meta property="product:sale_price:amount" content="19.50">',
            "opengraph",
        ),
    ],
)
def test_elements_say_the_same(markup: str, source: str) -> None:
    (found,) = page(markup).offers
    assert (found.price, found.currency, found.source) == (Decimal("19.50"), "USD", source)


def test_digits_that_stand_apart_are_not_one_number() -> None:
    assert "“$19|50” cannot be read" in reasons(microdata('<b itemprop="price">$19<sup>50</sup></b>'))


@pytest.mark.parametrize("between", [" " * 3000, "<i></i>" * 60])
def test_what_is_said_of_a_price_far_behind_it_is_not_lost(between: str) -> None:
    assert "cannot be read" in reasons(microdata(f'<b itemprop="price">$19.50{between}<i>/month</i></b>'))


def test_the_type_of_a_price_may_be_in_itemtype() -> None:
    listed = f'<meta itemprop="priceType" itemtype="http://schema.org/ListPrice">{PRICE.format("25")}'
    specification = f'<p itemprop="priceSpecification" {MICRODATA.format("UnitPriceSpecification")}>{listed}</p>'
    assert prices(microdata(specification + PRICE.format("19.50"))) == ORDINARY
    assert "The price 25 is a list price" in reasons(microdata(specification))


def test_opengraph_is_the_last_resort() -> None:
    other = '<meta property="product:price:amount" content="9"><meta property="product:price:currency" content="USD">'
    assert prices(other + script(product(offer()))) == ORDINARY
    assert "a member price" in reasons(other + script(product(offer(validForMemberTier={"name": "gold"}))))
    (found,) = page(other + script(product(None))).offers
    assert (found.price, found.source) == (Decimal(9), "opengraph")


@pytest.mark.parametrize(
    ("begin", "end", "price"), [("2001-01-01", "2999-01-01", 15), ("2999-01-01", "", 25), ("", "2001-01-01", 25)]
)
def test_opengraphs_sale_price_holds_during_the_sale(begin: str, end: str, price: int) -> None:
    properties = {"price:amount": "25", "price:currency": "USD", "sale_price:amount": "15"}
    dates = {"sale_price_dates:start": begin, "sale_price_dates:end": end}
    markup = "".join(
        f'<meta property="product:{name}" content="{text}">' for name, text in (properties | dates).items()
    )
    assert prices(markup) == [(Decimal(price), "USD")]


def test_opengraph_has_prices_of_several_currencies_and_an_availability() -> None:
    pairs = [("17", "EUR"), ("19.50", "USD")]
    markup = '<meta property="product:availability" content="oos">' + "".join(
        f'<meta property="product:price:amount" content="{amount}">'
        f'<meta property="product:price:currency" content="{currency}">'
        for amount, currency in pairs
    )
    (found,) = page(markup).offers
    assert (found.price, found.currency, found.availability) == (Decimal("19.50"), "USD", "OutOfStock")


@pytest.mark.parametrize(
    "crossed",
    [
        '<del><span itemprop="price">25.00</span></del>',
        '<s itemprop="price">25.00</s>',
        '<del itemprop="price" content="25.00">25</del>',
        '<p style="Text-Decoration: line-through"><b itemprop="price">25.00</b></p>',
        '<b itemprop="price" style="text-decoration:line-through">25.00</b>',
    ],
)
def test_a_price_that_is_crossed_out_is_not_asked(crossed: str) -> None:
    currency = '<meta itemprop="priceCurrency" content="USD">'
    assert prices(microdata(f'{currency}{crossed}<ins itemprop="price">19.50</ins>')) == ORDINARY
    assert "The price is missing." in reasons(microdata(f"{currency}{crossed}<ins>19.50</ins>"))


@pytest.mark.parametrize("digits", ["19<span>500</span>", "1<sup>299</sup>", "<i>1</i><i>299</i>"])
def test_digits_of_several_elements_are_no_thousands(digits: str) -> None:
    assert "cannot be read" in reasons(microdata(f'<b itemprop="price">${digits}</b>'))


def test_a_template_is_not_on_the_page() -> None:
    hidden = f"<template>{script(product(offer(9)))}{microdata(PRICE.format(8))}</template>"
    assert prices(hidden + script(product(offer()))) == ORDINARY


def test_rdfa_about_something_else_is_not_of_the_product() -> None:
    offers = '<p property="offers" typeof="Offer"><b property="price">${}</b></p>'
    plate = f'<div about="#plate"><b property="name">Plate</b>{offers.format(9)}</div>'
    mug = f'<div vocab="https://schema.org/" typeof="Product">{plate}{offers.format("19.50")}</div>'
    assert prices(mug) == ORDINARY


def test_rdfas_hanging_rel_has_its_items_at_any_depth() -> None:
    inner = '<section><p><i typeof="Offer"><b property="price">$19.50</b></i></p></section>'
    assert prices(f'<div vocab="https://schema.org/" typeof="Product"><p rel="offers">{inner}</p></div>') == ORDINARY


# --- Which product, which variant -------------------------------------------------------------------------------

OTHER = product(offer(1), name="Other", url="https://shop.example/other")


@pytest.mark.parametrize(
    "markup",
    [
        script([OTHER, product(offer(), url=ADDRESS)]),
        script([OTHER, product(offer())]),
        script(
            {"@graph": [OTHER, {"@type": "WebPage", "mainEntity": {"@id": "#m"}}, product(offer(), **{"@id": "#m"})]}
        ),
        script(product(offer(), isRelatedTo=OTHER, isSimilarTo=[OTHER], isAccessoryOrSparePartFor=OTHER)),
        script({"@type": "ItemList", "itemListElement": [{"item": OTHER}]}) + script(product(offer())),
        f'<link rel="canonical" href="/pots/mug">{script([OTHER, product(offer(), url="/pots/mug")])}',
        microdata(PRICE.format("19.50"), f'<div itemprop="isRelatedTo" {microdata(PRICE.format("1"))[5:]}'),
    ],
)
def test_other_products_on_the_page_are_not_the_pages(markup: str) -> None:
    assert prices(markup) == ORDINARY


def test_an_other_products_offer_is_not_that_of_a_product_without_any() -> None:
    carousel = microdata(PRICE.format("1"), '<b itemprop="name">Other</b>')
    assert not page(script(product(None)) + carousel).has_product


def test_a_list_of_products_says_nothing_of_one() -> None:
    assert "several products" in reasons(script([OTHER, product(offer(2), name="Third", url="/third")]))


def variants(*parts: dict[str, object]) -> str:
    return script(
        {"@type": "ProductGroup", "name": "Mug", "hasVariant": [{"@type": "Product", **part} for part in parts]}
    )


@pytest.mark.parametrize(
    ("markup", "named"),
    [
        (variants({"offers": offer(9, url="?variant=1")}, {"offers": offer(url="?variant=2")}), "?variant=2&utm=x"),
        (variants({"url": "?v=1", "offers": offer(9)}, {"url": "?v=2", "offers": offer()}), "?v=2"),
        (variants({"url": "#a", "offers": offer(9)}, {"url": "#b", "offers": offer()}), "#b"),
        (variants({"@id": "#a", "offers": offer(9)}, {"@id": "#b", "offers": offer()}), "#b"),
        (variants({"sku": "a", "offers": offer(9)}, {"sku": "b", "offers": offer()}), "?sku=b"),
        (variants({"offers": offer(9, sku="a")}, {"offers": offer(sku="b")}), "#b"),
        (
            variants({"offers": offer(9, url="?size=s&colour=red")}, {"offers": offer(url="?size=s&colour=blue")}),
            "?colour=blue&size=s",
        ),
        (script([product(offer(9), url="/mug#a"), product(offer(), url="/mug#b")]), "#b"),
        (script(product([offer(9, itemOffered={"sku": "a"}), offer(itemOffered={"sku": "b"})])), "?sku=b"),
    ],
)
def test_the_variant_that_the_address_names(markup: str, named: str) -> None:
    assert prices(markup, ADDRESS + named) == ORDINARY


@pytest.mark.parametrize(
    ("markup", "named"),
    [
        (variants({"offers": offer(9, url="?variant=1")}, {"offers": offer(8, url="?variant=2")}), "?variant=3"),
        (variants({"url": "#a", "offers": offer(9)}, {"url": "#b", "offers": offer(8)}), "#c"),
        (script(product(offer(9), url="/mug?variant=1")), "?variant=3"),
        (script(product([offer(9, url="?variant=1&utm_source=a")])), "?variant=3&utm_source=b"),
    ],
)
def test_a_variant_that_is_not_there_is_not_another(markup: str, named: str) -> None:
    assert "no offer of the variant" in reasons(markup, ADDRESS + named)


@pytest.mark.parametrize("named", ["?variant=3", "?attribute_pa_size=m", "?id_product_attribute=7"])
def test_the_lowest_price_of_all_variants_is_not_that_of_the_named_one(named: str) -> None:
    of_all = {"@type": "AggregateOffer", "lowPrice": "19.50", "highPrice": "30.00", "priceCurrency": "USD"}
    assert "the lowest price of all variants" in reasons(script(product(of_all)), ADDRESS + named)
    assert prices(script(product(of_all)), f"{ADDRESS}?utm_source=x") == ORDINARY
    assert prices(script(product({**of_all, "highPrice": "19.50"})), ADDRESS + named) == ORDINARY


def test_a_groups_aggregate_only_sums_up_its_variants() -> None:
    group = {"@type": "ProductGroup", "offers": {"@type": "AggregateOffer", "lowPrice": 9, "priceCurrency": "USD"}}
    assert prices(script({**group, "hasVariant": [product(offer())]})) == ORDINARY
    assert prices(script(group)) == [(Decimal(9), "USD")]


def seen(found: Page) -> list[str]:
    return [each.source for each in found.offers]


def test_what_is_said_first_counts_json_ld_before_the_elements() -> None:
    assert seen(page(microdata(PRICE.format("19.50")) + script(product(offer())))) == ["json-ld"]
