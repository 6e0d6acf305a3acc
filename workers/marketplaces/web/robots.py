"""What hosts allow (robots.txt, RFC 9309), and how often."""

import re
import time
from dataclasses import dataclass
from typing import Protocol, Self

import httpx
from django.utils.module_loading import import_string

from aijobs.outbound.calling import unavailable
from aijobs.outbound.failures import OutboundError, OutOfTime, Permanent, Transient
from aijobs.outbound.pace import Pace
from aijobs.outbound.throttle import Limit, Throttle
from workers.marketplaces.web.fetching import MOST_REDIRECTS, ROBOT, Allowance, get, name_of

KNOWN_SECONDS = 3600.0
# A host that was away is asked again after.
AWAY_SECONDS = 60.0
# One that is busy and does not say for how long is left alone for.
REST_SECONDS = 8.0
# The least that the RFC wants read.
MOST_BYTES = 500 * 1024
MOST_SECONDS = 15.0
SECONDS_BETWEEN_REQUESTS = 1.0
LONGEST_CRAWL_DELAY = 30.0
# Loaded with the first file: a process of the API has none to read.
PARSER = "protego.Protego"
# With the largest of files, about 100 MiB.
_MOST_HOSTS = 200

_AGENT_LINE = re.compile(r"^[^\S\n]*user(?:-|[^\S\n]*)agent[^\S\n]*(?::|(?=\s))(.*)$", re.IGNORECASE | re.MULTILINE)


class _Rules(Protocol):
    """A file, parsed."""

    @classmethod
    def parse(cls, content: str) -> Self: ...
    def can_fetch(self, url: str, user_agent: str) -> bool: ...
    def crawl_delay(self, user_agent: str) -> float | None: ...


@dataclass(frozen=True, slots=True)
class _Known:
    """Of one origin: its rules, or why it is not to be called now. Rules as text: parsed they take ten times more."""

    until: float
    rules: str = ""
    problem: OutboundError | None = None


# By origin, the oldest first. Of the process: threads at most fetch twice what one of them forgot.
_known: dict[str, _Known] = {}


def forget() -> None:
    """What this process knows of all hosts."""
    _known.clear()


class Robots:
    """The way to a host: whether and when a page may be read."""

    def __init__(self, client: httpx.Client, pace: Pace) -> None:
        self._client = client
        self._pace = pace
        # Of all tenants: to a host they are one robot.
        self._throttle = Throttle("web", pace)

    def close(self) -> None:
        self._throttle.close()

    def enter(self, url: httpx.URL) -> None:
        """Wait until the page may be asked for. Raises Permanent where it may not, Transient where not now."""
        parser: type[_Rules] = import_string(PARSER)
        rules = parser.parse(self._rules(url))
        if not rules.can_fetch(str(url), ROBOT):
            raise Permanent("ROBOTS_DISALLOWED", f"The host's robots.txt does not let robots read {name_of(url)}.")
        delay = rules.crawl_delay(ROBOT) or 0.0
        if delay > LONGEST_CRAWL_DELAY:
            raise Permanent(
                "CRAWL_DELAY_TOO_LONG",
                f"The host asks for {delay:g} s between requests, but the service waits {LONGEST_CRAWL_DELAY:g} s "
                "at most.",
            )
        self._turn(url, max(delay, SECONDS_BETWEEN_REQUESTS))

    def rest(self, url: httpx.URL, problem: Transient, seconds: float) -> None:
        """Leave the host alone for so long: whoever wants a page of it meanwhile has this problem."""
        _remember(url, _Known(time.monotonic() + min(seconds, KNOWN_SECONDS), problem=_again(problem)))

    def _turn(self, url: httpx.URL, seconds: float) -> None:
        self._throttle.wait(url.netloc.decode("ascii"), Limit(rate=1 / seconds, burst=1))

    def _rules(self, url: httpx.URL) -> str:
        known = _known.get(_origin(url))
        if known is None or known.until < time.monotonic():
            known = self._asked(url)
            _remember(url, known)
        if known.problem:
            raise _again(known.problem)
        return known.rules

    def _asked(self, url: httpx.URL) -> _Known:
        try:
            rules = self._fetched(url.copy_with(raw_path=b"/robots.txt", fragment=None))
        except OutOfTime:
            # Says nothing of the host.
            raise
        except OutboundError as problem:
            if self._pace.left <= 0:
                raise
            return _Known(time.monotonic() + AWAY_SECONDS, problem=_again(problem))
        return _Known(time.monotonic() + KNOWN_SECONDS, rules)

    def _fetched(self, url: httpx.URL) -> str:
        """The file; empty where there is none, also where the redirects do not end."""
        allowance = Allowance(MOST_SECONDS)
        for _ in range(MOST_REDIRECTS + 1):
            self._client.cookies.clear()
            self._turn(url, SECONDS_BETWEEN_REQUESTS)
            response = get(self._client, url, MOST_BYTES, allowance, self._pace)
            if response.next_request is None:
                return _content(response)
            url = response.next_request.url
        return ""


def _content(response: httpx.Response) -> str:
    if response.is_success:
        return for_us(response.content.decode("utf-8", "replace"))
    where = name_of(response.request.url)
    if response.is_client_error and not unavailable(response, name=where):
        return ""
    raise Transient(
        "ROBOTS_UNAVAILABLE",
        f"{where} answers with status {response.status_code}, so the service reads no page of this host for now.",
    )


def for_us(text: str) -> str:
    """With one name for all other robots: the parser multiplies names by rules, and a hostile file has thousands."""

    def renamed(line: re.Match[str]) -> str:
        name = line[1].partition("#")[0].strip()
        return f"User-agent: {name if name.lower() in ('*', ROBOT.lower()) else 'another'}"

    return _AGENT_LINE.sub(renamed, "\n".join(text.splitlines()))


def _again(problem: OutboundError) -> OutboundError:
    """A new one: each raise of the same would add to its traceback, and keep alive what that refers to."""
    if isinstance(problem, Transient):
        return Transient(problem.code, problem.message, problem.retry_after)
    return Permanent(problem.code, problem.message)


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii')}"


def _remember(url: httpx.URL, known: _Known) -> None:
    _known.pop(_origin(url), None)
    while len(_known) >= _MOST_HOSTS:
        _known.pop(next(iter(_known)), None)
    _known[_origin(url)] = known
