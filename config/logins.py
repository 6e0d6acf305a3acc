"""Logging in at the admin: guesses are slowed by address and by name, and passwords are hashed one at a time.

Hashing takes a third of a second of a core, on purpose. Whoever may not try yet is refused before it, and so is
whoever comes while another one is being hashed: strangers with any number of names and addresses cost one core at
most in each process, and no thread of the API's (see gateway.py). django-axes counts failures too, but hashes for all
at once, keeps a row of every attempt, and locks an operator out whom a stranger names.
"""

import hashlib
import ipaddress
import logging
import threading
import unicodedata
from collections.abc import Callable
from functools import cache
from math import ceil

from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.5
# After so many failures one has to wait, with every further one twice as long, up to the longest. An operator who
# mistypes sees nothing of it. By name alone it is loose and short: else any stranger could lock an operator out.
FIRST_SECONDS = 4
FREE_OF_BOTH, LONGEST_OF_BOTH = 5, 300
FREE_OF_ADDRESS, LONGEST_OF_ADDRESS = 20, 300
FREE_OF_NAME, LONGEST_OF_NAME = 50, 30
REMEMBERED_SECONDS = 3_600
# From where somebody has logged in before, only their own failures count.
KNOWN_SECONDS = 30 * 86_400
BUSY_SECONDS = 1
# The forms that tell whether a password is right.
GUARDED = {"admin:login", "admin:password_change"}
TOO_MANY_REQUESTS = 429

# Answers the seconds to wait. Where there are none, the attempt counts as failed until it is taken back: of two at
# once both count. KEYS are the counters; ARGV are how long they are kept, the first wait, and of each counter what is
# free and the longest wait.
_BEGIN = """
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local wait = 0
for _, key in ipairs(KEYS) do
  wait = math.max(wait, tonumber(redis.call('HGET', key, 'closed_until') or 0) - now)
end
if wait > 0 then return tostring(wait) end
for number, key in ipairs(KEYS) do
  local beyond = redis.call('HINCRBY', key, 'failures', 1) - tonumber(ARGV[2 * number + 1])
  if beyond >= 0 then
    local closed = math.min(ARGV[2] * 2 ^ math.min(beyond, 30), tonumber(ARGV[2 * number + 2]))
    redis.call('HSET', key, 'closed_until', string.format('%.3f', now + closed))
  end
  redis.call('EXPIRE', key, ARGV[1])
end
return '0'
"""

# What has not failed is taken back. None of the counters was closed when it began.
_TAKE_BACK = """
for _, key in ipairs(KEYS) do
  if redis.call('HINCRBY', key, 'failures', -1) <= 0 then
    redis.call('DEL', key)
  else
    redis.call('HDEL', key, 'closed_until')
  end
end
"""


class PasswordsBusy(Exception):
    """Another password is being hashed in this process."""


# Whoever has logged in before has a turn of their own: strangers who hammer would leave them none.
strangers, known = threading.Lock(), threading.Lock()
KNOWN_WAIT_SECONDS = 3.0


class _Present(threading.local):
    is_known = False


_present = _Present()


class OneAtATimeHasher(PBKDF2PasswordHasher):
    """Django's own, which refuses to hash two strangers' passwords at once. Raises PasswordsBusy."""

    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        turn, seconds = (known, KNOWN_WAIT_SECONDS) if _present.is_known else (strangers, 0.0)
        if not turn.acquire(timeout=seconds):
            raise PasswordsBusy()
        try:
            return super().encode(password, salt, iterations)
        finally:
            turn.release()


@cache
def valkey() -> Redis:
    return Redis.from_url(
        settings.REDIS_URL,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


@cache
def script(text: str) -> Script:
    return valkey().register_script(text)


class Attempt:
    """One attempt to log in. All processes count together, in Valkey; without it nobody is slowed by failures."""

    def __init__(self, name: str, address: str) -> None:
        name = _key_of(name)
        self._both = f"ai-jobs.logins.both.{name}.{address}"
        self._known = f"ai-jobs.logins.known.{name}.{address}"
        self._address = f"ai-jobs.logins.address.{address}"
        self._name = f"ai-jobs.logins.name.{name}"
        self._counters: list[str] = []
        # Whether this name has logged in from this address before.
        self.is_known = False

    def begin(self) -> float:
        """The seconds that are left to wait; 0, and it counts as failed until it is said not to have."""
        try:
            self.is_known = bool(valkey().exists(self._known))
            limits = {self._both: (FREE_OF_BOTH, LONGEST_OF_BOTH)}
            if not self.is_known:
                limits[self._address] = (FREE_OF_ADDRESS, LONGEST_OF_ADDRESS)
                limits[self._name] = (FREE_OF_NAME, LONGEST_OF_NAME)
            numbers = [number for limit in limits.values() for number in limit]
            wait = float(script(_BEGIN)(keys=list(limits), args=[REMEMBERED_SECONDS, FIRST_SECONDS, *numbers]))
        except RedisError as error:
            logger.warning("attempts to log in are not counted: %s", error)
            return 0
        if not wait:
            self._counters = list(limits)
        return wait

    def take_back(self) -> None:
        """It was no attempt: nothing has been hashed."""
        try:
            if self._counters:
                script(_TAKE_BACK)(keys=self._counters)
        except RedisError as error:
            logger.warning("an attempt to log in counts as failed: %s", error)

    def succeeded(self) -> None:
        self.take_back()
        try:
            valkey().delete(self._both)
            valkey().set(self._known, 1, ex=KNOWN_SECONDS)
        except RedisError as error:
            logger.warning("an address is not remembered: %s", error)


def let_in(name: str) -> None:
    """Forget the failures of a name, and of the addresses that they came from. Raises RedisError."""
    both = f"ai-jobs.logins.both.{_key_of(name)}."
    found = [key.decode() for key in valkey().scan_iter(f"{both}*", count=1_000)]
    addresses = [f"ai-jobs.logins.address.{key.removeprefix(both)}" for key in found]
    valkey().delete(f"ai-jobs.logins.name.{_key_of(name)}", *found, *addresses)


def _key_of(name: str) -> str:
    """As Django's form reads a name; names of any length have keys of one."""
    text = unicodedata.normalize("NFKC", name.strip())
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:32]


def address_of(request: HttpRequest) -> str:
    """Where a request comes from, as far as it can be believed: what our own proxies have added, nothing before it.

    Whoever has an address of IPv6 has a whole network of them (/64).
    """
    direct = request.META.get("REMOTE_ADDR", "")
    forwarded = request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")
    proxies = settings.AIJOBS_PROXIES
    text = forwarded[-proxies].strip() if 0 < proxies <= len(forwarded) else direct
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return str(direct)
    if isinstance(address, ipaddress.IPv6Address) and not address.ipv4_mapped:
        return str(ipaddress.ip_network((address.packed[:8] + bytes(8), 64)))
    return str(getattr(address, "ipv4_mapped", None) or address)


class LoginMiddleware:
    """Behind the check of the CSRF token: what a foreign page makes a browser send does not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        arguments: list[object],
        named: dict[str, object],
    ) -> HttpResponseBase | None:
        match = request.resolver_match
        if request.method != "POST" or match is None or match.view_name not in GUARDED:
            return None
        name = request.POST.get("username", "") if match.view_name == "admin:login" else request.user.get_username()
        attempt = Attempt(name, address_of(request))
        if wait := attempt.begin():
            return refusal(ceil(wait))
        _present.is_known = attempt.is_known
        try:
            response = view(request, *arguments, **named)
        except PasswordsBusy:
            attempt.take_back()
            return busy()
        except Exception:
            attempt.take_back()
            raise
        finally:
            _present.is_known = False
        if response.status_code == 302:
            attempt.succeeded()
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """From any other form of the admin that hashes a password."""
        return busy() if isinstance(exception, PasswordsBusy) else None


def busy() -> HttpResponse:
    return _please_wait("Another password is being checked.", BUSY_SECONDS)


def refusal(seconds: int) -> HttpResponse:
    return _please_wait("There were too many attempts to log in.", seconds, OR_ASK)


OR_ASK = "If you cannot wait, ask somebody who can log in to choose your account under Users, and to let you in."


def _please_wait(reason: str, seconds: int, more: str = "") -> HttpResponse:
    unit = "second" if seconds == 1 else "seconds"
    page = (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Please wait | AI Jobs</title></head><body>'
        f"<h1>Please wait</h1><p>{reason} Wait {seconds} {unit}, then go back and try "
        f"again.</p><p>{more}</p></body></html>"
    )
    return HttpResponse(
        page, status=TOO_MANY_REQUESTS, headers={"Retry-After": str(seconds), "Cache-Control": "no-store"}
    )
