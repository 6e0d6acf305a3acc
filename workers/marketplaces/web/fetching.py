"""One request to a stranger's host: through the guard, small, in time, and with our name on it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

from aijobs.outbound.failures import Permanent, Transient
from aijobs.outbound.http import open_client, send
from aijobs.outbound.pace import Pace

# What robots.txt calls us by.
ROBOT = "AIJobsBot"
USER_AGENT = f"{ROBOT}/1.0 (AI Jobs; reads the prices on product pages)"
MOST_REDIRECTS = 5
# A server that says more is not believed.
LONGEST_REST = 86_400.0


@dataclass(slots=True)
class Allowance:
    """Seconds on the network that are left for one page or robots.txt, its redirects and repeats included."""

    seconds: float


def open_reader() -> httpx.Client:
    headers = {"User-Agent": USER_AGENT, "Accept": "text/html, application/xhtml+xml, */*;q=0.1"}
    return open_client(https_only=False, headers=headers)


def parsed(text: str) -> httpx.URL:
    """Raises Permanent where it is no address."""
    try:
        url = httpx.URL(text)
        # Punycode that is none is found out no sooner.
        _ = url.host
        return url
    except (httpx.InvalidURL, ValueError) as error:
        raise Permanent("ADDRESS_REFUSED", f"{text[:200]} is no address of a page.") from error


def get(client: httpx.Client, url: httpx.URL, most_bytes: int, allowance: Allowance, pace: Pace) -> httpx.Response:
    """The answer to one request; a redirect is one. Raises OutboundError."""
    started = time.monotonic()
    try:
        request = client.build_request("GET", url)
        return send(client, request, most_bytes=most_bytes, seconds=min(allowance.seconds, pace.left))
    except httpx.HTTPError as error:
        raise Transient("PAGE_UNREACHABLE", f"{name_of(url)} did not answer whole and in time.") from error
    finally:
        allowance.seconds -= time.monotonic() - started


def retry_after(response: httpx.Response) -> float | None:
    """Seconds; None where the server does not say."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_REST)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    # What has no zone is in UTC, says its parser.
    seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), LONGEST_REST)


def name_of(url: httpx.URL) -> str:
    """For messages."""
    return str(url.copy_with(fragment=None))[:200]
