"""Who is connected: counted, so that there are never too many, and sent away when their key is no longer good."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import cast

from django.conf import settings

from aijobs.auth import CACHE_SECONDS
from aijobs.errors import StreamingUnavailable, TooManyStreams
from aijobs.sql import CONNECTION_ERRORS

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
FULL = "The service has as many open streams and waits as it can serve. Poll, or try again in a moment."

POLICY = "streams"

Pair = tuple[int, int]


@dataclass(eq=False, slots=True)
class Guest:
    """A stream or a wait, and the key and tenant that it was let in with."""

    key_id: int
    tenant_id: int
    task: "asyncio.Task[None]"
    sent_away: bool = field(default=False)


class Guests:
    """Of one process; used by its event loop only."""

    def __init__(self, still_allowed: Callable[[Iterable[Pair]], Awaitable[set[Pair]]]) -> None:
        self._still_allowed = still_allowed
        self._present: set[Guest] = set()
        self._of_tenant: Counter[int] = Counter()

    @contextmanager
    def admitted(self, key_id: int, tenant_id: int) -> Iterator[Guest]:
        """The task that asks is a guest for as long as this lasts. Raises TooManyStreams and StreamingUnavailable."""
        if self._of_tenant[tenant_id] >= settings.AIJOBS_TENANT_STREAMS:
            raise TooManyStreams(retry_after=RETRY_AFTER_SECONDS)
        if len(self._present) >= settings.AIJOBS_STREAMS:
            raise StreamingUnavailable(FULL, retry_after=RETRY_AFTER_SECONDS)
        guest = Guest(key_id, tenant_id, cast("asyncio.Task[None]", asyncio.current_task()))
        self._present.add(guest)
        self._of_tenant[tenant_id] += 1
        try:
            yield guest
        finally:
            self._present.discard(guest)
            self._of_tenant[tenant_id] -= 1
            # None of those who are gone is kept in the table.
            self._of_tenant += Counter()

    def limits_of(self, tenant_id: int) -> dict[str, str]:
        """What who comes now is told, as draft-ietf-httpapi-ratelimit-headers-11 has it. It is one of them itself."""
        most = settings.AIJOBS_TENANT_STREAMS
        left = max(0, most - self._of_tenant[tenant_id] - 1)
        return {
            "ratelimit-policy": f'"{POLICY}";q={most};qu="concurrent-requests"',
            "ratelimit": f'"{POLICY}";r={left}',
        }

    async def watch(self) -> None:
        """Send away whose key was revoked or lost its scope, and whose tenant is suspended: one statement for all."""
        while True:
            await asyncio.sleep(CACHE_SECONDS)
            pairs = {(each.key_id, each.tenant_id) for each in self._present}
            try:
                allowed = await self._still_allowed(pairs) if pairs else set[Pair]()
            except CONNECTION_ERRORS as error:
                # Nor does anybody learn anything while the database is away.
                logger.warning("keys could not be looked at: %s", error)
                continue
            except Exception:
                # Whatever it is: a watch that ends would let everybody stay.
                logger.exception("a look at the keys failed")
                continue
            for each in list(self._present):
                pair = (each.key_id, each.tenant_id)
                if pair in pairs and pair not in allowed:
                    each.sent_away = True
                    each.task.cancel()
