"""A mixed load over HTTP, and the memory of what was accepted: the caller's side of every chaos test."""

import itertools
import random
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
from django.utils.timezone import localdate

from aijobs import identifiers
from aijobs.states import Status
from tests.chaos.site import Shop

MARKETPLACE = "amazon_us"
SKUS = [f"SKU-{number}" for number in range(6)]
PRIORITIES = ("low", "normal", "high")
SALES_DAYS = 90
PATIENCE_SECONDS = 120.0

COMPLETED = frozenset({Status.COMPLETED.value})
FAILED = frozenset({Status.FAILED.value})
CANCELLED = frozenset({Status.CANCELLED.value})
ANY = COMPLETED | FAILED | CANCELLED

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """One dispatch and how each of its jobs may end."""

    path: str
    body: Body
    ends: list[frozenset[str]]


def counted(sleep: float = 0.02, priority: str = "normal", fail: str | None = None, once: bool = False) -> Request:
    ends = FAILED if fail in ("permanent", "always") else COMPLETED
    return single("test_counted", {"sleep": sleep, "fail": fail, "once": once}, priority, ends)


def doomed(seconds: float = 20.0) -> Request:
    """A job that runs until its process is killed, and the next time is through at once."""
    return counted(seconds, "high", once=True)


def single(type: str, params: Body, priority: str = "normal", ends: frozenset[str] = COMPLETED) -> Request:
    return Request("/api/ai-jobs", {"type": type, "params": params, "priority": priority}, [ends])


def batch(members: list[Body], ends: list[frozenset[str]], *, sequential: bool, on_failure: str = "stop") -> Request:
    jobs = [{"type": "test_counted", "params": each} for each in members]
    body = {"jobs": jobs, "sequential": sequential, "on_failure": on_failure}
    return Request("/api/ai-jobs/batch", body, ends)


def pricing(skus: list[str], priority: str) -> Request:
    params = {"skus": skus, "marketplace": MARKETPLACE, "apply": True}
    return single("pricing_recalculate", params, priority)


def mixed(jobs: int) -> list[Request]:
    """About so many jobs of one shop: singles of every priority, batches of every kind, and prices to write."""
    short: list[Body] = [{"sleep": 0.02}] * 5
    failing: list[Body] = [*short[:2], {"fail": "permanent"}, *short[:2]]
    retried: list[Body] = [*short[:1], {"fail": "first"}, *short[:2]]
    fixed = [
        batch(failing, [*[COMPLETED] * 2, FAILED, *[CANCELLED] * 2], sequential=True),
        batch(failing, [*[COMPLETED] * 2, FAILED, *[COMPLETED] * 2], sequential=True, on_failure="continue"),
        batch(retried, [COMPLETED] * 4, sequential=True),
        batch([*short, *short], [COMPLETED] * 10, sequential=False),
        *(pricing(SKUS[index : index + 2], PRIORITIES[index % 3]) for index in (0, 2, 4)),
        # The same products once more: one of the two finds the price changed, or changes it again.
        pricing(SKUS[:2], "normal"),
        counted(fail="first"),
        counted(fail="permanent"),
    ]
    missing = jobs - sum(len(request.ends) for request in fixed)
    singles = [counted(0.01 + index % 4 * 0.02, PRIORITIES[index % 3]) for index in range(missing)]
    requests = [*fixed, *singles]
    random.Random(jobs).shuffle(requests)
    return requests


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that said: later."""

    status: int
    retry_after: str | None


@dataclass
class Load:
    """Dispatches for several shops at once, each request until it is accepted, as a patient caller does."""

    base_url: str
    shops: list[Shop]
    accepted: dict[UUID, frozenset[str]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    # Requests that got no answer at all.
    unanswered: int = 0
    # Answers that were given before to the same key.
    replayed: int = 0
    # Where a request goes that got no answer.
    fallback_url: str | None = None
    _running: list[Future[None]] = field(default_factory=list)
    _clients: dict[str, httpx.Client] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=len(self.shops), thread_name_prefix="load")

    def import_catalogue(self) -> None:
        """Products that cost far too much for a demand as elastic as theirs: every run wants to lower the price."""
        for shop in self.shops:
            for path, content in (("products", _products()), ("sales", _sales())):
                answer = self._client(shop).post(
                    f"{self.base_url}/api/catalogue/{path}?marketplace={MARKETPLACE}",
                    content=content,
                    headers={"Content-Type": "text/csv"},
                )
                answer.raise_for_status()
            # The usual cool-down would let only the first of two jobs over the same products write.
            limits = {"cool_down_minutes": 0, "max_changes_per_day": 1000}
            self._client(shop).patch(
                f"{self.base_url}/api/catalogue/repricing-policy", json=limits
            ).raise_for_status()

    def start(self, jobs: int = 120) -> None:
        """Dispatch so many jobs in all, in threads of their own, each shop's in the same order."""
        each = jobs // len(self.shops)
        self._running += [self._threads.submit(self._dispatch_all, shop, mixed(each)) for shop in self.shops]

    def wait(self) -> None:
        """Every request of `start` has been accepted."""
        for each in self._running:
            each.result(timeout=240)
        self._running.clear()

    def dispatch(self, request: Request, shop: Shop | None = None, base_url: str | None = None) -> list[UUID]:
        """Send it until it is accepted; the ids of its jobs."""
        data = self._until_accepted(request, shop or self.shops[0], base_url or self.base_url)
        ids = [_decode(job["id"]) for job in data.get("jobs", [data])]
        with self._lock:
            self.accepted.update(zip(ids, request.ends, strict=True))
        return ids

    def close(self) -> None:
        for each in self._running:
            each.cancel()
        self._threads.shutdown()
        for client in self._clients.values():
            client.close()

    def _dispatch_all(self, shop: Shop, requests: list[Request]) -> None:
        for request in requests:
            self.dispatch(request, shop)

    def _until_accepted(self, request: Request, shop: Shop, base_url: str) -> Body:
        headers = {"Idempotency-Key": str(uuid4())}
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            try:
                answer = self._client(shop).post(base_url + request.path, json=request.body, headers=headers)
            except httpx.TransportError:
                self.unanswered += 1
                base_url = self.fallback_url or base_url
                time.sleep(0.1)
                continue
            if answer.status_code not in (409, 503):
                self.replayed += "Idempotency-Replayed" in answer.headers
                data: Body = answer.raise_for_status().json()["data"]
                return data
            self.refusals.append(Refusal(answer.status_code, answer.headers.get("Retry-After")))
            time.sleep(float(answer.headers.get("Retry-After", 1)))
        raise AssertionError(f"not accepted within {PATIENCE_SECONDS:g} s: {request}, {self.refusals}")

    def cancel_batch(self, batch_id: UUID, shop: Shop) -> None:
        public_id = identifiers.encode(identifiers.BATCH_PREFIX, batch_id)
        self._client(shop).delete(f"{self.base_url}/api/ai-jobs/batch/{public_id}").raise_for_status()

    def list_jobs(self) -> httpx.Response:
        return self._client(self.shops[0]).get(f"{self.base_url}/api/ai-jobs")

    def _client(self, shop: Shop) -> httpx.Client:
        with self._lock:
            if shop.name not in self._clients:
                self._clients[shop.name] = httpx.Client(headers=shop.headers, timeout=60)
            return self._clients[shop.name]


def _decode(public_id: str) -> UUID:
    found = identifiers.decode(identifiers.JOB_PREFIX, public_id)
    assert found is not None
    return found


def _products() -> str:
    return "\n".join(["sku,title,price,cost,currency", *(f"{sku},{sku},10.00,2.00,USD" for sku in SKUS)])


def _sales() -> str:
    return "\n".join(["sku,date,price,units", *_sale_rows()])


def _sale_rows() -> Iterator[str]:
    """Demand falls by 4 % for 1 % more, so that 10.00 is far above what pays with a cost of 2.00."""
    first = localdate() - timedelta(days=SALES_DAYS)
    prices = (10.0, 8.5, 9.2, 7.6, 9.7, 8.0)
    for sku, day in itertools.product(SKUS, range(SALES_DAYS)):
        price = prices[day // 6 % len(prices)]
        units = round(8 * (price / 10.0) ** -4 * (1 + day % 3 * 0.05))
        yield f"{sku},{first + timedelta(days=day)},{price:.2f},{units}"
