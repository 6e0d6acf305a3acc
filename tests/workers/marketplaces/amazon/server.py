"""Amazon on loopback: its token endpoint and the seven operations, which fail in all the ways that networks do."""

import json
import re
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit
from uuid import uuid4

from tests.workers.marketplaces.amazon import models

Json = Any


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


RESET, HANG = "reset", "hang"
Answer = Reply | str


def reply(body: Json, status: int = 200, **headers: str) -> Reply:
    return Reply(
        status, json.dumps(body).encode(), {name.replace("_", "-"): value for name, value in headers.items()}
    )


def errors(code: str, message: str, status: int, **headers: str) -> Reply:
    return reply({"errors": [{"code": code, "message": message, "details": ""}]}, status, **headers)


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: str
    body: bytes
    token: str

    @property
    def requests(self) -> list[Json]:
        """Of a batch."""
        requests: list[Json] = json.loads(self.body)["requests"]
        return requests


class FakeAmazon(ThreadingHTTPServer):
    """Listens at once; to be closed. What it is to answer is set in its attributes."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        # Its own: access tokens are kept by them, as long as the process lasts.
        self.credentials = {
            "client_id": "app",
            "client_secret": "hush-client",
            "refresh_token": f"hush-{uuid4().hex}",
        }
        self.seen: list[Seen] = []
        self.violations: list[str] = []
        # What comes next, in place of the usual; of the token endpoint, of the operations, and of those that write.
        self.next_tokens: deque[Answer] = deque()
        self.next: deque[Answer] = deque()
        self.next_writes: deque[Answer] = deque()
        # Whose name makes Amazon refuse a whole batch: SKUs and ASINs.
        self.unacceptable: set[str] = set()
        # Sent with every answer of an operation.
        self.rate = ""
        self.tokens: list[str] = []
        self.valid: set[str] = set()
        # The payload, or a whole response, by SKU or ASIN and Amazon's condition; the featured offers by ASIN; the
        # expected prices by SKU; the offers, attributes and product types of listings by SKU.
        self.payloads: dict[tuple[str, str], Json] = {}
        self.featured: dict[str, Json] = {}
        self.expected: dict[str, Json] = {}
        self.listings: dict[str, Json] = {}
        self.attributes: dict[str, Json] = {}
        self.product_types: dict[str, Json] = {}
        self.submission: Json = {"sku": "-", "status": "ACCEPTED", "submissionId": "1", "issues": []}
        self.stopping = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"

    @property
    def calls(self) -> list[Seen]:
        """Without those for tokens."""
        return [each for each in self.seen if each.path != "/auth/o2/token"]

    @property
    def writes(self) -> list[Seen]:
        return [each for each in self.calls if each.method == "PATCH"]

    def close(self) -> None:
        self.stopping.set()
        self.shutdown()
        self._thread.join()
        self.server_close()

    def expire_tokens(self) -> None:
        self.valid.clear()

    def answer(self, seen: Seen) -> Answer:
        self.seen.append(seen)
        if seen.path == "/auth/o2/token":
            return self.next_tokens.popleft() if self.next_tokens else self._token(seen)
        if seen.token not in self.valid:
            return errors("Unauthorized", "Access to requested resource is denied.", 403)
        if models.PRESENT:
            self.violations += models.violations(seen.method, seen.path, seen.query, seen.body)
        if seen.method == "PATCH" and self.next_writes:
            return self.next_writes.popleft()
        return self.next.popleft() if self.next else self._usual(seen)

    def _token(self, seen: Seen) -> Reply:
        form = dict(parse_qsl(seen.body.decode()))
        if form.pop("grant_type") != "refresh_token" or set(form) != set(self.credentials):
            return reply({"error": "invalid_request"}, 400)
        if form["refresh_token"] != self.credentials["refresh_token"]:
            return reply({"error": "invalid_grant", "error_description": f"not {form['refresh_token']}"}, 400)
        if form != self.credentials:
            return reply({"error": "invalid_client", "error_description": f"not {form['client_secret']}"}, 401)
        token = f"Atza|{len(self.tokens)}"
        self.tokens.append(token)
        self.valid.add(token)
        return reply({"access_token": token, "token_type": "bearer", "expires_in": 3600})

    def _usual(self, seen: Seen) -> Reply:
        for pattern, make in _OPERATIONS:
            if re.fullmatch(pattern, f"{seen.method} {seen.path}"):
                answer = make(self, seen)
                return answer if isinstance(answer, Reply) else self._with_rate(reply(answer))
        return errors("NotFound", "no such operation", 404)

    def _with_rate(self, answer: Reply) -> Reply:
        return replace(answer, headers={"x-amzn-RateLimit-Limit": self.rate}) if self.rate else answer

    def offers(self, seen: Seen) -> Json:
        """Of a pricing batch, in another order than was asked."""
        if bad := self.unacceptable & {unquote(each["uri"].split("/")[-2]) for each in seen.requests}:
            return errors("InvalidInput", f"{min(bad)} is an invalid SKU for marketplace ATVPDKIKX0DER", 400)
        return {"responses": [self._offers(each) for each in reversed(seen.requests)]}

    def _offers(self, request: Json) -> Json:
        kind, name = request["uri"].split("/")[-3:-1]
        echo = {"SellerSKU" if kind == "listings" else "Asin": unquote(name)}
        repeated = {**{each: request[each] for each in ("MarketplaceId", "ItemCondition", "CustomerType")}, **echo}
        found: Json = self.payloads.get((unquote(name), request["ItemCondition"]), payload([]))
        if "status" in found and "body" in found:
            return {**found, "request": repeated}
        return {"status": {"statusCode": 200}, "headers": {}, "body": {"payload": found}, "request": repeated}

    def summaries(self, seen: Seen) -> Json:
        return {"responses": [self._summary(each["asin"]) for each in reversed(seen.requests)]}

    def _summary(self, asin: str) -> Json:
        options = [{"buyingOptionType": "New", "segmentedFeaturedOffers": self.featured.get(asin, [])}]
        body = {"asin": asin, "marketplaceId": "ATVPDKIKX0DER", "featuredBuyingOptions": options}
        return {"status": {"statusCode": 200}, "body": body}

    def expected_prices(self, seen: Seen) -> Json:
        return {"responses": [self._expected(each["sku"]) for each in reversed(seen.requests)]}

    def _expected(self, sku: str) -> Json:
        if sku not in self.expected:
            failed = {"errors": [{"code": "INVALID_SKU", "message": "The requested SKU does not exist."}]}
            return {"request": {"sku": sku}, "status": {"statusCode": 400}, "headers": {}, "body": failed}
        body = {"featuredOfferExpectedPriceResults": [self.expected[sku]]}
        return {"request": {"sku": sku}, "status": {"statusCode": 200}, "headers": {}, "body": body}

    def search(self, _: Seen) -> Json:
        return {"numberOfResults": len(self.listings), "items": []}

    def listing(self, seen: Seen) -> Json:
        sku = unquote(seen.path.rpartition("/")[2])
        if sku not in self.listings and sku not in self.attributes:
            return errors("NOT_FOUND", f"SKU '{sku}' not found", 404)
        data = {
            "offers": self.listings.get(sku, []),
            "attributes": self.attributes.get(sku, {}),
            "productTypes": self.product_types.get(sku, []),
        }
        [included] = parse_qs(seen.query)["includedData"]
        return {"sku": sku, **{name: data[name] for name in included.split(",")}}

    def patch(self, seen: Seen) -> Json:
        """What is accepted replaces the attributes, and an offer's price is that of the listing."""
        if self.submission.get("status") == "ACCEPTED":
            sku = unquote(seen.path.rpartition("/")[2])
            for patch in json.loads(seen.body)["patches"]:
                self._apply(sku, patch["op"], patch["path"].removeprefix("/attributes/"), patch["value"])
        return self.submission

    def _apply(self, sku: str, operation: str, name: str, value: Json) -> None:
        attributes = self.attributes.setdefault(sku, {})
        if operation == "delete":
            selected = [selector.items() for selector in value]
            kept = [each for each in attributes.get(name, []) if not any(each.items() >= it for it in selected)]
            attributes[name] = kept
        else:
            attributes[name] = value
        if name == "purchasable_offer":
            for each in value:
                self._show(sku, each)

    def _show(self, sku: str, value: Json) -> None:
        """Consumers see the price, where they see any."""
        for each in self.listings.get(sku, []):
            is_meant = each["offerType"] == "B2C" and each["marketplaceId"] == value["marketplace_id"]
            if is_meant and value.get("audience", "ALL") == "ALL":
                each["price"]["amount"] = value["our_price"][0]["schedule"][0]["value_with_tax"]


_OPERATIONS: list[tuple[str, Callable[[FakeAmazon, Seen], Json]]] = [
    (r"POST /batches/products/pricing/v0/(listing|item)Offers", FakeAmazon.offers),
    (r"POST /batches/products/pricing/2022-05-01/items/competitiveSummary", FakeAmazon.summaries),
    (r"POST /batches/products/pricing/2022-05-01/offer/featuredOfferExpectedPrice", FakeAmazon.expected_prices),
    (r"GET /listings/2021-08-01/items/[^/]+", FakeAmazon.search),
    (r"GET /listings/2021-08-01/items/[^/]+/[^/]+", FakeAmazon.listing),
    (r"PATCH /listings/2021-08-01/items/[^/]+/[^/]+", FakeAmazon.patch),
]


def money(amount: object, currency: object = "USD") -> Json:
    return {"CurrencyCode": currency, "Amount": amount}


def offer(seller: object, price: object, shipping: object = 0, **others: object) -> Json:
    """As Product Pricing v0 lists it."""
    return {
        "SellerId": seller,
        "SubCondition": "new",
        "ListingPrice": price if isinstance(price, dict) else money(price),
        "Shipping": shipping if isinstance(shipping, dict) else money(shipping),
        "ShippingTime": {"minimumHours": 24, "maximumHours": 24, "availabilityType": "NOW"},
        "IsFulfilledByAmazon": False,
        "IsBuyBoxWinner": False,
        **others,
    }


def payload(offers: list[Json], featured: object = None, **others: object) -> Json:
    """`featured`: the price of the buy box."""
    prices = [{"condition": "new", "LandedPrice": money(featured)}] if featured else []
    return {"Offers": offers, "Summary": {"TotalOfferCount": len(offers), "BuyBoxPrices": prices}, **others}


def failed(status: int, code: str, message: str = "Told by Amazon") -> Json:
    """One response of a batch."""
    return {"status": {"statusCode": status}, "body": {"errors": [{"code": code, "message": message}]}}


class _Handler(BaseHTTPRequestHandler):
    server: FakeAmazon

    def _serve(self) -> None:
        address = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        token = self.headers.get("x-amz-access-token", "")
        seen = Seen(self.command, address.path, address.query, body, token)
        answer = self.server.answer(seen)
        if isinstance(answer, Reply):
            self._send(answer)
        elif answer == HANG:
            self.server.stopping.wait()
        else:
            # Closed with a reset rather than an end.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def _send(self, answer: Reply) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing: pytest shows what matters."""

    do_GET = do_POST = do_PATCH = _serve
