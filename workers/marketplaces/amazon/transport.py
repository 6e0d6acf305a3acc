"""One HTTP exchange: bounded by the run's pace, every failure as what it means to the caller, and tried again."""

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

import httpx

from aijobs.outbound.failures import CredentialsRefused, OutOfTime, Transient, Uncertain
from aijobs.outbound.http import TIMEOUT_SECONDS, AddressRefused, TooLarge, open_client, send
from aijobs.outbound.pace import Pace
from workers.marketplaces.amazon.answers import InvalidAnswer

TRIES = 4
# 20 items of 20 offers are about 300 KiB.
MOST_BYTES = 4 * 1024 * 1024
# A call at the very end of a run fails, rather than being refused by httpx for its timeout of nothing.
SHORTEST_SECONDS = 0.05
USER_AGENT = "ai-jobs/1.0 (Language=Python)"
# Raised before a byte of the request is on its way.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

T = TypeVar("T")


class Transport:
    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._client = open_client(headers={"user-agent": USER_AGENT})

    def close(self) -> None:
        self._client.close()

    def exchange(
        self,
        method: str,
        url: str,
        *,
        writes: bool = False,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> httpx.Response:
        """The answer, whatever its status. Raises Transient, Uncertain only where `writes`, and CredentialsRefused
        for an address that is not to be called."""
        seconds = max(SHORTEST_SECONDS, min(TIMEOUT_SECONDS, self._pace.left))
        request = self._client.build_request(
            method, url, headers=headers, params=params, data=form, content=content, timeout=seconds
        )
        try:
            return send(self._client, request, most_bytes=MOST_BYTES, seconds=seconds)
        except AddressRefused as error:
            raise CredentialsRefused(error.code, error.message) from None
        except (httpx.HTTPError, TooLarge) as error:
            raise _failure(error, writes) from None

    def retried(self, attempt: Callable[[], T]) -> T:
        """What the attempt returns; made again where that may help and the run has the time."""
        for number in range(TRIES - 1):
            try:
                return attempt()
            except (Uncertain, OutOfTime, InvalidAnswer):
                raise
            except Transient as problem:
                # A server that asks for no pause gets one all the same.
                seconds = max(_backoff(number), problem.retry_after or 0.0)
                if seconds >= self._pace.left:
                    raise
            self._pace.wait(seconds)
        return attempt()


def _failure(error: Exception, writes: bool) -> Transient:
    """The error's own text is left out: it may quote what was sent."""
    if isinstance(error, _NOT_SENT):
        return Transient("UNREACHABLE", "Amazon cannot be reached.")
    if writes:
        return Uncertain("NO_ANSWER", "Amazon gave no answer: the change may have arrived.")
    if isinstance(error, TooLarge):
        return InvalidAnswer("it is too large")
    return Transient("NO_ANSWER", "Amazon gave no answer.")


def _backoff(number: int) -> float:
    """0.5 to 1 second, then twice as much each time."""
    return random.uniform(0.5, 1.0) * (1 << number)  # noqa: S311  # spreads load, hides nothing


def unavailable(response: httpx.Response, *, writes: bool = False) -> Transient | None:
    """The problem of a status that says to come again later; None for any other."""
    status = response.status_code
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Transient("THROTTLED", "Amazon's rate limit is reached.", retry_after(response))
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        return None
    if writes:
        return Uncertain("UNAVAILABLE", f"Amazon failed ({status}): the change may have arrived.")
    return Transient("UNAVAILABLE", f"Amazon is not available ({status}).", retry_after(response))


def retry_after(response: httpx.Response) -> float | None:
    """Seconds; None where the answer says nothing that can be understood."""
    text = response.headers.get("retry-after", "")
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None
