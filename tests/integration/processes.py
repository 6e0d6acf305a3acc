"""Real processes for integration tests: the API, workers and beat, on the test database and the tests' broker."""

import itertools
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import redis
from django.conf import settings
from django.db import connection

from aijobs.states import CONTROL_QUEUE
from config.local import processes
from config.local.folder import EmbeddedServerError
from config.local.stack import EVENTS_SERVER, GRANIAN, HOST, SETTLER_QUEUE, WEBHOOKS_QUEUE, WORKER_QUEUES, free_port

POLL_SECONDS = 0.05
# Of logs, each of which has one process.
_numbers = itertools.count()
# On a machine whose cores are all busy, too.
READY_SECONDS = 120.0
# Workers give back what they run after this long; then they clean up in their own time.
SHUTDOWN_SECONDS = 2
STOP_SECONDS = 60.0
SHOWN_LINES = 100
CELERY = [sys.executable, "-m", "config.celery_command"]
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


def wait_until(true: Callable[[], object], what: str | Callable[[], str], seconds: float = 90.0) -> None:
    """Return as soon as `true()` is; fails the test, naming what was awaited, when it takes too long."""
    until = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < until, f"not within {seconds:g} s: {what if isinstance(what, str) else what()}"
        time.sleep(POLL_SECONDS)


def unused_port() -> int:
    """One that stays unused until it is served on: below those that the kernel gives to whoever asks for any."""
    while True:
        # Not by `random`, which is seeded alike in all processes of the suite.
        with suppress(EmbeddedServerError):
            return free_port(20_000 + secrets.randbelow(12_000))


def zone() -> dict[str, str]:
    """The zone in which processes start, where tests/test_clock.py names one: Django has made ours UTC."""
    return {"TZ": os.environ["AIJOBS_TEST_TZ"]} if "AIJOBS_TEST_TZ" in os.environ else {}


def empty_broker() -> None:
    with redis.Redis.from_url(settings.BROKER_URL) as client:
        client.flushdb()


def database_url() -> str:
    """The test database's, for other processes: DATABASE_URL with the name that Django gave it."""
    address, question_mark, options = settings.DATABASE_URL.partition("?")
    return f"{address.rpartition('/')[0]}/{connection.settings_dict['NAME']}{question_mark}{options}"


@dataclass
class Running:
    """A process in a group of its own, and its log."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    # The words with which it says that it serves.
    ready: str = ""

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def tail(self) -> str:
        return "\n".join(self.output().splitlines()[-SHOWN_LINES:])

    def wait_ready(self) -> None:
        self.wait_for_line(self.ready)

    def wait_for_line(self, text: str) -> None:
        wait_until(lambda: self._has_said(text), f"{text!r} of {self.name}", READY_SECONDS)
        assert text in self.output(), f"{self.name} has ended:\n{self.tail()}"

    def _has_said(self, text: str) -> bool:
        """Or will not any more."""
        return text in self.output() or self.process.poll() is not None

    def stop(self) -> None:
        """As an operator does: SIGTERM, later SIGKILL to what is left of the group."""
        processes.stop(self.process, signal.SIGTERM, STOP_SECONDS)

    def kill(self) -> None:
        """As a machine that fails does: SIGKILL to the process and all its children at once."""
        processes.kill_group(self.process)


@dataclass
class Api(Running):
    base_url: str = ""
    probe: str = "/readyz"

    def wait_ready(self) -> None:
        wait_until(lambda: self.answers(self.probe), f"the API's {self.probe}", READY_SECONDS)

    def answers(self, path: str) -> bool:
        assert self.process.poll() is None, f"the API has ended:\n{self.tail()}"
        try:
            return httpx.get(self.base_url + path, timeout=30).status_code == 200
        except httpx.TransportError:
            return False


@dataclass
class Processes:
    """Starts processes, and ends all of them. Each is ready when its method returns, if it is to wait.

    `environment`: of all of them, for those that have a database or a broker of their own.
    """

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    running: list[Running] = field(default_factory=list)

    def api(self, *, port: int | None = None, wait: bool = True, **environment: str) -> Api:
        return self._api(environment, "/readyz", wait, port)

    def events(self, *, port: int | None = None, wait: bool = True, **environment: str) -> Api:
        """The process of streams and waits."""
        port = port or unused_port()
        command = [*EVENTS_SERVER, "--host", HOST, "--port", str(port), "config.asgi:application"]
        started = self._spawn("events", command, environment)
        address = f"http://{HOST}:{port}"
        events = Api(started.name, started.process, started.log, base_url=address, probe="/healthz")
        self.running[-1] = events
        if wait:
            events.wait_ready()
        return events

    def _api(self, environment: Mapping[str, str], probe: str, wait: bool = True, port: int | None = None) -> Api:
        port = port or unused_port()
        command = [*GRANIAN, "--host", HOST, "--port", str(port), "config.rsgi:application"]
        started = self._spawn("api", command, environment)
        api = Api(started.name, started.process, started.log, base_url=f"http://{HOST}:{port}", probe=probe)
        self.running[-1] = api
        if wait:
            api.wait_ready()
        return api

    def api_without_broker(self) -> Api:
        """An API whose broker refuses connections. It is alive, and not ready."""
        return self._api({"BROKER_URL": f"unix://{self.folder}/nobody.sock"}, "/healthz")

    def worker(self, concurrency: int = 2, *, wait: bool = True, **environment: str) -> Running:
        """A worker of all lanes. Settings of the README's table are keywords: AIJOBS_LEASE_SECONDS="2"."""
        pool = ["--pool", "prefork", "--concurrency", str(concurrency), "--queues", WORKER_QUEUES]
        return self._celery("worker", ["worker", *QUIET, *pool], " ready.", environment, wait)

    def settler(self, *, wait: bool = True, **environment: str) -> Running:
        """The worker of changes that go over the network."""
        options = ["--pool", "prefork", "--concurrency", "1", "--queues", SETTLER_QUEUE]
        return self._celery("settler", ["worker", *QUIET, *options], " ready.", environment, wait)

    def webhooks(self, *, wait: bool = True, **environment: str) -> Running:
        """The worker that sends events to tenants' endpoints."""
        options = ["--pool", "prefork", "--concurrency", "1", "--queues", WEBHOOKS_QUEUE]
        return self._celery("webhooks", ["worker", *QUIET, *options], " ready.", environment, wait)

    def control(self, *, wait: bool = True, **environment: str) -> Running:
        """The worker of beat's tasks."""
        options = ["--pool", "solo", "--queues", CONTROL_QUEUE]
        return self._celery("control", ["worker", *QUIET, *options], " ready.", environment, wait)

    def beat(self, *, wait: bool = True, **environment: str) -> Running:
        return self._celery("beat", ["beat", "--pidfile", ""], "is starting.", environment, wait)

    def other(self, name: str, command: list[str], ready: str) -> Running:
        """Any other process, with the settings of all."""
        started = self._spawn(name, command, {})
        started.ready = ready
        started.wait_ready()
        return started

    def _celery(
        self, name: str, arguments: list[str], ready: str, environment: Mapping[str, str], wait: bool
    ) -> Running:
        node = ["--hostname", f"{name}{len(self.running)}@%h"] if arguments[0] == "worker" else []
        started = self._spawn(name, [*CELERY, *arguments, *node], environment)
        started.ready = ready
        if wait:
            started.wait_ready()
        return started

    def _spawn(self, name: str, command: list[str], environment: Mapping[str, str]) -> Running:
        log = self.folder / f"{name}-{next(_numbers)}.log"
        inherited = {
            **os.environ,
            **zone(),
            "DATABASE_URL": database_url(),
            "REDIS_URL": settings.REDIS_URL,
            "BROKER_URL": settings.BROKER_URL,
            "AIJOBS_SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS),
            "REMAP_SIGTERM": "SIGQUIT",
            "PYTHONUNBUFFERED": "1",
            **self.environment,
            **environment,
        }
        process = processes.spawn(command, log, environment=inherited, folder=settings.BASE_DIR)
        self.running.append(Running(name, process, log))
        return self.running[-1]

    def end(self) -> None:
        """Nothing is worth a tidy end: what depends on one has stopped its process itself."""
        while self.running:
            self.running.pop().kill()
