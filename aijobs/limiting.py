"""How many requests an API key may make: counted in Valkey for all processes, and in the process where that is away.

What counts is one moment, that of the allowance being whole again (the generic cell rate algorithm, as in
outbound/throttle.py): each request moves it by an interval. So that a request does not wait for Valkey, a process
takes a part of the allowance at a time, and gives back what it has not used when it takes the next one.
"""

import logging
import threading
import time
from dataclasses import dataclass
from math import ceil

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 60
# What a process takes at a time is one of so many parts of the allowance: one request of a small one.
PARTS = 200
# After these it learns what other processes have used.
LEASE_SECONDS = 10.0
# A healthy Valkey answers in 0.1 ms. Where it does not, one request in so many seconds waits for it.
ANSWER_SECONDS = 0.1
AWAY_SECONDS = 5.0
# Bounds the memory of a process.
MOST_LEASES = 10_000
# Moments are rounded to microseconds.
ROUNDING = 1e-3

# Gives back ARGV[3] requests that were taken before, and takes ARGV[2] of them, or as many as there are.
_TAKE = """
local window, interval = tonumber(ARGV[4]), ARGV[4] / ARGV[1]
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = math.max(now, tonumber(redis.call('GET', KEYS[1]) or now) - ARGV[3] * interval)
local taken = math.max(0, math.min(tonumber(ARGV[2]), math.floor((now + window - full) / interval + ARGV[5])))
full = full + taken * interval
redis.call('SET', KEYS[1], string.format('%.6f', full), 'EX', 2 * window)
return {taken, string.format('%.6f', full - now)}
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """The allowance after a request: how many are left of it, and the seconds until there is one more.

    `retry_after`: the request is one too many, and the next one is allowed after so many seconds; else None.
    """

    limit: int
    left: int
    seconds: int
    retry_after: int | None = None


@dataclass(slots=True)
class _Lease:
    """What this process may let through of a key's requests. Its moments are those of `time.monotonic`."""

    limit: int
    until: float
    unused: int
    # When the allowance is whole again, if nobody uses more than what was taken of it by then.
    full: float

    @property
    def interval(self) -> float:
        return WINDOW_SECONDS / self.limit

    def is_valid(self, limit: int, now: float) -> bool:
        """Whether it is still to be asked; one that is used up, where there is nothing to be had yet."""
        next_one = self.full + self.interval - WINDOW_SECONDS
        return self.limit == limit and now < self.until and (self.unused > 0 or now < next_one)

    def use(self, now: float) -> Standing:
        """One request."""
        if self.unused <= 0:
            wait = max(1, ceil(self.full + self.interval - WINDOW_SECONDS - now))
            return Standing(self.limit, 0, wait, wait)
        self.unused -= 1
        whole_in = max(0.0, self.full - self.unused * self.interval - now)
        left = max(0, int((WINDOW_SECONDS - whole_in) / self.interval + ROUNDING))
        one_more_in = whole_in - WINDOW_SECONDS + (left + 1) * self.interval
        return Standing(self.limit, left, max(0, ceil(one_more_in - ROUNDING)))


class Limiter:
    """The allowances of all keys, as one process sees them."""

    def __init__(self) -> None:
        self._leases: dict[str, _Lease] = {}
        self._lock = threading.Lock()
        self._away_until = 0.0
        # No retries: a request does not wait for them.
        self._client = Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self.script = self._client.register_script(_TAKE)

    def close(self) -> None:
        self._client.close()

    def use(self, name: str, limit: int) -> Standing:
        """One request, of so many a minute."""
        now = time.monotonic()
        with self._lock:
            lease = self._leases.get(name)
            if lease and lease.is_valid(limit, now):
                return lease.use(now)
            # Taken out, so that no other thread gives back the same.
            self._leases.pop(name, None)
        old = lease if lease and lease.limit == limit else None
        wanted = max(1, limit // PARTS)
        taken, whole_in = self._shared(name, limit, wanted, old, now) or _alone(limit, wanted, old, now)
        with self._lock:
            return self._kept(name, _Lease(limit, now + LEASE_SECONDS, taken, now + whole_in)).use(now)

    def _kept(self, name: str, lease: _Lease) -> _Lease:
        """With what another thread has taken at the same moment."""
        if len(self._leases) >= MOST_LEASES:
            self._leases.clear()
        other = self._leases.get(name)
        if other and other.limit == lease.limit:
            lease.unused += other.unused
            lease.full = max(lease.full, other.full)
        self._leases[name] = lease
        return lease

    def _shared(self, name: str, limit: int, wanted: int, old: _Lease | None, now: float) -> tuple[int, float] | None:
        """What Valkey gives, and in how many seconds the allowance is whole; None where it does not answer."""
        if now < self._away_until:
            return None
        arguments = [limit, wanted, old.unused if old else 0, WINDOW_SECONDS, ROUNDING]
        try:
            # Of another limit it would be another moment.
            taken, whole_in = self.script(keys=[f"ai-jobs.requests.{name}.{limit}"], args=arguments)
        except (RedisError, OSError) as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            logger.warning("requests are counted by each process for itself: %s", error)
            return None
        return int(taken), float(whole_in)


def _alone(limit: int, wanted: int, old: _Lease | None, now: float) -> tuple[int, float]:
    """What the process gives itself where Valkey does not answer, by the same rule."""
    interval = WINDOW_SECONDS / limit
    whole_in = max(0.0, old.full - old.unused * interval - now) if old else 0.0
    taken = max(0, min(wanted, int((WINDOW_SECONDS - whole_in) / interval + ROUNDING)))
    return taken, whole_in + taken * interval


class _Process:
    """The one of this process, made at its first request."""

    limiter: Limiter | None = None


def use(name: str, limit: int) -> Standing:
    """One request, of so many a minute, counted with those of all processes."""
    if _Process.limiter is None:
        _Process.limiter = Limiter()
    return _Process.limiter.use(name, limit)
