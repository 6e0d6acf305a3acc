"""Everybody who waits for events, and one look at the log for all of them.

A reader says how far it has read, and is told what comes next. Who waits costs an entry in a table: the log is looked
at once a second for all together, and in between for those that a hint names or that have just come. What a reader
has not taken yet stays in the log, so nothing is kept for a slow one.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from aijobs import events
from aijobs.events import Event, Position
from aijobs.filtering import JobFilter
from aijobs.sql import CONNECTION_ERRORS

logger = logging.getLogger(__name__)

# Between two looks for all; between any two, so that three hundred hints a second lead to ten looks.
TICK_SECONDS = 1.0
GAP_SECONDS = 0.1
# What a hint said may be behind another transaction that is about to commit: looked at once more.
AGAIN_SECONDS = 0.2
# Events of one reader at a time: what a process holds for it.
BATCH = 100
# Readers that have just come or have more to read, at a time: each may get a whole batch.
AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class InJob:
    """How far somebody has read a job's log."""

    tenant_id: int
    job_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class InTenant:
    """How far somebody has read a tenant's log. `wanted`: a JobFilter as JSON, or ""."""

    tenant_id: int
    position: Position
    wanted: str


Place = InJob | InTenant
Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class News:
    """What comes next, which may be nothing that is wanted, and where to go on."""

    events: Sequence[Event]
    place: Place


Look = Callable[[Sequence[Place]], Awaitable[Mapping[Place, News]]]


def look(places: Iterable[Place]) -> dict[Place, News]:
    """What comes next, for each reader for whom anything does: two statements for all, and one for twenty filters."""
    asked = list(places)
    in_jobs = [each for each in asked if isinstance(each, InJob)]
    in_tenants = [each for each in asked if isinstance(each, InTenant)]
    return _of_jobs(in_jobs) | _of_tenants(in_tenants)


def _of_jobs(places: Sequence[InJob]) -> dict[Place, News]:
    after: dict[UUID, int] = {}
    for place in places:
        after[place.job_id] = min(place.seq, after.get(place.job_id, place.seq))
    found: dict[UUID, list[Event]] = {}
    for event in events.of_jobs(after, BATCH):
        found.setdefault(event.job_id, []).append(event)
    news: dict[Place, News] = {}
    for place in places:
        if following := [each for each in found.get(place.job_id, []) if each.seq > place.seq]:
            news[place] = News(following, InJob(place.tenant_id, place.job_id, following[-1].seq))
    return news


def _of_tenants(places: Sequence[InTenant]) -> dict[Place, News]:
    # Those without a filter have mostly read equally far.
    readers = list(dict.fromkeys((each.tenant_id, each.position) for each in places))
    # All together at most what AT_ONCE of them may get: after an outage everybody has much to read at once.
    most = max(1, min(BATCH, AT_ONCE * BATCH // max(1, len(readers))))
    found = dict(zip(readers, events.of_readers(readers, most), strict=True))
    moved = [each for each in places if found[each.tenant_id, each.position]]
    choosy = [each for each in moved if each.wanted]
    chosen = events.matching_each(
        [
            (each.tenant_id, found[each.tenant_id, each.position], JobFilter.model_validate_json(each.wanted))
            for each in choosy
        ]
    )
    of_choosy = dict(zip(choosy, chosen, strict=True))
    news: dict[Place, News] = {}
    for place in moved:
        following = found[place.tenant_id, place.position]
        behind = InTenant(place.tenant_id, following[-1].position, place.wanted)
        news[place] = News(of_choosy.get(place, following), behind)
    return news


class Hub:
    """Of one process; used by its event loop only."""

    def __init__(self, look: Look, tick_seconds: float = TICK_SECONDS) -> None:
        self._look = look
        self._tick_seconds = tick_seconds
        self._waiting: dict[Place, set[asyncio.Future[News | None]]] = {}
        self._of_job: dict[UUID, set[Place]] = {}
        self._of_tenant: dict[int, set[Place]] = {}
        # Looked at next, in this order.
        self._due: dict[Place, None] = {}
        self._wake = asyncio.Event()
        self.closing = False

    async def news(self, place: Place, seconds: float, *, at_once: bool) -> News | None:
        """What comes behind a place; None after so long, and where the process ends.

        `at_once`: there may be something already. Else the next look for all is soon enough.
        """
        if self.closing:
            return None
        future: asyncio.Future[News | None] = asyncio.get_running_loop().create_future()
        self._add(place, future)
        if at_once:
            self._make_due([place])
        try:
            async with asyncio.timeout(seconds):
                return await future
        except TimeoutError:
            return None
        finally:
            self._remove(place, future)

    def hinted(self, tenant_id: int, job_id: UUID | None) -> None:
        """Something has happened to a tenant's jobs, or to this one of them."""
        places = {*self._of_tenant.get(tenant_id, ()), *(self._of_job.get(job_id, ()) if job_id else ())}
        if places:
            self._make_due(places)
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._make_due, places)

    def close(self) -> None:
        """Whoever waits is told that nothing comes any more."""
        self.closing = True
        for futures in self._waiting.values():
            for future in futures:
                _tell(future, None)
        self._wake.set()

    async def run(self) -> None:
        """Look, until the process ends."""
        loop = asyncio.get_running_loop()
        tick_at = loop.time() + self._tick_seconds
        while not self.closing:
            await self._wait_until(tick_at)
            # Asked of the clock: while hints come all the time, nobody would be looked at who gets none.
            if loop.time() < tick_at:
                places = self._next_due()
            else:
                places, self._due = list(self._waiting), {}
                tick_at = loop.time() + self._tick_seconds
            await self._look_at(places)
            await asyncio.sleep(GAP_SECONDS)

    async def _wait_until(self, moment: float) -> None:
        """Until then, or until somebody is due."""
        with suppress(TimeoutError):
            async with asyncio.timeout_at(moment):
                await self._wake.wait()

    def _next_due(self) -> list[Place]:
        """The first of them that somebody still waits at."""
        self._wake.clear()
        due = [place for place in self._due if place in self._waiting]
        self._due = dict.fromkeys(due[AT_ONCE:])
        if self._due:
            self._wake.set()
        return due[:AT_ONCE]

    async def _look_at(self, places: Sequence[Place]) -> None:
        if not places:
            return
        try:
            found = await self._look(places)
        except CONNECTION_ERRORS as error:
            # They wait on: the next look may be luckier.
            logger.warning("the log of events could not be read: %s", error)
            return
        except Exception:
            # Whatever it is, the others who come are looked after.
            logger.exception("a look at the log of events failed")
            return
        for place, news in found.items():
            for future in self._waiting.get(place, ()):
                _tell(future, news)

    def _make_due(self, places: Iterable[Place]) -> None:
        before = len(self._due)
        self._due.update((place, None) for place in places if place in self._waiting)
        if len(self._due) > before:
            self._wake.set()

    def _add(self, place: Place, future: "asyncio.Future[News | None]") -> None:
        self._waiting.setdefault(place, set()).add(future)
        if isinstance(place, InJob):
            self._of_job.setdefault(place.job_id, set()).add(place)
        else:
            self._of_tenant.setdefault(place.tenant_id, set()).add(place)

    def _remove(self, place: Place, future: "asyncio.Future[News | None]") -> None:
        futures = self._waiting[place]
        futures.discard(future)
        if futures:
            return
        del self._waiting[place]
        if isinstance(place, InJob):
            _discard(self._of_job, place.job_id, place)
        else:
            _discard(self._of_tenant, place.tenant_id, place)


def _discard(index: dict[Key, set[Place]], key: Key, place: Place) -> None:
    index[key].discard(place)
    if not index[key]:
        del index[key]


def _tell(future: "asyncio.Future[News | None]", news: News | None) -> None:
    """Unless nobody waits any more."""
    if not future.done():
        future.set_result(news)
