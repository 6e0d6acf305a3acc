from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from protego import Protego
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from aijobs.outbound.failures import Permanent, Transient
from aijobs.outbound.pace import Pace
from tests.workers.marketplaces.paces import Leaping
from tests.workers.marketplaces.web import markups
from tests.workers.marketplaces.web.conftest import Opener
from workers.marketplaces.protocols import Fetched, Listing
from workers.marketplaces.web import robots
from workers.marketplaces.web.connector import Web
from workers.marketplaces.web.fetching import USER_AGENT

HTML = "text/html; charset=utf-8"


def fetch(web: Web, *urls: str) -> Fetched:
    (fetched,) = web.fetch_offers([Listing("A", "EUR", competitor_urls=urls)], ["new", "used", "refurbished"])
    return fetched


def paths(shop: HTTPServer) -> Sequence[str]:
    return [request.path for request, _ in shop.log]


def allow_robots(shop: HTTPServer, text: str = "") -> None:
    shop.expect_request("/robots.txt").respond_with_data(text, content_type="text/plain")


def test_a_page_is_read_after_robots_txt_by_our_name(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop, "User-agent: *\nDisallow: /admin")
    shop.expect_request("/mug", headers={"User-Agent": USER_AGENT}).respond_with_data(
        markups.SELLERS, content_type=HTML
    )
    fetched = fetch(open_web(), shop.url_for("/mug"))
    assert fetched.problem is None
    assert [offer.seller for offer in fetched.offers] == ["Ann", "Bob"]
    assert paths(shop) == ["/robots.txt", "/mug"]


def test_robots_txt_is_known_for_a_while_and_a_second_passes_between_requests(
    shop: HTTPServer, open_web: Opener
) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data(markups.SELLERS, content_type=HTML)
    pace = Leaping()
    web = open_web(pace)
    for _ in range(2):
        fetch(web, shop.url_for("/mug"))
    assert paths(shop) == ["/robots.txt", "/mug", "/mug"]
    # The clock is Valkey's, which leaps over nothing.
    assert pace.waits == pytest.approx([1, 2])


@pytest.mark.parametrize(
    ("rules", "code"),
    [
        ("User-agent: *\nDisallow: /mug", "ROBOTS_DISALLOWED"),
        ("User-agent: AIJobsBot\nDisallow: /\n\nUser-agent: *\nAllow: /", "ROBOTS_DISALLOWED"),
        ("User-agent: *\nCrawl-delay: 31", "CRAWL_DELAY_TOO_LONG"),
    ],
)
def test_what_robots_txt_forbids_is_not_read(shop: HTTPServer, open_web: Opener, rules: str, code: str) -> None:
    allow_robots(shop, rules)
    problem = fetch(open_web(), shop.url_for("/mug")).problem
    assert isinstance(problem, Permanent)
    assert (problem.code, paths(shop)) == (code, ["/robots.txt"])


def test_a_crawl_delay_is_kept(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop, "User-agent: *\nCrawl-delay: 20")
    shop.expect_request("/mug").respond_with_data(markups.SELLERS, content_type=HTML)
    pace = Leaping()
    fetch(open_web(pace), shop.url_for("/mug"), shop.url_for("/mug?again"))
    assert pace.waits == pytest.approx([1, 21])


def test_a_hostile_robots_txt_costs_bounded_time() -> None:
    names = "".join(f"User-agent: {number}\n" for number in range(12_000))
    text = robots.for_us(names + "Disallow: /x\n" * 18_000)
    assert "another" in text
    assert Protego.parse(text).can_fetch("https://shop.example/x", "AIJobsBot")


@pytest.mark.parametrize("status", [401, 404])
def test_no_robots_txt_allows_all(shop: HTTPServer, open_web: Opener, status: int) -> None:
    shop.expect_request("/robots.txt").respond_with_data("", status)
    shop.expect_request("/mug").respond_with_data(markups.SELLERS, content_type=HTML)
    assert fetch(open_web(), shop.url_for("/mug")).offers


@pytest.mark.parametrize("status", [429, 503])
def test_a_host_without_its_robots_txt_is_left_alone_for_now(shop: HTTPServer, open_web: Opener, status: int) -> None:
    shop.expect_request("/robots.txt").respond_with_data("", status)
    web = open_web()
    for _ in range(2):
        problem = fetch(web, shop.url_for("/mug")).problem
        assert isinstance(problem, Transient)
        assert problem.code == "ROBOTS_UNAVAILABLE"
    assert paths(shop) == ["/robots.txt"]


def test_a_busy_host_is_asked_again_when_it_says(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_oneshot_request("/mug").respond_with_data("", 429, {"Retry-After": "7"})
    shop.expect_request("/mug").respond_with_data(markups.SELLERS, content_type=HTML)
    pace = Leaping()
    assert fetch(open_web(pace), shop.url_for("/mug")).offers
    assert 7 in pace.waits


def test_a_host_that_stays_busy_is_left_alone(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data("", 503)
    web = open_web()
    for _ in range(2):
        problem = fetch(web, shop.url_for("/mug")).problem
        assert isinstance(problem, Transient)
        # As long as it is left alone: until then another attempt of the job would come too early.
        assert (problem.code, problem.retry_after) == ("RATE_LIMITED", 8.0)
    assert paths(shop).count("/mug") == 3


def test_a_longer_rest_than_the_run_is_the_problems(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data("", 429, {"Retry-After": "4000"})
    problem = fetch(open_web(), shop.url_for("/mug")).problem
    assert isinstance(problem, Transient)
    assert problem.retry_after == 4000


@pytest.mark.parametrize(
    ("status", "content_type", "body", "code"),
    [
        (404, HTML, "", "PAGE_NOT_FOUND"),
        (500, HTML, "", "PAGE_UNREACHABLE"),
        (200, "application/pdf", "", "NOT_HTML"),
        (200, HTML, "<h1>Hello", "NO_PRODUCT_DATA"),
        (200, HTML, "x" * (2 * 1024 * 1024 + 1), "ANSWER_TOO_LARGE"),
    ],
)
def test_an_only_page_that_says_nothing_is_a_problem(
    shop: HTTPServer, open_web: Opener, status: int, content_type: str, body: str, code: str
) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data(body, status, content_type=content_type)
    problem = fetch(open_web(), shop.url_for("/mug")).problem
    assert problem is not None
    assert problem.code == code


def test_one_page_of_several_that_says_nothing_is_a_refused_offer(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data(markups.AGGREGATE, content_type=HTML)
    shop.expect_request("/none").respond_with_data("", content_type=HTML)
    fetched = fetch(open_web(), shop.url_for("/none"), shop.url_for("/mug"), "http://127.0.0.1/private", "nonsense")
    assert [offer.price for offer in fetched.offers] == [Decimal("99.50")]
    assert [refused.seller for refused in fetched.refused] == [
        shop.url_for("/none"),
        "http://127.0.0.1/private",
        "nonsense",
    ]


def test_a_page_that_cannot_be_read_now_is_the_skus_problem(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data(markups.AGGREGATE, content_type=HTML)
    shop.expect_request("/away").respond_with_data("", 502)
    fetched = fetch(open_web(), shop.url_for("/mug"), shop.url_for("/away"))
    assert (fetched.offers, isinstance(fetched.problem, Transient)) == ((), True)


def test_a_seller_has_one_offer_of_a_condition(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/products/mug").respond_with_data(markups.SHOPIFY, content_type=HTML)
    fetched = fetch(open_web(), shop.url_for("/products/mug"))
    assert [offer.price for offer in fetched.offers] == [Decimal("12.50")]
    assert "a second offer" in fetched.refused[-1].reason


def test_redirects_are_followed_to_their_end(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/old").respond_with_data("", 301, {"Location": "/en/old/", "Set-Cookie": "a=b"})
    shop.expect_request("/en/old/").respond_with_data(markups.SELLERS, content_type=HTML)
    assert fetch(open_web(), shop.url_for("/old")).offers
    assert "Cookie" not in shop.log[-1][0].headers


def test_a_redirect_does_not_lose_the_variant(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data("", 301, {"Location": "/products/mug"})
    shop.expect_request("/products/mug").respond_with_data(markups.SHOPIFY, content_type=HTML)
    [offer] = fetch(open_web(), shop.url_for("/mug?variant=3")).offers
    assert (offer.price, offer.url) == (Decimal("15.00"), shop.url_for("/products/mug?variant=3"))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/mug-2023", "/mug-2024"),
        ("/products/mug", "/"),
        ("/products/mug", "/products"),
        ("/goods/mug.html", "/goods/"),
    ],
)
def test_a_redirect_to_something_else_is_not_the_products_page(
    shop: HTTPServer, open_web: Opener, asked: str, found: str
) -> None:
    allow_robots(shop)
    shop.expect_request(asked).respond_with_data("", 302, {"Location": found})
    shop.expect_request(found).respond_with_data(markups.AGGREGATE, content_type=HTML)
    problem = fetch(open_web(), shop.url_for(asked)).problem
    assert isinstance(problem, Permanent)
    assert (problem.code, f"leads to {shop.url_for(found)} now" in problem.message) == ("PAGE_MOVED", True)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/mug", "/mug/"),
        ("/mug", "/en-us/mug?currency=USD"),
        ("/p/123", "/p/123/mug"),
        ("/mug.html", "/mug"),
        ("/a-cup-12345.html", "/the-mug-12345.html"),
    ],
)
def test_a_redirect_within_the_product_is_followed(
    shop: HTTPServer, open_web: Opener, asked: str, found: str
) -> None:
    allow_robots(shop)
    shop.expect_request(asked).respond_with_data("", 302, {"Location": found})
    shop.expect_request(found.partition("?")[0]).respond_with_data(markups.AGGREGATE, content_type=HTML)
    assert fetch(open_web(), shop.url_for(asked)).offers


def test_json_ld_that_is_not_valid_is_told(shop: HTTPServer, open_web: Opener) -> None:
    allow_robots(shop)
    shop.expect_request("/mug").respond_with_data(markups.AGGREGATE.replace('"usd"', "usd"), content_type=HTML)
    problem = fetch(open_web(), shop.url_for("/mug")).problem
    assert isinstance(problem, Permanent)
    assert problem.code == "NO_PRODUCT_DATA"
    assert "It has JSON-LD, but that is not valid JSON" in problem.message


@pytest.mark.parametrize(
    ("location", "code"),
    [("/loop", "TOO_MANY_REDIRECTS"), ("http://127.0.0.1/", "ADDRESS_REFUSED"), ("/admin", "ROBOTS_DISALLOWED")],
)
def test_redirects_that_lead_astray(shop: HTTPServer, open_web: Opener, location: str, code: str) -> None:
    allow_robots(shop, "User-agent: *\nDisallow: /admin")
    shop.expect_request("/loop").respond_with_data("", 302, {"Location": location})
    problem = fetch(open_web(), shop.url_for("/loop")).problem
    assert problem is not None
    assert problem.code == code


def test_what_is_opened_for_connectors_is_not_opened_for_the_pages_that_tenants_name(
    shop: HTTPServer, open_web: Opener, settings: Any
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = [f"connector:127.0.0.1:{shop.port}"]
    problem = fetch(open_web(), shop.url_for("/mug")).problem
    assert problem is not None
    assert (problem.code, paths(shop)) == ("ADDRESS_REFUSED", [])


def test_a_product_without_pages(open_web: Opener) -> None:
    problem = fetch(open_web()).problem
    assert isinstance(problem, Permanent)
    assert problem.code == "NO_COMPETITOR_URLS"


def test_a_run_without_time_left_asks_nobody(shop: HTTPServer, open_web: Opener) -> None:
    shop.expect_request("/robots.txt").respond_with_handler(_never)
    problem = fetch(open_web(Pace(0)), shop.url_for("/mug")).problem
    assert problem is not None
    assert (problem.code, paths(shop)) == ("OUT_OF_TIME", [])


def _never(request: Request) -> Response:
    raise AssertionError(request.url)


def test_the_check_needs_nobody(open_web: Opener) -> None:
    assert "AIJobsBot" in open_web().check()


@pytest.mark.parametrize(
    "address",
    ["http://xn--a/", "https://[::1/", "https://a:b/", "//x/", "nonsense", "http://127.0.0.1/", "file:///etc/passwd"],
)
def test_an_address_that_is_none_or_not_public_is_the_skus_problem(open_web: Opener, address: str) -> None:
    problem = fetch(open_web(), address).problem
    assert isinstance(problem, Permanent)
    assert problem.code == "ADDRESS_REFUSED"
