"""The connector of competitors' shops: each product's pages by their addresses."""

from collections.abc import Collection, Iterator, Sequence
from http import HTTPStatus

import httpx

from aijobs.outbound.calling import retry_after, unavailable
from aijobs.outbound.failures import OutboundError, OutOfTime, Permanent, Throttled, Transient
from aijobs.outbound.pace import Pace
from aijobs.outbound.retrying import Retries, doubling, retried
from workers.catalogue.models import TO_BE_HAD
from workers.connections.shapes import NoCredentials
from workers.marketplaces.protocols import Connector, Fetched, Listing, Offer, RefusedOffer, Scope
from workers.marketplaces.web import reading
from workers.marketplaces.web.fetching import MOST_REDIRECTS, ROBOT, Allowance, get, name_of, open_reader, parsed
from workers.marketplaces.web.page import Page
from workers.marketplaces.web.places import moved, with_variant_of
from workers.marketplaces.web.robots import REST_SECONDS, Robots
from workers.marketplaces.web.settings import WebSettings

MOST_BYTES = 2 * 1024 * 1024
MOST_SECONDS = 15.0
# Only of what the host says that it is too busy for.
RETRIES = Retries(3, doubling(2.0), after=Throttled)

_BUSY_STATUSES = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
_BUSY = "RATE_LIMITED"
_HTML = {"text/html", "application/xhtml+xml"}


class Web(Connector[WebSettings, NoCredentials]):
    """Reads what competitors' product pages say of their offers, as politely as their robots.txt asks for."""

    def __init__(self, settings: WebSettings, credentials: NoCredentials, pace: Pace, scope: Scope) -> None:
        super().__init__(settings, credentials, pace, scope)
        self._client = open_reader()
        self._robots = Robots(self._client, pace)

    def close(self) -> None:
        self._robots.close()
        self._client.close()

    def check(self) -> str:
        return f"No credentials are needed. The service fetches pages as {ROBOT}."

    def fetch_offers(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        """A page that can never be read is a refused offer of its SKU, unless it is the only one.

        One that cannot be read now is the SKU's problem: without it, its sellers would seem to have left.
        """
        for listing in listings:
            try:
                yield self._fetched(listing, conditions)
            except OutboundError as problem:
                yield Fetched(listing.sku, problem=problem)

    def _fetched(self, listing: Listing, conditions: Collection[str]) -> Fetched:
        offers: list[Offer] = []
        refused: list[RefusedOffer] = []
        problems: list[Permanent] = []
        for address in listing.competitor_urls:
            try:
                page = self._page(address, conditions, listing.currency)
            except Permanent as problem:
                problems.append(problem)
                refused.append(RefusedOffer(address, f"{problem.code}: {problem.message}"))
                continue
            offers += page.offers
            refused += page.refused
        if len(problems) == len(listing.competitor_urls):
            raise (
                problems[0]
                if problems
                else Permanent(
                    "NO_COMPETITOR_URLS",
                    "The product has no competitor_urls. Import it with the addresses of competitors' pages.",
                )
            )
        kept, repeated = _one_of_each_seller(offers, listing.currency)
        return Fetched(listing.sku, kept, (*refused, *repeated))

    def _page(self, address: str, conditions: Collection[str], currency: str) -> Page:
        asked = parsed(address)
        response = self._found(asked)
        if moved(asked, response.request.url):
            raise Permanent(
                "PAGE_MOVED",
                f"{name_of(asked)} leads to {name_of(response.request.url)} now, which may be the page of something "
                "else. If it is the same product, import its new address.",
            )
        page = reading.read(response, with_variant_of(asked, response.request.url), conditions, currency)
        if not page.has_product:
            raise Permanent("NO_PRODUCT_DATA", _nothing_on(response.request.url, page))
        return page

    def _found(self, url: httpx.URL) -> httpx.Response:
        """The page, wherever its redirects lead: each host is asked for leave. Raises OutboundError."""
        allowance = Allowance(MOST_SECONDS)
        for _ in range(MOST_REDIRECTS + 1):
            response = self._answer(url, allowance)
            if response.next_request is None:
                return _html(response)
            url = response.next_request.url
        raise Permanent(
            "TOO_MANY_REDIRECTS", f"The page redirects more than {MOST_REDIRECTS} times, at last to {name_of(url)}."
        )

    def _answer(self, url: httpx.URL, allowance: Allowance) -> httpx.Response:
        """What the host answers, once it is not too busy. One that stays so is left alone for a while."""
        try:
            return retried(lambda: self._asked(url, allowance), RETRIES, self.pace)
        except (Throttled, OutOfTime) as problem:
            if problem.code == _BUSY:
                # The job's next attempt would else come while the host is still left alone.
                problem.retry_after = problem.retry_after or REST_SECONDS
                self._robots.rest(url, problem, problem.retry_after)
            raise

    def _asked(self, url: httpx.URL, allowance: Allowance) -> httpx.Response:
        """What the host answers. Raises Throttled where it is too busy."""
        self._robots.enter(url)
        # Neither from page to page nor from host to host.
        self._client.cookies.clear()
        response = get(self._client, url, MOST_BYTES, allowance, self.pace)
        if response.status_code in _BUSY_STATUSES:
            told = f"{name_of(url)} answers with status {response.status_code}: it is too busy."
            raise Throttled(_BUSY, told, retry_after(response))
        return response


def _nothing_on(url: httpx.URL, page: Page) -> str:
    broken = (
        " It has JSON-LD, but that is not valid JSON: tests of search engines show where it breaks."
        if page.is_broken
        else ""
    )
    return (
        f"{name_of(url)} has no offer of its product that the service can read: neither by schema.org (JSON-LD, "
        f"microdata, RDFa) nor by OpenGraph.{broken}"
    )


def _html(response: httpx.Response) -> httpx.Response:
    """Raises OutboundError where the answer is no page."""
    where, status = name_of(response.request.url), response.status_code
    if unavailable(response, name=where):
        raise Transient("PAGE_UNREACHABLE", f"{where} answers with status {status}.")
    if status != HTTPStatus.OK:
        raise Permanent("PAGE_NOT_FOUND", f"{where} answers with status {status}.")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _HTML:
        raise Permanent("NOT_HTML", f"{where} is not an HTML page.")
    return response


def _one_of_each_seller(offers: Sequence[Offer], currency: str) -> tuple[tuple[Offer, ...], list[RefusedOffer]]:
    """The first of each seller and condition that is most to be compared.

    The first is what a shop shows where the address names no variant.
    """
    kept: dict[tuple[str, str], Offer] = {}
    for offer in sorted(offers, key=lambda offer: _comparability(offer, currency)):
        kept.setdefault((offer.seller, offer.condition), offer)
    chosen = tuple(offer for offer in offers if kept[offer.seller, offer.condition] is offer)
    repeated = [offer for offer in offers if kept[offer.seller, offer.condition] is not offer]
    return chosen, [RefusedOffer(offer.seller, _repeated(offer)) for offer in repeated]


def _comparability(offer: Offer, currency: str) -> tuple[bool, bool, bool]:
    return offer.currency != currency, offer.availability not in TO_BE_HAD, offer.tax_included is False


def _repeated(offer: Offer) -> str:
    told = f" ({offer.availability})" if offer.availability else ""
    return f"The seller has a second offer, for {offer.landed_price} {offer.currency}{told}. See {offer.url}"
