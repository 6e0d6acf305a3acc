"""Who waits for events: looked at once a second, whatever else there is to look at; and let go with their keys."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID, uuid4

import pytest

from aijobs import events
from aijobs.events import START, Event
from aijobs.streams import guests as guests_module
from aijobs.streams import hub as hub_module
from aijobs.streams.guests import Guests, Pair
from aijobs.streams.hub import AT_ONCE, BATCH, Hub, InJob, InTenant, News, Place

SECONDS = 60.0


async def hint_all_the_time(hub: Hub, tenant_id: int, job_id: UUID) -> None:
    while True:
        hub.hinted(tenant_id, job_id)
        await asyncio.sleep(0.005)


def test_hints_for_some_do_not_keep_the_others_from_their_turn() -> None:
    """Nobody hints at a job that was cancelled with its batch, or whose hint was lost."""
    unhinted = InJob(2, uuid4(), 1)

    async def look(places: Sequence[Place]) -> Mapping[Place, News]:
        return {unhinted: News([], unhinted)} if unhinted in places else {}

    async def story() -> News | None:
        hub, busy = Hub(look, tick_seconds=0.2), InJob(1, uuid4(), 1)
        others = [
            asyncio.ensure_future(hub.news(busy, SECONDS, at_once=True)),
            asyncio.ensure_future(hub.run()),
            asyncio.ensure_future(hint_all_the_time(hub, busy.tenant_id, busy.job_id)),
        ]
        try:
            return await hub.news(unhinted, SECONDS, at_once=False)
        finally:
            for each in others:
                each.cancel()

    assert asyncio.run(story()) == News([], unhinted)


def test_however_many_have_much_to_read_one_look_brings_a_bounded_number(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def of_readers(readers: Sequence[object], most: int) -> list[list[Event]]:
        asked.append(len(readers) * most)
        return [[] for _ in readers]

    monkeypatch.setattr(events, "of_readers", of_readers)
    for number in (1, AT_ONCE, 10 * AT_ONCE):
        assert hub_module.look(InTenant(tenant, START, "") for tenant in range(number)) == {}
    assert asked == [BATCH, AT_ONCE * BATCH, AT_ONCE * BATCH]


def test_a_look_at_the_keys_that_fails_is_not_the_last_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests_module, "CACHE_SECONDS", 0.01)
    looks = 0

    async def still_allowed(_: Iterable[Pair]) -> set[Pair]:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise ValueError("whatever it is")
        return set()

    async def story() -> bool:
        guests = Guests(still_allowed)
        watch = asyncio.ensure_future(guests.watch())
        try:
            with guests.admitted(1, 1) as guest:
                try:
                    await asyncio.sleep(SECONDS)
                except asyncio.CancelledError:
                    return guest.sent_away
        finally:
            watch.cancel()
        return False

    assert asyncio.run(story())
