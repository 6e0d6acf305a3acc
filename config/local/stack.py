"""What `up` runs: the embedded servers, the API, the workers and beat, as children of one process."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
from django.conf import settings

from config.local import processes
from config.local.folder import EmbeddedServerError
from config.local.servers import PostgreSQL, Server, Valkey
from config.local.supervisor import Announce, Child, Supervisor

HOST = "127.0.0.1"
# Workers hand back what still runs after this long, see CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT.
SHUTDOWN_SECONDS = 4
# On a slow machine whose cores are all busy, too.
READY_SECONDS = 180.0
POLL_SECONDS = 0.1
# HTTP/1.1 alone, as proxies speak it: where a connection may turn out to be HTTP/2, granian waits for its first byte
# for ever. A connection that says nothing is one of so many (`backpressure`) until it is closed after 30 seconds.
_GRANIAN = [sys.executable, "-m", "granian"]
_OPTIONS = [
    *("--loop", "uvloop"),
    *("--http", "1", "--no-ws"),
    *("--backlog", "4096", "--backpressure", "8192"),
]
# Requests have so long to be answered when it is to stop. A file whose caller takes it slowly is cut off.
GRANIAN = [*_GRANIAN, "--interface", "rsgi", *_OPTIONS, "--workers-kill-timeout", "8"]
# Streams and waits. They end by themselves when it is to stop, but for those whose callers take nothing any more.
EVENTS_SERVER = [*_GRANIAN, "--interface", "asgi", *_OPTIONS, "--workers-kill-timeout", "5"]
# In strict order, as they are named.
WORKER_QUEUES = "ai-jobs.high,ai-jobs.normal,ai-jobs.low"
SETTLER_QUEUE = "ai-jobs.changes"
WEBHOOKS_QUEUE = "ai-jobs.webhooks"
# Of the processes that run jobs and tell what has happened: where processors are short, requests go first. Beside 200
# streams, 200 waits and 50 webhooks the slowest hundredth of dispatches took half as long with 10 as with 5.
BACKGROUND_NICENESS = 10
# Marketplaces that are written to at once; each is one that waits most of the time.
SETTLERS = 2


def free_port(port: int) -> int:
    """The port itself, or any free one for 0. Raises EmbeddedServerError for a busy one."""
    with socket.socket() as probe:
        # As the server will: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise EmbeddedServerError(
                f"Port {port} cannot be used ({error.strerror}). Choose another with --port; "
                "`manage.py doctor` says who uses it."
            ) from None
        found: int = probe.getsockname()[1]
        return found


def _next_free_port(port: int) -> int:
    """The one behind it, or else any free one."""
    try:
        return free_port(port + 1)
    except (EmbeddedServerError, OverflowError):
        return free_port(0)


def _answers(client: httpx.Client, address: str) -> bool:
    try:
        return client.get(address).status_code == 200
    except httpx.TransportError:
        return False


class Stack:
    """All the processes of the service on this machine."""

    def __init__(self, data_dir: Path, port: int, workers: int, announce: Announce) -> None:
        self.data_dir = data_dir
        self.port = port
        self.events_port = _next_free_port(port)
        self.workers = workers
        self.announce = announce
        self.logs = data_dir / "logs"
        self.supervisor = Supervisor(announce)
        self.base_url = f"http://{HOST}:{port}"
        self.events_url = f"http://{HOST}:{self.events_port}"

    def start_servers(self) -> None:
        """PostgreSQL and Valkey, unless DATABASE_URL and REDIS_URL name others."""
        for log in self.logs.glob("*.log"):
            processes.rotate(log)
        if not os.environ.get("DATABASE_URL"):
            postgresql = PostgreSQL(self.data_dir, self.announce)
            self._start_server(postgresql)
            postgresql.create_database()
        if not os.environ.get("REDIS_URL"):
            self._start_server(Valkey(self.data_dir, self.announce))

    def _start_server(self, server: Server) -> None:
        self.supervisor.start(
            Child(server.name, server.purpose, server.start, server.log, server.stop_signal, stops_last=True)
        )
        server.wait_ready()

    def start_service(self) -> None:
        """The API, the events process, the four workers and beat; returns when they serve."""
        celery = [sys.executable, "-m", "config.celery_command"]
        quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat"]
        api = "answers requests over HTTP"
        self._start("api", api, [*GRANIAN, "--host", HOST, "--port", str(self.port), "config.rsgi:application"])
        self._start(
            "events",
            f"streams and waits, on port {self.events_port}",
            [*EVENTS_SERVER, "--host", HOST, "--port", str(self.events_port), "config.asgi:application"],
            BACKGROUND_NICENESS,
        )
        pool = ["--pool", "prefork", "--concurrency", str(self.workers), "--queues", WORKER_QUEUES]
        self._start(
            "worker",
            f"runs jobs, {self.workers} at a time",
            [*celery, "worker", *quiet, *pool, "--hostname", "worker@%h"],
            BACKGROUND_NICENESS,
        )
        # Changes that are written over the network take their marketplaces' time, and no job's.
        pool = ["--pool", "prefork", "--concurrency", str(SETTLERS), "--queues", SETTLER_QUEUE]
        self._start(
            "settler",
            f"writes changes to shops, {SETTLERS} at a time",
            [*celery, "worker", *quiet, *pool, "--hostname", "settler@%h"],
            BACKGROUND_NICENESS,
        )
        # One process sends to many endpoints at a time, and none of them keeps another one's events.
        pool = ["--pool", "prefork", "--concurrency", "1", "--queues", WEBHOOKS_QUEUE]
        self._start(
            "webhooks",
            "sends events to tenants' endpoints",
            [*celery, "worker", *quiet, *pool, "--hostname", "webhooks@%h"],
            BACKGROUND_NICENESS,
        )
        # Sweeping never waits behind jobs that run for minutes.
        control = ["--pool", "solo", "--queues", "ai-jobs.control", "--hostname", "control@%h"]
        self._start("control", "releases jobs, takes back lost ones", [*celery, "worker", *quiet, *control])
        self._start("beat", "the clock: tells control when", [*celery, "beat", "--pidfile", ""])
        # One for all questions: each client reads the world's certificates first, which is 40 ms of computing.
        with httpx.Client(timeout=5) as client:
            self._wait("the API", lambda: _answers(client, f"{self.base_url}/readyz"))
            self._wait("the events process", lambda: _answers(client, f"{self.events_url}/healthz"))
        for name in ("worker", "settler", "webhooks", "control"):
            self._wait(f"the {name}", lambda name=name: b" ready." in (self.logs / f"{name}.log").read_bytes())  # type: ignore[misc]

    def _start(self, name: str, purpose: str, command: list[str], niceness: int = 0) -> None:
        log = self.logs / f"{name}.log"
        seconds = SHUTDOWN_SECONDS + processes.GRACE_SECONDS
        self.supervisor.start(
            Child(name, purpose, lambda: self._spawn(command, log, niceness), log, stop_seconds=seconds)
        )

    def _spawn(self, command: list[str], log: Path, niceness: int) -> subprocess.Popen[bytes]:
        environment = {
            # That is for the command `up` itself, see manage.py.
            **{name: value for name, value in os.environ.items() if name != "AIJOBS_LOCAL_KEYS"},
            "AIJOBS_DATA_DIR": str(self.data_dir),
            "AIJOBS_EVENTS_URL": self.events_url,
            # A page of the API's may follow its redirects to the events process.
            "CORS_ALLOWED_ORIGINS": ",".join([*settings.CORS_ALLOWED_ORIGINS, self.base_url]),
            "AIJOBS_SHUTDOWN_SECONDS": str(SHUTDOWN_SECONDS),
            "AIJOBS_PARENT": str(os.getpid()),
            # SIGTERM is Celery's soft shutdown: what does not finish in time is handed back.
            "REMAP_SIGTERM": "SIGQUIT",
            "PYTHONUNBUFFERED": "1",
            # Root runs everything in a container, knowingly.
            "PYTHONWARNINGS": "ignore::UserWarning:celery.platforms",
        }
        return processes.spawn(command, log, environment=environment, folder=settings.BASE_DIR, niceness=niceness)

    def _wait(self, what: str, ready: Callable[[], bool]) -> None:
        until = time.monotonic() + READY_SECONDS
        while not ready():
            self.supervisor.require_alive()
            if time.monotonic() > until:
                raise EmbeddedServerError(
                    f"{what} is not ready after {READY_SECONDS:.0f} s. See the logs in {self.logs}."
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        self.supervisor.stop()
