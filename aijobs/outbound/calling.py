"""One call of somebody outside, with whatever goes wrong as a failure that says what the caller may do about it.

What counts is whether the request was on its way: until then nothing can have happened, and after that a write may
have arrived, whatever became of its answer.
"""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Protocol

import httpx

from aijobs.outbound.failures import Throttled, Transient, Unavailable, Uncertain
from aijobs.outbound.http import TooLarge, send

# A server that asks for more than a day is not believed.
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
# The standard has whole seconds of any length, and Shopify sends fractions.
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]{1,6})?")
# Raised before a byte of the request is on its way.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def call(
    client: httpx.Client, request: httpx.Request, *, name: str, most_bytes: int, seconds: float, writes: bool = False
) -> httpx.Response:
    """The answer, whatever its status. `name` is whom the messages of failures are about.

    Raises Unavailable, of a request that writes Uncertain once it was sent, AddressRefused and TooLarge. The text of
    the cause is left out: it may quote what was sent.
    """
    try:
        return send(client, request, most_bytes=most_bytes, seconds=seconds)
    except _NOT_SENT:
        raise Unavailable("UNREACHABLE", f"{name} cannot be reached.") from None
    except httpx.HTTPError:
        raise after_sending(writes, "NO_ANSWER", f"{name} did not give a complete answer in time.") from None
    except TooLarge as error:
        if writes:
            raise Uncertain(error.code, error.message) from None
        raise


def unavailable(response: httpx.Response, *, name: str, writes: bool = False) -> Transient | None:
    """The failure of a status that says to come again later; None for any other."""
    return unavailable_by(response.status_code, retry_after(response), name=name, writes=writes)


def unavailable_by(status: int, seconds: float | None, *, name: str, writes: bool = False) -> Transient | None:
    """The same, of a status alone: that of one part of an answer, say. `seconds`: what it asks to wait."""
    if status == httpx.codes.TOO_MANY_REQUESTS:
        return Throttled("THROTTLED", f"{name} gets too many requests at the moment.", seconds)
    if status == httpx.codes.REQUEST_TIMEOUT or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        return after_sending(writes, "UNAVAILABLE", f"{name} answered with status {status}.", seconds)
    return None


def after_sending(writes: bool, code: str, message: str, seconds: float | None = None) -> Transient:
    """The failure of a request that was on its way: of one that writes nobody knows whether it was executed."""
    if writes:
        return Uncertain(code, f"{message} The change may still have been made.", seconds)
    return Unavailable(code, message, seconds)


class _Answer(Protocol):
    @property
    def headers(self) -> httpx.Headers: ...


def retry_after(response: _Answer) -> float | None:
    """The seconds that the answer asks to wait; None where it says nothing that can be understood."""
    text = response.headers.get("retry-after", "").strip()
    if _SECONDS.fullmatch(text):
        # However many digits they are: float, other than int, takes them all, and makes infinity of too many.
        return min(float(text), LONGEST_RETRY_AFTER_SECONDS)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # What has no zone is in UTC, says its parser.
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER_SECONDS)
