"""One request to a stranger's host: through the guard, small, in time, and with our name on it."""

import time
from dataclasses import dataclass

import httpx

from aijobs.outbound.calling import call
from aijobs.outbound.failures import Permanent, Transient, Unavailable
from aijobs.outbound.http import open_client
from aijobs.outbound.pace import Pace
from aijobs.outbound.purposes import Purpose

# What robots.txt calls us by.
ROBOT = "AIJobsBot"
USER_AGENT = f"{ROBOT}/1.0 (AI Jobs; reads the prices on product pages)"
MOST_REDIRECTS = 5


@dataclass(slots=True)
class Allowance:
    """Seconds on the network that are left for one page or robots.txt, its redirects and repeats included."""

    seconds: float


def open_reader() -> httpx.Client:
    headers = {"User-Agent": USER_AGENT, "Accept": "text/html, application/xhtml+xml, */*;q=0.1"}
    return open_client(Purpose.PAGE, https_only=False, headers=headers)


def parsed(text: str) -> httpx.URL:
    """Raises Permanent where it is no address."""
    try:
        url = httpx.URL(text)
        # Punycode that is none is found out no sooner.
        _ = url.host
        return url
    except (httpx.InvalidURL, ValueError) as error:
        raise Permanent("ADDRESS_REFUSED", f"{text[:200]} is not the address of a page.") from error


def get(client: httpx.Client, url: httpx.URL, most_bytes: int, allowance: Allowance, pace: Pace) -> httpx.Response:
    """The answer to one request; a redirect is one. Raises OutboundError."""
    started = time.monotonic()
    try:
        request = client.build_request("GET", url)
        seconds = min(allowance.seconds, pace.left)
        return call(client, request, name=name_of(url), most_bytes=most_bytes, seconds=seconds)
    except Unavailable as error:
        # Not the host's word that it is busy: it is asked again in another run.
        raise Transient("PAGE_UNREACHABLE", error.message) from None
    finally:
        allowance.seconds -= time.monotonic() - started


def name_of(url: httpx.URL) -> str:
    """For messages."""
    return str(url.copy_with(fragment=None))[:200]
