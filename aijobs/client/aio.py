"""The client for programs with an event loop. Its methods are those of `Client`, which say more."""

import math
import time
from asyncio import sleep
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, Unpack

import httpx
from httpx_sse import EventSource

from . import calls, session, streams
from .calls import Call
from .errors import ApiError
from .retrying import Attempts
from .session import Waiting
from .shapes import Batch, BatchAccepted, Event, Job, JobFilter, JobOptions, JobTemplate, Json
from .streams import Place

T = TypeVar("T")


class AsyncClient:
    """A connection to the service, for any number of tasks; close it, or use it as a context."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        tenant: str | None = None,
        patience: float = session.PATIENCE_SECONDS,
        http: httpx.AsyncClient | None = None,
    ) -> None:
        self._http = http or httpx.AsyncClient(timeout=session.TIMEOUT_SECONDS)
        self._http.base_url = httpx.URL(base_url)
        self._http.headers.update(session.headers_of(api_key, tenant))
        self._patience = patience

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self._http.aclose()

    async def dispatch(
        self,
        type: str,
        params: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """Dispatch a job. `idempotency_key`: your own, where a program that is started again must not repeat it."""
        return await self._send(calls.dispatch(type, params, idempotency_key, **options))

    async def dispatch_batch(
        self,
        jobs: Sequence[JobTemplate],
        *,
        sequential: bool = False,
        on_failure: Literal["stop", "continue"] | None = None,
        idempotency_key: str | None = None,
    ) -> BatchAccepted:
        """Dispatch up to twenty jobs: all of them or none."""
        return await self._send(calls.dispatch_batch(jobs, sequential, on_failure, idempotency_key))

    async def job(self, job_id: str) -> Job:
        """The job as it is now."""
        return await self._send(calls.get(job_id))

    async def batch(self, batch_id: str) -> Batch:
        """The batch as it is now, with its jobs."""
        return await self._send(calls.get_batch(batch_id))

    async def jobs(
        self, *, include: Sequence[str] = (), page_size: int = 100, **wanted: Unpack[JobFilter]
    ) -> AsyncIterator[Job]:
        """All jobs that match, newest first. Pages are fetched as they are needed. `include`: params, result."""
        cursor = None
        while True:
            page = await self._send(calls.page(wanted, include, cursor, page_size))
            for job in page.jobs:
                yield job
            if (cursor := page.next_cursor) is None:
                return

    async def wait(self, job_id: str, *, timeout: float | None = None) -> Job:
        """The job once it has ended. Raises JobUnfinished after `timeout` seconds."""
        waiting = Waiting(timeout)
        while True:
            seconds, began = waiting.left(session.WAIT_SECONDS), time.monotonic()
            try:
                asked = calls.wait(job_id, session.UNTIL_THE_END, seconds)
                job = await self._send(asked, waiting.left(session.WAIT_PATIENCE_SECONDS))
            except (ApiError, httpx.TransportError) as failure:
                job = await self._poll(job_id, waiting, session.polling_after(failure))
            if waiting.is_over(job):
                return job
            await sleep(waiting.pause(seconds, began))

    async def _poll(self, job_id: str, waiting: Waiting, seconds: float) -> Job:
        """The job when it has ended, or as it is after so long."""
        until = time.monotonic() + seconds
        while True:
            job, pause = await self._send(calls.poll(job_id), waiting.left(self._patience))
            if waiting.is_over(job) or time.monotonic() >= until:
                return job
            await sleep(waiting.left(pause))

    async def result(self, job_id: str, *, timeout: float | None = None) -> Json:
        """Wait for a job and return what it found. Raises JobFailed, JobCancelled, JobUnfinished."""
        return session.result_of(await self.wait(job_id, timeout=timeout))

    async def stream(self, job_id: str, *, after: int = 0) -> AsyncIterator[Event]:
        """What happens to a job, as it happens, until it has ended. `after`: the last `seq` that you have seen."""
        # Its connection is closed here, and not when somebody collects garbage.
        async with aclosing(self._read(calls.stream(job_id, after))) as events:
            async for _, event in events:
                yield event
                if streams.is_end(event):
                    return

    def events(self, *, after: str = "", **wanted: Unpack[JobFilter]) -> AsyncIterator[tuple[str, Event]]:
        """What happens to all jobs that match, for ever, each event with its position.

        `after`: the position of the last one that you have seen; without it the stream begins now.
        """
        return self._read(calls.events(wanted, after))

    async def cancel(self, job_id: str) -> Job:
        """Cancel a queued job, or ask a running one to stop."""
        return await self._send(calls.cancel(job_id))

    async def cancel_batch(self, batch_id: str) -> None:
        """Cancel what of the batch has not begun."""
        await self._send(calls.cancel_batch(batch_id))

    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """Dispatch a job again that has failed or was cancelled: the answer is the new one."""
        return await self._send(calls.retry(job_id, idempotency_key))

    async def retry_failed(self, batch_id: str, *, idempotency_key: str | None = None) -> BatchAccepted:
        """Dispatch again, as a new batch, what of this one has not completed."""
        return await self._send(calls.retry_failed(batch_id, idempotency_key))

    async def _send(self, call: Call[T], patience: float = math.inf) -> T:
        attempts = Attempts(min(self._patience, patience))
        while True:
            try:
                response = await self._http.send(call.request(self._http), follow_redirects=True)
                pause = attempts.after(response)
                if pause is None:
                    return call.read(response)
            except httpx.TransportError as failure:
                pause = attempts.after_failure(failure)
            await sleep(pause)

    async def _read(self, place: Place) -> AsyncGenerator[tuple[str, Event], None]:
        attempts = Attempts(self._patience, for_streams=True)
        while True:
            try:
                response = await self._http.send(place.request(self._http), stream=True, follow_redirects=True)
                try:
                    if response.status_code != httpx.codes.OK:
                        await response.aread()
                    if response.status_code == httpx.codes.NO_CONTENT:
                        # The log ends where this reader is.
                        return
                    pause = attempts.after(response)
                    if pause is None:
                        async for message in EventSource(response).aiter_sse():
                            # It was there, though it may have nothing to tell.
                            attempts = Attempts(self._patience, for_streams=True)
                            if (event := place.read(message)) is not None:
                                yield place.position, event
                finally:
                    await response.aclose()
            except httpx.TransportError as failure:
                pause = attempts.after_failure(failure)
            await sleep(streams.PAUSE_SECONDS if pause is None else pause)
