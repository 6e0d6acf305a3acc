import json
import string
from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest
from hypothesis import strategies as st

from tests.cpu import cpu_seconds_at_most
from tests.drawing import draws
from tests.workers.marketplaces.web import markups
from workers.catalogue.models import CONDITIONS
from workers.marketplaces.web.page import Page
from workers.marketplaces.web.pages import read

MUG = "https://www.shop.example/products/mug"


def page(markup: str | bytes, url: str = MUG, charset: str | None = "utf-8", currency: str = "EUR") -> Page:
    content = markup.encode() if isinstance(markup, str) else markup
    return read(content, charset, httpx.URL(url), CONDITIONS, currency)


def ld(text: str) -> str:
    return f'<script type="application/ld+json">{text}</script>'


def test_shopify_offers_each_variant_with_its_availability() -> None:
    found = page(markups.SHOPIFY)
    assert [(offer.price, offer.seller, offer.availability) for offer in found.offers] == [
        (Decimal("9.00"), "shop.example", "OutOfStock"),
        (Decimal("12.50"), "shop.example", "InStock"),
        (Decimal("15.00"), "shop.example", "InStock"),
    ]
    assert found.refused == []


def test_the_variant_of_the_address_is_meant() -> None:
    found = page(markups.SHOPIFY, f"{MUG}?utm_source=x&variant=3")
    assert [(offer.price, offer.url) for offer in found.offers] == [(Decimal("15.00"), f"{MUG}?variant=3")]
    assert found.refused == []


def test_woocommerce_has_a_graph_with_references() -> None:
    (offer,) = page(markups.WOOCOMMERCE, "https://shop.example/mug/").offers
    assert (offer.seller, offer.price, offer.shipping, offer.condition) == (
        "Töpferei",
        Decimal("14.90"),
        Decimal("4.95"),
        "refurbished",
    )


def test_microdata_in_german() -> None:
    (offer,) = page(markups.MICRODATA).offers
    assert (offer.seller, offer.price, offer.currency, offer.condition) == (
        "Möbel Haus",
        Decimal("1299.00"),
        "EUR",
        "used",
    )


def test_an_aggregate_without_offers_has_its_lowest_price() -> None:
    (offer,) = page(markups.AGGREGATE).offers
    assert (offer.price, offer.currency) == (Decimal("99.50"), "USD")


def test_an_aggregates_offers_come_one_by_one() -> None:
    found = page(markups.SELLERS)
    assert [(offer.seller, offer.price, offer.condition) for offer in found.offers] == [
        ("Ann", Decimal("10.00"), "new"),
        ("Bob", Decimal("11.00"), "used"),
    ]
    assert [refused.seller for refused in found.refused] == ["Cid", "Dan", "Eve"]


def test_only_the_conditions_asked_for() -> None:
    found = read(markups.SELLERS.encode(), None, httpx.URL(MUG), {"used"}, "USD")
    assert [offer.seller for offer in found.offers] == ["Bob"]


@pytest.mark.parametrize("markup", ["", "<p>Hello", ld("{}"), ld("nonsense"), ld('{"@type": "Product"}'), "\0"])
def test_a_page_without_a_product(markup: str) -> None:
    assert not page(markup).has_product


def test_what_the_database_refuses_is_left_out_of_names() -> None:
    text = '{"@type":"Product","offers":{"price":1,"priceCurrency":"EUR","seller":{"name":"A\\u0000\\ud800 b"}}}'
    assert page(ld(text)).offers[0].seller == "A b"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://a:b/", "x" * 3000])
def test_an_address_that_is_none_is_the_pages(url: str) -> None:
    text = f'{{"@type":"Product","offers":{{"price":1,"priceCurrency":"EUR","url":"{url}"}}}}'
    assert page(ld(text)).offers[0].url == MUG


@pytest.mark.parametrize(
    ("charset", "encoding"),
    [("utf-8", "utf-8"), ("iso-8859-1", "cp1252"), ("shift_jis", "shift_jis"), ("punycode", "utf-8"), ("?", "utf-8")],
)
def test_encodings(charset: str, encoding: str) -> None:
    text = '{"@type":"Product","offers":{"price":1,"priceCurrency":"EUR","seller":"Shop\u00b4s"}}'
    content = ld(text).encode(encoding, "replace")
    expected = content.decode(encoding)
    assert page(content, charset=charset).offers[0].seller in expected
    meta = f'<meta charset="{charset}">'.encode()
    assert page(meta + content, charset=None).offers[0].seller in expected


MIB = 1024 * 1024
LD = b'<script type="application/ld+json">'
# A page of 256 KiB in the suite, and the largest that is read where -m long asks for it.
SIZES = pytest.mark.parametrize(
    "size", [pytest.param(MIB // 4, id="short"), pytest.param(2 * MIB, id="long", marks=pytest.mark.long)]
)


def flood(size: int) -> bytes:
    """Attributes without end."""
    return b"<a " + b" ".join(b"a%d=1" % number for number in range(size // 10))


def of(part: bytes, size: int) -> bytes:
    return part * (size // len(part))


HOSTILE: list[Callable[[int], bytes]] = [
    lambda size: of(b"<div>", size),
    lambda size: of(b"<x>", size // 2) + of(b"</y>", size // 2),
    lambda size: b"<a x='" + of(b"y", size),
    lambda size: flood(size) + b">",
    lambda size: b"<!-- <a b=' -->" + flood(size) + b"'>",
    lambda size: b"<!-->" + flood(size) + b" -->",
    lambda size: b"<script><a b='</script>" + flood(size) + b"'>",
    lambda size: b"<textarea><a b='</textarea>" + flood(size) + b"'>",
    lambda size: b"</p a='>" + flood(size) + b"'>",
    lambda size: b"<?x '>" + flood(size) + b"'>",
    lambda size: b"<a b=c'>" + flood(size) + b"'>",
    lambda size: b"<![CDATA[ ' ]]>" + flood(size) + b">",
    lambda size: of(b"<!--", size),
    lambda size: of(b"<", size),
    lambda size: of(b"<a b='", size),
    lambda size: of(b"<script", size),
    lambda size: of(b"<b>", size),
    lambda size: b'<!DOCTYPE html [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>' + of(b"&b;", size // 4),
    lambda size: of(b"\0", size),
    lambda size: of(b"\xff", size),
    lambda size: LD + b"[" * 100_000,
    lambda size: LD + of(b'{"a":', size // 4) + b"1" + of(b"}", size // 20),
    lambda size: LD + of(b" ", size),
    lambda size: LD + b"//" + of(b" ", size),
    lambda size: LD + b'{"@type":"Product","offers":{"price":' + of(b"9", size // 2) + b"}}",
    lambda size: LD + b'{"@type":"Product","offers":{"price":1e99999999999999999999}}',
    lambda size: of(b"<div itemscope itemprop=a>", size),
    lambda size: b"<div itemscope>" + b"<div itemprop=a>" * 240 + of(b"<a>", size // 2),
    lambda size: b"<div id=a>" + of(b"<i itemprop=b itemscope itemref=a></i>", size) + b"<p itemscope itemref=a>",
    lambda size: (
        b"<div id=a>" + of(b"<i>x</i>", size // 3) + b"</div>" + of(b"<p itemscope itemref=a></p>", size // 4)
    ),
    lambda size: (
        b"<div id=a itemprop=b>" + of(b"x y ", size // 2) + b"</div>" + of(b"<p itemscope itemref=a></p>", size // 4)
    ),
    lambda size: (
        b"<div id=a rel=b>"
        + of(b"<i typeof=c></i>", size // 3)
        + b"</div>"
        + of(b"<p typeof=c itemref=a></p>", size // 4)
    ),
    lambda size: LD + of(b"/*", size),
    lambda size: LD + b'{"' + of(b'\\"', size),
    lambda size: LD + b"{" + of(b", ", size),
    lambda size: LD + of(b"{&quot;", size),
    lambda size: LD + b'{"@type":"Product","offers":{"price":"' + of(b"1 ", size),
    lambda size: LD + b"[" + b",".join(b'{"@id":"a","k%d":1}' % number for number in range(size // 35)) + b"]",
    lambda size: LD + b'{"@context":' * 900 + b"[" + of(b"1,", size),
]


@SIZES
@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_page_costs_bounded_time(hostile: Callable[[int], bytes], size: int) -> None:
    content = hostile(size)
    with cpu_seconds_at_most(max(10, 20 * size / MIB)):
        assert page(content).offers == []


PRICE = "<b itemprop=price>9</b>"
PRODUCT = (
    '<div itemscope itemtype="https://schema.org/Product"><div itemprop=offers itemscope '
    f'itemtype="https://schema.org/Offer"><meta itemprop=priceCurrency content=EUR>{PRICE}</div></div>'
)


@pytest.mark.parametrize(
    "markup",
    [
        f"a < b <p title='>'>{PRODUCT}",
        f"<!-- ' -->{PRODUCT}<!-- ' -->",
        f"<!--><p>{PRODUCT}",
        f"<script>if (a<b) document.write('<div itemscope')</script>{PRODUCT}",
        f"<title><a b='</title>{PRODUCT}",
        f"<?xml version='1.0'?>{PRODUCT}",
        f"<![CDATA[ ' ]]>{PRODUCT}",
        PRODUCT.replace(PRICE, "<B ITEMPROP = 'price' itemprop=x class=\"a'b\">9</B>"),
        PRODUCT.replace(PRICE, "<meta itemprop=price content='9'/>"),
        PRODUCT.replace(PRICE, "<p itemprop=price>&#57;"),
    ],
)
def test_pages_are_read_as_browsers_do(markup: str) -> None:
    (offer,) = page(markup).offers
    assert offer.price == 9


@pytest.mark.parametrize(
    "hidden", ["<!-- {} -->", "<!-- > {} --!>", "<textarea>{}</textarea>", "<script>{}</script>", "<a b='{}'>"]
)
def test_what_no_browser_shows_is_not_read(hidden: str) -> None:
    assert not page(hidden.format(PRODUCT)).has_product


def test_references_do_not_multiply() -> None:
    products = ",".join(['{"@type":"Product","hasVariant":[' + ",".join(['{"@id":"v"}'] * 100) + "]}"] * 250)
    offers = '{"@id":"v","offers":[' + ",".join(["1"] * 2500) + "]}"
    with cpu_seconds_at_most(10):
        assert page(ld(f'{{"@graph":[{products},{offers}]}}')).offers == []


@pytest.mark.parametrize(
    "product",
    [
        '{{"@type":"Product","name":"{0}","offers":{{"price":{0},"priceCurrency":"EUR"}}}}',
        '{{"@type":"Product","name":"{0}","url":"/{0}?a={0}","offers":[{{"@id":"/a?b=1","url":"?c={0}","price":1}}]}}',
        '{{"@type":"Product","name":"{0}"}}',
        '{{"@type":"Product","sku":"{0}","hasVariant":{{"@id":"{0}","offers":{{"price":{0}}}}}}}',
        '{{"@type":"Offer","price":{0},"priceCurrency":"EUR","url":"?variant={0}"}}',
    ],
)
def test_many_products_cost_bounded_time(product: str) -> None:
    with cpu_seconds_at_most(10):
        page(ld(f"[{','.join(product.format(number) for number in range(1, 3_000))}]"), f"{MUG}?variant=7&a=1")


KEYS = "@type @id @graph offers price priceCurrency url seller name hasVariant lowPrice availability itemCondition"
KEYS += " priceSpecification shippingDetails shippingRate value mainEntity"
VALUES = st.sampled_from(
    ["Product", "AggregateOffer", "EUR", "1.50", "a", "", "//[", "\ud800", "https://schema.org/"]
)
LEAVES = VALUES | st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON: st.SearchStrategy[object] = st.deferred(
    lambda: LEAVES | st.lists(JSON, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), JSON, max_size=6)
)


@draws(40, 2000, JSON)
def test_any_json_is_read_without_an_exception(value: object) -> None:
    page(ld(json.dumps({"@type": "Product", "offers": value})))
    page(ld(json.dumps(value)))


FRAGMENTS = [
    "<div itemscope",
    " itemprop='offers'",
    " itemprop=price",
    " itemtype='a/Product'",
    ">",
    "</div>",
    "<!--",
]
FRAGMENTS += ["<script type='application/ld+json'>", "</script>", "<![CDATA[", "{", "}", '"', ":", "&", "\0", "1"]


@draws(
    40,
    2000,
    st.lists(st.sampled_from(FRAGMENTS) | st.text(string.printable, max_size=5), max_size=30),
    st.binary(max_size=20),
)
def test_any_page_is_read_without_an_exception(fragments: list[str], end: bytes) -> None:
    page("".join(fragments).encode() + end, charset=None)
