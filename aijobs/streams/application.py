"""The events process as an ASGI application: a thousand streams and waits, and six threads for the database.

Granian serves it. It waits for open answers before it ends, so a signal to end closes them first.
"""

import asyncio
import logging
import re
import signal
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, Protocol, TypeVar, cast

from django.conf import settings
from django.db import connection

from aijobs import auth
from aijobs.api.wire.envelope import refusal_of, to_json
from aijobs.errors import MethodNotAllowed, NotFound
from aijobs.postgresql.base import DatabaseWrapper
from aijobs.sql import CONNECTION_ERRORS
from aijobs.streams import hub as hubs
from aijobs.streams.exchange import ALLOWED, Answer, Receive, Request, Scope, Send
from aijobs.streams.guests import Guests, Pair
from aijobs.streams.hub import Hub, News, Place
from aijobs.streams.listening import listen
from aijobs.streams.serving import Serving

logger = logging.getLogger(__name__)

THREADS = 4
OWN_THREADS = 2
Found = TypeVar("Found")
Handler = Callable[[Request, Answer], Awaitable[None]]


class Presence(Protocol):
    """What says that the process is there."""

    def start(self) -> None: ...
    def leave(self) -> None:
        """Say that it stops; this may take seconds."""


class EventsApplication:
    """Made once in a process; what belongs to its event loop is made when that has started."""

    def __init__(self, presence: Presence) -> None:
        self._presence = presence
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="database")
        # Of the process itself: whatever one tenant asks for, all streams go on, and revoked keys are cut off.
        self._own_threads = ThreadPoolExecutor(OWN_THREADS, thread_name_prefix="own")
        self._tasks: list[asyncio.Task[None]] = []
        self._hub: Hub
        self._serving: Serving

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._answer(Request(scope), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self._start()
            else:
                self._stop()
                await asyncio.to_thread(self._presence.leave)
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                return

    def _start(self) -> None:
        self._hub = Hub(self._look)
        guests = Guests(self._still_allowed)
        self._serving = Serving(self._hub, guests, self._ask)
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(each) for each in (self._hub.run(), guests.watch(), listen(self._hub))]
        for number in (signal.SIGTERM, signal.SIGINT):
            _also_at(number, partial(loop.call_soon_threadsafe, self._hub.close))
        self._presence.start()

    def _stop(self) -> None:
        self._hub.close()
        for task in self._tasks:
            task.cancel()
        self._threads.shutdown(wait=False)
        self._own_threads.shutdown(wait=False)

    async def _answer(self, request: Request, receive: Receive, send: Send) -> None:
        task = cast("asyncio.Task[None]", asyncio.current_task())
        watch = asyncio.ensure_future(_cancel_when_gone(receive, task))
        answer = Answer(request, send)
        try:
            await self._serve(request, answer)
        except asyncio.CancelledError:
            # The caller is gone. Granian wants an end all the same.
            if not answer.begun:
                await answer.whole(499)
            else:
                with suppress(TimeoutError):
                    await answer.write(b"", more=False)
        finally:
            watch.cancel()

    async def _serve(self, request: Request, answer: Answer) -> None:
        try:
            request.check_host()
            if request.path.rstrip("/") == "/healthz":
                await answer.whole(200, to_json({"data": {"status": "alive"}}))
            elif getattr(settings, "SECURE_SSL_REDIRECT", False) and not request.is_secure:
                await answer.whole(301, headers={"location": request.secure_address})
            else:
                await self._route(request, answer)
        except Exception as error:
            if isinstance(error, TimeoutError) and answer.begun:
                # The caller takes nothing any more. Granian cuts off what has not come to its end.
                return
            refusal = refusal_of(error)
            if answer.begun:
                # Too late for another answer.
                await answer.write(b"", more=False)
            else:
                await answer.refuse(refusal)

    async def _route(self, request: Request, answer: Answer) -> None:
        handler = self._handler(request.path)
        if handler is None:
            raise NotFound()
        if request.method == "OPTIONS":
            await answer.tell_methods()
        elif request.method in ("GET", "HEAD"):
            await handler(request, answer)
        else:
            error = MethodNotAllowed()
            body = to_json({"error": {"code": error.code, "message": error.message}})
            await answer.whole(error.status, body, {"allow": ALLOWED})

    def _handler(self, path: str) -> Handler | None:
        if OF_TENANT.fullmatch(path):
            return self._serving.of_tenant
        if found := OF_JOB.fullmatch(path):
            of_job = self._serving.wait if found["what"] == "wait" else self._serving.of_job
            return partial(of_job, job_id=found["job_id"])
        return None

    async def _ask(self, function: Callable[..., Found], /, *arguments: Any, **named: Any) -> Found:
        """Call what asks the database in one of the callers' threads."""
        return await _ask_in(self._threads, partial(function, *arguments, **named))

    async def _look(self, places: Iterable[Place]) -> dict[Place, News]:
        return await _ask_in(self._own_threads, partial(hubs.look, places))

    async def _still_allowed(self, pairs: Iterable[Pair]) -> set[Pair]:
        return await _ask_in(self._own_threads, partial(auth.still_allowed, pairs))


OF_TENANT = re.compile(r"/api/ai-jobs/events/?")
OF_JOB = re.compile(r"/api/ai-jobs/(?P<job_id>[^/]+)/(?P<what>events|wait)/?")


async def _ask_in(threads: ThreadPoolExecutor, call: Callable[[], Found]) -> Found:
    return await asyncio.get_running_loop().run_in_executor(threads, partial(_asked, call))


def _asked(call: Callable[[], Found]) -> Found:
    try:
        return call()
    except CONNECTION_ERRORS:
        # The idle ones are as good as lost, too.
        cast("DatabaseWrapper", connection).drop_idle()
        raise


async def _cancel_when_gone(receive: Receive, task: "asyncio.Task[None]") -> None:
    """No answer is made for a caller that has hung up."""
    while (await receive())["type"] != "http.disconnect":
        continue
    task.cancel()


def _also_at(number: signal.Signals, call: Callable[[], object]) -> None:
    """Call it at a signal that the server's event loop takes as well.

    The loop learns of signals from a pipe that Python writes into before it calls what is installed here.
    """
    before = signal.getsignal(number)

    def handle(received: int, frame: FrameType | None) -> None:
        with suppress(RuntimeError):
            # The loop is closed: the process ends.
            call()
        if callable(before):
            before(received, frame)

    signal.signal(number, handle)
