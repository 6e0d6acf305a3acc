"""The client for programs without an event loop."""

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from time import sleep
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


class Client:
    """A connection to the service. Safe for several threads; close it, or use it as a context.

    `base_url`: of the service, without /api. `tenant`: for a key of several tenants. `patience`: how many seconds of
    pauses a request may take in all, while the service or the network says "later". `http`: your own httpx client,
    for proxies or certificates.

    Every method raises ApiError for a refusal, httpx.TransportError where the service cannot be reached, and
    ValueError for an ID that is not one. What is sent again is done once: dispatches carry an Idempotency-Key.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str,
        tenant: str | None = None,
        patience: float = session.PATIENCE_SECONDS,
        http: httpx.Client | None = None,
    ) -> None:
        self._http = http or httpx.Client(timeout=session.TIMEOUT_SECONDS)
        self._http.base_url = httpx.URL(base_url)
        self._http.headers.update(session.headers_of(api_key, tenant))
        self._patience = patience

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    def dispatch(
        self,
        type: str,
        params: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        **options: Unpack[JobOptions],
    ) -> Job:
        """Dispatch a job. `idempotency_key`: your own, where a program that is started again must not repeat it."""
        return self._send(calls.dispatch(type, params, idempotency_key, **options))

    def dispatch_batch(
        self,
        jobs: Sequence[JobTemplate],
        *,
        sequential: bool = False,
        on_failure: Literal["stop", "continue"] | None = None,
        idempotency_key: str | None = None,
    ) -> BatchAccepted:
        """Dispatch up to twenty jobs: all of them or none."""
        return self._send(calls.dispatch_batch(jobs, sequential, on_failure, idempotency_key))

    def job(self, job_id: str) -> Job:
        """The job as it is now."""
        return self._send(calls.get(job_id))

    def batch(self, batch_id: str) -> Batch:
        """The batch as it is now, with its jobs."""
        return self._send(calls.get_batch(batch_id))

    def jobs(
        self, *, include: Sequence[str] = (), page_size: int = 100, **wanted: Unpack[JobFilter]
    ) -> Iterator[Job]:
        """All jobs that match, newest first. Pages are fetched as they are needed. `include`: params, result."""
        cursor = None
        while True:
            page = self._send(calls.page(wanted, include, cursor, page_size))
            yield from page.jobs
            if (cursor := page.next_cursor) is None:
                return

    def wait(self, job_id: str, *, timeout: float | None = None) -> Job:
        """The job once it has ended. Raises JobUnfinished after `timeout` seconds."""
        waiting = Waiting(timeout)
        while True:
            seconds, began = waiting.left(session.WAIT_SECONDS), time.monotonic()
            try:
                asked = calls.wait(job_id, session.UNTIL_THE_END, seconds)
                job = self._send(asked, waiting.left(session.WAIT_PATIENCE_SECONDS))
            except (ApiError, httpx.TransportError) as failure:
                job = self._poll(job_id, waiting, session.polling_after(failure))
            if waiting.is_over(job):
                return job
            sleep(waiting.pause(seconds, began))

    def _poll(self, job_id: str, waiting: Waiting, seconds: float) -> Job:
        """The job when it has ended, or as it is after so long."""
        until = time.monotonic() + seconds
        while True:
            job, pause = self._send(calls.poll(job_id), waiting.left(self._patience))
            if waiting.is_over(job) or time.monotonic() >= until:
                return job
            sleep(waiting.left(pause))

    def result(self, job_id: str, *, timeout: float | None = None) -> Json:
        """Wait for a job and return what it found. Raises JobFailed, JobCancelled, JobUnfinished."""
        return session.result_of(self.wait(job_id, timeout=timeout))

    def stream(self, job_id: str, *, after: int = 0) -> Iterator[Event]:
        """What happens to a job, as it happens, until it has ended. `after`: the last `seq` that you have seen."""
        for _, event in self._read(calls.stream(job_id, after)):
            yield event
            if streams.is_end(event):
                return

    def events(self, *, after: str = "", **wanted: Unpack[JobFilter]) -> Iterator[tuple[str, Event]]:
        """What happens to all jobs that match, for ever, each event with its position.

        `after`: the position of the last one that you have seen; without it the stream begins now.
        """
        return self._read(calls.events(wanted, after))

    def cancel(self, job_id: str) -> Job:
        """Cancel a queued job, or ask a running one to stop."""
        return self._send(calls.cancel(job_id))

    def cancel_batch(self, batch_id: str) -> None:
        """Cancel what of the batch has not begun."""
        self._send(calls.cancel_batch(batch_id))

    def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """Dispatch a job again that has failed or was cancelled: the answer is the new one."""
        return self._send(calls.retry(job_id, idempotency_key))

    def retry_failed(self, batch_id: str, *, idempotency_key: str | None = None) -> BatchAccepted:
        """Dispatch again, as a new batch, what of this one has not completed."""
        return self._send(calls.retry_failed(batch_id, idempotency_key))

    def _send(self, call: Call[T], patience: float = math.inf) -> T:
        attempts = Attempts(min(self._patience, patience))
        while True:
            try:
                response = self._http.send(call.request(self._http), follow_redirects=True)
                pause = attempts.after(response)
                if pause is None:
                    return call.read(response)
            except httpx.TransportError as failure:
                pause = attempts.after_failure(failure)
            sleep(pause)

    def _read(self, place: Place) -> Iterator[tuple[str, Event]]:
        attempts = Attempts(self._patience, for_streams=True)
        while True:
            try:
                response = self._http.send(place.request(self._http), stream=True, follow_redirects=True)
                try:
                    if response.status_code != httpx.codes.OK:
                        response.read()
                    if response.status_code == httpx.codes.NO_CONTENT:
                        # The log ends where this reader is.
                        return
                    pause = attempts.after(response)
                    if pause is None:
                        for message in EventSource(response).iter_sse():
                            # It was there, though it may have nothing to tell.
                            attempts = Attempts(self._patience, for_streams=True)
                            if (event := place.read(message)) is not None:
                                yield place.position, event
                finally:
                    response.close()
            except httpx.TransportError as failure:
                pause = attempts.after_failure(failure)
            sleep(streams.PAUSE_SECONDS if pause is None else pause)
