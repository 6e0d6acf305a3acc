"""Rate limits that all workers keep together: token buckets in Valkey, by the server's clock.

A bucket is one moment, that of its being full again (the generic cell rate algorithm): each call moves it by one
interval. A caller is given its turn at once and sleeps until then, so that callers are served in their order, and
none asks again and again.
"""

import logging
from dataclasses import dataclass

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from aijobs.outbound.alone import Turns
from aijobs.outbound.pace import Pace

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 0.5
# What was said of a rate is forgotten a day after the last call.
REMEMBERED_SECONDS = 86_400
# A little more than a minute: what is sent in its turn does not arrive as evenly.
MINUTE_SECONDS = 60.3
# Beyond these nobody's word on a rate, in calls per second, is believed.
SLOWEST, FASTEST = 0.001, 1000.0

_ALONE = Turns()

# A turn that would come after the pace's end (ARGV[3]) is not taken: it would only delay the others.
# KEYS[2]: where a window (ARGV[6], in seconds) has at most ARGV[5] calls, their turns, the newest first.
RESERVE = """
local bucket = redis.call('HMGET', KEYS[1], 'full', 'rate')
local interval = 1 / tonumber(bucket[2] or ARGV[1])
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local full = math.max(now, tonumber(bucket[1] or now))
local turn = math.max(now, full - (ARGV[2] - 1) * interval)
local most = tonumber(ARGV[5])
if most > 0 then
  local oldest = redis.call('LINDEX', KEYS[2], most - 1)
  if oldest then turn = math.max(turn, oldest + ARGV[6]) end
end
local wait = turn - now
if wait < tonumber(ARGV[3]) then
  redis.call('HSET', KEYS[1], 'full', string.format('%.6f', math.max(full, turn) + interval))
  redis.call('EXPIRE', KEYS[1], ARGV[4])
  if most > 0 then
    redis.call('LPUSH', KEYS[2], string.format('%.6f', turn))
    redis.call('LTRIM', KEYS[2], 0, most - 1)
    redis.call('EXPIRE', KEYS[2], math.ceil(ARGV[6]))
  end
end
return string.format('%.6f', wait)
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """Calls per second in the long run, and how many may come at once after a pause."""

    rate: float
    burst: int
    # How many there are in any minute at most, also after a pause; None: the burst and a minute's calls.
    most_in_a_minute: int | None = None


class Throttle:
    """The buckets of one scope, such as a connection, each by the name of what it limits.

    Without Valkey the threads of each process share turns, a full interval apart: no failure, and slower than allowed
    for one process. Several processes do not know of each other then, and each takes the whole rate.
    """

    def __init__(self, scope: str, pace: Pace) -> None:
        self._scope = scope
        self._pace = pace
        # No retries: they would sleep outside the pace.
        self._client = Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        self._script = self._client.register_script(RESERVE)
        self._rates: dict[str, float] = {}

    def close(self) -> None:
        self._client.close()

    def wait(self, name: str, limit: Limit) -> None:
        """Sleep until it is this caller's turn. Raises OutOfTime where that is after the run."""
        self._pace.wait(self.reserve(name, limit))

    def reserve(self, name: str, limit: Limit) -> float:
        """The seconds until this caller's turn, which is kept for it unless the run ends first."""
        key, most = self._key(name), limit.most_in_a_minute
        try:
            wait = float(
                self._script(
                    keys=[key, f"{key}.turns"],
                    args=[
                        limit.rate,
                        limit.burst,
                        f"{self._pace.left:.6f}",
                        REMEMBERED_SECONDS,
                        most or 0,
                        MINUTE_SECONDS,
                    ],
                )
            )
        except (RedisError, OSError) as error:
            logger.warning("rate limits hold for this process alone, and cannot be shared: %s", error)
            interval = 1 / self._rates.get(name, limit.rate)
            return _ALONE.take(key, interval, self._pace.left, most, MINUTE_SECONDS)
        if wait < self._pace.left:
            _ALONE.given(key, wait, most, MINUTE_SECONDS)
        return wait

    def remember(self, name: str, rate: float) -> None:
        """What the other side says its rate is, for all workers; what cannot be is ignored."""
        if not SLOWEST <= rate <= FASTEST:
            return
        self._rates[name] = rate
        try:
            self._client.hset(self._key(name), "rate", str(rate))
        except (RedisError, OSError) as error:
            logger.warning("rate limits cannot be shared: %s", error)

    def _key(self, name: str) -> str:
        return f"ai-jobs.throttle.{self._scope}.{name}"
