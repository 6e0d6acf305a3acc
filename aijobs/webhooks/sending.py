"""Sending one delivery once. Nothing here knows the database: a slow endpoint holds a connection and nothing else."""

import asyncio
import random
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from threading import Thread
from uuid import UUID

import httpx
import uvloop

from aijobs.outbound import calling
from aijobs.outbound.failures import OutboundError
from aijobs.outbound.posting import Glance, Poster
from aijobs.outbound.purposes import Purpose
from aijobs.webhooks import secrets, signing

# From the first packet to the answer's last.
SECONDS = 10.0
# As much of an answer as is read, and as many characters as are kept of it.
MOST_BYTES = 4_096
LONGEST_BODY = 1_000
LONGEST_TYPE = 200
HEADERS = {
    "user-agent": "AI-Jobs-Webhooks/1",
    "content-type": "application/json",
    "accept": "*/*",
    # A compressed answer would only be in the way.
    "accept-encoding": "identity",
}
# Of so many webhooks, which were sent to last, and no longer than this: deleted and rotated ones are among them.
KEPT_SECRETS = 1_000
SECRETS_SECONDS = 60.0
# Of a connection for the next event to the same server: shorter than servers wait before they close it.
KEPT_SECONDS = 1.0
# The pauses between attempts, each up to a fifth longer or shorter: three days in all.
MINUTE, HOUR = 60, 3_600
PAUSES = (
    *(5, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, 24 * HOUR, 24 * HOUR),
)
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that this process sends now."""

    id: UUID
    attempt: int
    webhook_id: UUID
    tenant_id: int
    url: str
    event_id: str
    body: str
    sealed_secrets: str
    # Whether the secret before the present one still signs.
    both: bool
    # Of an endpoint that has failed or was slow lately.
    troubled: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt."""

    id: UUID
    attempt: int
    delivered: bool
    # Whether the endpoint wants no more, ever.
    gone: bool
    # Until the next attempt; None where there is none.
    pause: float | None
    # What the endpoint itself asked for.
    asked: float | None
    status: int | None
    type: str
    body: str
    code: str
    message: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Failure:
    code: str
    message: str


class Sender:
    """An event loop with a thread of its own, which sends whatever it is given at the same time.

    `places`: how many that are at most.
    """

    def __init__(self, places: int) -> None:
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._loop = self._runner.get_loop()
        self._over = asyncio.Event()
        # As many names are looked up at a time: one whose server is silent keeps no other one waiting.
        self._poster = Poster(Purpose.WEBHOOK, kept_seconds=KEPT_SECONDS, resolvers=places)
        self._thread = Thread(target=self._serve, name="webhooks", daemon=True)
        self._thread.start()

    def submit(self, claimed: Claimed) -> "Future[Outcome]":
        return asyncio.run_coroutine_threadsafe(send(claimed, self._poster), self._loop)

    def close(self) -> None:
        """At once, whatever is on its way."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
            self._thread.join()

    def _serve(self) -> None:
        # At its end, what is still under way is cancelled.
        with self._runner:
            self._runner.run(self._wait())

    async def _wait(self) -> None:
        try:
            while not self._over.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), SECRETS_SECONDS)
                _unsealed.cache_clear()
        finally:
            await self._poster.close()


async def send(claimed: Claimed, poster: Poster) -> Outcome:
    """POST it, and say what came of that. Raises nothing that an endpoint could bring about."""
    began = time.monotonic()
    try:
        answer = await _post(claimed, poster)
    except OutboundError as error:
        return _outcome(claimed, began, None, _Failure(error.code, error.message))
    return _outcome(claimed, began, answer, _failure(answer.status))


async def _post(claimed: Claimed, poster: Poster) -> Glance:
    owned = _unsealed(claimed.sealed_secrets, claimed.tenant_id, claimed.webhook_id)
    signed_by = [owned.current, owned.previous] if claimed.both and owned.previous else [owned.current]
    signed = signing.headers(claimed.event_id, claimed.body, signed_by, datetime.now(UTC))
    return await poster.post(
        httpx.URL(claimed.url),
        {**HEADERS, **signed},
        claimed.body.encode(),
        name="The endpoint",
        most_bytes=MOST_BYTES,
        seconds=SECONDS,
    )


# Unsealing was a tenth of what a delivery costs. What is rotated is sealed anew, and so is another entry; the old one
# is forgotten with all others by the `Sender`.
@lru_cache(maxsize=KEPT_SECRETS)
def _unsealed(sealed: str, tenant_id: int, webhook_id: UUID) -> secrets.Secrets:
    """Raises Permanent, which is not kept."""
    return secrets.unseal(sealed, tenant_id=tenant_id, webhook_id=webhook_id)


def _failure(status: int) -> _Failure | None:
    if httpx.codes.is_success(status):
        return None
    if status == httpx.codes.GONE:
        return _Failure("GONE", "The endpoint answered 410: it wants no more events, so the webhook was disabled.")
    if httpx.codes.is_redirect(status):
        return _Failure("REDIRECTED", f"The endpoint answered {status}: redirects are not followed. Change the URL.")
    return _Failure(
        "BAD_STATUS", f"The endpoint answered with status {status}; only 2xx means that it has the event."
    )


def _outcome(claimed: Claimed, began: float, answer: Glance | None, failure: _Failure | None) -> Outcome:
    gone = answer is not None and answer.status == httpx.codes.GONE
    asked = calling.retry_after(answer) if answer and failure else None
    return Outcome(
        id=claimed.id,
        attempt=claimed.attempt,
        delivered=failure is None,
        gone=gone,
        pause=None if failure is None or gone else pause(claimed.attempt, asked),
        asked=asked,
        status=answer.status if answer else None,
        type=_text(answer.headers.get("content-type", ""), LONGEST_TYPE) if answer else "",
        body=_text(answer.content.decode(errors="replace"), LONGEST_BODY) if answer else "",
        code=failure.code if failure else "",
        message=failure.message if failure else "",
        seconds=round(time.monotonic() - began, 3),
    )


def pause(attempt: int, asked: float | None) -> float | None:
    """Seconds before the next attempt: longer each time, and as long as the endpoint asks. None after the last."""
    if attempt > len(PAUSES):
        return None
    spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311  # spreads load
    return max(PAUSES[attempt - 1] * spread, asked or 0.0)


def _text(text: str, longest: int) -> str:
    """PostgreSQL stores no U+0000."""
    return text.replace("\0", "\ufffd")[:longest]
