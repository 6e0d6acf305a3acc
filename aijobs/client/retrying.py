"""When a request is sent again: after what, how often, how long after."""

import random
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from time import time

import httpx

from .errors import ApiError

# The service, or what stands before it, says "later". 409 only where two requests under one key met.
LATER = frozenset({408, 425, 429, 502, 503, 504})
CONFLICT = "IDEMPOTENCY_CONFLICT"
# Nobody is there to stream, so that polling tells more than asking again; but whoever is told to come back within
# seconds is waited for by a stream, which has nothing else.
STREAMING_UNAVAILABLE = "STREAMING_UNAVAILABLE"
# With no word on when: a batch that is larger than what its tenant may have queued.
QUEUE_FULL = "QUEUE_FULL"
SOON_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 20.0


@dataclass(slots=True)
class Attempts:
    """Those of one request. A pause is twice the one before, jittered, or what Retry-After asks for if that is more.

    `patience`: for so many seconds of pauses in all. A service that asks for longer has refused.
    `for_streams`: what is sent again is a stream.
    """

    patience: float
    for_streams: bool = False
    _spent: float = field(default=0.0, init=False)
    _next: float = field(default=FIRST_PAUSE_SECONDS, init=False)

    def after_failure(self, failure: httpx.TransportError) -> float:
        """How long to wait before the next attempt. Raises the failure where there is none."""
        if isinstance(failure, httpx.UnsupportedProtocol | httpx.ProxyError):
            raise failure
        pause = self._backoff()
        if not self._afford(pause):
            raise failure
        return pause

    def after(self, response: httpx.Response) -> float | None:
        """None for an answer to use, else how long to wait. Raises ApiError for a refusal."""
        if response.is_success:
            return None
        refusal = refusal_of(response)
        if not self._is_for_later(refusal):
            raise refusal
        # Whoever says 0 and means it for long is not asked without a pause.
        pause = max(self._backoff(), refusal.retry_after or 0.0)
        if not self._afford(pause):
            raise refusal
        return pause

    def _is_for_later(self, refusal: ApiError) -> bool:
        if refusal.code == STREAMING_UNAVAILABLE:
            return self.for_streams and refusal.retry_after is not None and refusal.retry_after <= SOON_SECONDS
        if refusal.code == QUEUE_FULL:
            return refusal.retry_after is not None
        return refusal.status in LATER or refusal.code == CONFLICT

    def _backoff(self) -> float:
        pause = self._next * random.uniform(0.5, 1.0)  # noqa: S311  # jitter keeps no secret
        self._next = min(2 * self._next, LONGEST_PAUSE_SECONDS)
        return pause

    def _afford(self, pause: float) -> bool:
        self._spent += pause
        return self._spent <= self.patience


def refusal_of(response: httpx.Response) -> ApiError:
    """An answer other than 2xx. What is not the service's own form came from something before it."""
    try:
        error = response.json()["error"]
        code, message, details = str(error["code"]), str(error["message"]), error.get("details")
    except (ValueError, KeyError, TypeError):
        code, message, details = (
            "UNEXPECTED_ANSWER",
            f"The server answered {response.reason_phrase or 'nothing'}.",
            None,
        )
    return ApiError(
        response.status_code,
        code,
        message,
        details=details,
        request_id=response.headers.get("X-Request-ID"),
        retry_after=retry_after_of(response),
    )


def retry_after_of(response: httpx.Response) -> float | None:
    """Seconds, whether the header names them or a date."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    try:
        return max(0.0, parsedate_to_datetime(text).timestamp() - time())
    except ValueError:
        return None
