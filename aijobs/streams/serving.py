"""What the events process answers: waits, streams, and the same log as pages."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Collection
from typing import ParamSpec, Protocol, TypeVar
from uuid import UUID

from aijobs import auth, scopes, zones
from aijobs.api import authentication, event_log, throttling
from aijobs.api.job_parameters import job_id_of
from aijobs.api.polling import current_job, unfinished_jobs
from aijobs.api.wire.envelope import to_json
from aijobs.auth import TenantAccess
from aijobs.errors import ApiError, InsufficientScope, JobNotFound, RateLimited, Unauthenticated
from aijobs.events import Event
from aijobs.limiting import Standing
from aijobs.streams.exchange import Answer, Request
from aijobs.streams.guests import Guest, Guests
from aijobs.streams.hub import Hub, InJob, InTenant, Place
from aijobs.streams.together import Together
from aijobs.tickets import Holder

# Proxies and callers see that the other side is still there.
COMMENT_SECONDS = 15.0
LONGEST_SECONDS = 900.0
# When a browser comes again after the end: not all at the same moment.
RETRY_MILLISECONDS = (500, 3_000)
COMMENT = b": nothing has happened\n\n"
SSE_HEADERS = {
    "content-type": event_log.STREAM,
    # To nginx, which else would collect them.
    "x-accel-buffering": "no",
}

# Body and headers.
Answered = tuple[bytes, dict[str, str]]
Arguments = ParamSpec("Arguments")
Found = TypeVar("Found")


class Ask(Protocol):
    """Calls a function that asks the database, in a thread."""

    def __call__(
        self,
        function: Callable[Arguments, Found],
        /,
        *arguments: Arguments.args,
        **named: Arguments.kwargs,
    ) -> Awaitable[Found]: ...


def identify(request: Request) -> Holder:
    """Whose request it is, as the API finds it, and whether it may read. Raises what the API answers."""
    headers = request.headers
    holder = authentication.identify(
        headers.get("authorization"), headers.get("x-tenant-id"), request.query.get("ticket")
    )
    if not scopes.grants(holder.principal.scopes, scopes.ANY_READ):
        raise InsufficientScope(scopes.lacking(scopes.ANY_READ))
    return holder


def identify_and_count(request: Request) -> tuple[Holder, Standing]:
    """The same of what costs as much as a request to the API. Who was sent on from there has been counted there, too:
    so the allowance is another one."""
    holder = identify(request)
    return holder, throttling.count(holder, apart="events.")


class Serving:
    """Of one process; used by its event loop only."""

    def __init__(self, hub: Hub, guests: Guests, ask: Ask) -> None:
        self.hub = hub
        self.guests = guests
        self.ask = ask
        self._standings = Together[tuple[int, UUID], event_log.Standing](
            lambda wanted: ask(event_log.standings_of, wanted)
        )
        self._unfinished = Together[tuple[TenantAccess, UUID], Answered](
            lambda wanted: ask(unfinished_as_answered, wanted)
        )

    async def wait(self, request: Request, answer: Answer, job_id: str) -> None:
        """Answer with the job, when something has happened to it or the time is over."""
        holder = await self._counted(request, answer)
        seconds, seq = event_log.wait_of(request.query)
        found = job_id_of(job_id)
        known, is_over = await self._standing_of(holder.tenant, found)
        answer.limits = self.guests.limits_of(holder.tenant.id)
        with self.guests.admitted(holder.principal.key_id, holder.tenant.id) as guest:
            try:
                if not is_over and known <= seq:
                    is_over = await self._until(InJob(holder.tenant.id, found, known), seconds, seq)
                body, headers = await self._current(holder.tenant, found, is_over=is_over)
            except asyncio.CancelledError:
                _raise_unless_sent_away(guest)
                raise await self._why_sent_away(request) from None
            # It is a guest until it has taken the answer, which may be large.
            await answer.whole(200, body, headers)

    async def _why_sent_away(self, request: Request) -> ApiError:
        """As whoever asks now is told. What the process remembers of keys is older than what it was sent away for."""
        auth.cache.clear()
        try:
            await self.ask(identify, request)
        except ApiError as error:
            return error
        # It may come back already.
        return Unauthenticated()

    async def _standing_of(self, tenant: TenantAccess, job_id: UUID) -> event_log.Standing:
        """Raises JobNotFound."""
        found = await self._standings.ask((tenant.id, job_id))
        if found is None:
            raise JobNotFound()
        return found

    async def _current(self, tenant: TenantAccess, job_id: UUID, *, is_over: bool) -> Answered:
        """The job as the API answers it. Raises JobNotFound: it may be deleted by now.

        Hundreds of waits may end at a moment because it is time. A result may be large, so where there may be one
        the job is read by itself.
        """
        if not is_over and (found := await self._unfinished.ask((tenant, job_id))) is not None:
            return found
        return await self.ask(job_as_answered, tenant, job_id)

    async def _counted(self, request: Request, answer: Answer) -> Holder:
        """Raises RateLimited."""
        holder, standing = await self.ask(identify_and_count, request)
        answer.limits = {
            "ratelimit-policy": throttling.policy_of(standing),
            "ratelimit": throttling.left_of(standing),
        }
        if standing.retry_after is not None:
            raise RateLimited(retry_after=standing.retry_after)
        return holder

    async def _until(self, place: Place, seconds: float, seq: int) -> bool:
        """Wait for an event of a job beyond that one, or its last one; or so long. Returns whether it is over."""
        loop = asyncio.get_running_loop()
        over_at = loop.time() + seconds
        while (left := over_at - loop.time()) > 0:
            news = await self.hub.news(place, left, at_once=True)
            if news is None:
                break
            last = news.events[-1]
            if last.seq > seq or last.is_end:
                return last.is_end
            place = news.place
        return False

    async def of_job(self, request: Request, answer: Answer, job_id: str) -> None:
        if event_log.wants_pages(request.headers.get("accept", "")):
            holder = await self._counted(request, answer)
            found = job_id_of(job_id)
            await _page(request, answer, await self.ask(event_log.job_page, holder.tenant, found, request.query))
            return
        holder = await self.ask(identify, request)
        found = job_id_of(job_id)
        last = request.headers.get("last-event-id")
        after = event_log.place_in_job(request.query, last)
        known, is_over = await self._standing_of(holder.tenant, found)
        if is_over and after >= known:
            # Nothing will follow. It tells a browser's EventSource not to come again.
            await answer.whole(204)
            return
        # Who names an event that there is not yet is told of the end all the same.
        place = InJob(holder.tenant.id, found, min(after, known))
        await self._stream(holder, request, answer, place)

    async def of_tenant(self, request: Request, answer: Answer) -> None:
        if event_log.wants_pages(request.headers.get("accept", "")):
            holder = await self._counted(request, answer)
            await _page(request, answer, await self.ask(event_log.tenant_page, holder.tenant, request.query))
            return
        holder = await self.ask(identify, request)
        zone = zones.find_or_utc(holder.tenant.timezone)
        last = request.headers.get("last-event-id")
        position, wanted = await self.ask(event_log.place_in_tenant, request.query, zone, last)
        text = "" if wanted.is_empty else wanted.model_dump_json(exclude_defaults=True)
        await self._stream(holder, request, answer, InTenant(holder.tenant.id, position, text))

    async def _stream(self, holder: Holder, request: Request, answer: Answer, place: Place) -> None:
        answer.limits = self.guests.limits_of(holder.tenant.id)
        with self.guests.admitted(holder.principal.key_id, holder.tenant.id) as guest:
            try:
                await self._tell(request, answer, place)
            except asyncio.CancelledError:
                _raise_unless_sent_away(guest)
            except TimeoutError:
                # It takes nothing any more. What it has not got is in the log.
                return
            await answer.write(b"", more=False)

    async def _tell(self, request: Request, answer: Answer, place: Place) -> None:
        """Events as they come, until the job is over, or it is time. Raises TimeoutError for who takes nothing."""
        await answer.begin(200, SSE_HEADERS)
        if request.method == "HEAD":
            return
        await answer.write(_opening(place))
        loop = asyncio.get_running_loop()
        over_at = loop.time() + LONGEST_SECONDS
        at_once = True
        while (left := over_at - loop.time()) > 0:
            news = await self.hub.news(place, min(left, COMMENT_SECONDS), at_once=at_once)
            if self.hub.closing and news is None:
                return
            at_once = news is not None
            if news is None:
                await answer.write(_mark(place) + COMMENT)
                continue
            place = news.place
            if news.events:
                await answer.write(b"".join(_frame(each, place) for each in news.events))
            if isinstance(place, InJob) and news.events[-1].is_end:
                return


async def _page(request: Request, answer: Answer, page: dict[str, object]) -> None:
    await answer.whole(200, to_json(page), event_log.headers_of(page, request.path, request.query))


def _raise_unless_sent_away(guest: Guest) -> None:
    """A task that is cancelled because its caller is gone, or because the process ends, ends."""
    if not guest.sent_away:
        raise asyncio.CancelledError


def _opening(place: Place) -> bytes:
    """When to come again; of a tenant's log also from where on, though nothing has happened yet."""
    milliseconds = random.randint(*RETRY_MILLISECONDS)  # noqa: S311  # spreads load, hides nothing
    return f"retry: {milliseconds}\n".encode() + (_mark(place) + b"\n" if isinstance(place, InTenant) else COMMENT)


def _mark(place: Place) -> bytes:
    """How far a reader is who was told nothing, because nothing that happened was wanted."""
    return f"id: {place.position.token}\n".encode() if isinstance(place, InTenant) else b""


def _frame(event: Event, place: Place) -> bytes:
    number = event.token if isinstance(place, InTenant) else str(event.seq)
    return b"id: %b\ndata: %b\n\n" % (number.encode(), event.written)


def job_as_answered(tenant: TenantAccess, job_id: UUID) -> Answered:
    """Raises JobNotFound."""
    return _written(*current_job(tenant, job_id))


def unfinished_as_answered(
    wanted: Collection[tuple[TenantAccess, UUID]],
) -> dict[tuple[TenantAccess, UUID], Answered]:
    """Of those that have not ended."""
    found = unfinished_jobs(wanted)
    return {
        (tenant, job_id): _written(*found[tenant.id, job_id])
        for tenant, job_id in wanted
        if (tenant.id, job_id) in found
    }


def _written(data: dict[str, object], headers: dict[str, str]) -> Answered:
    return to_json({"data": data}), headers
