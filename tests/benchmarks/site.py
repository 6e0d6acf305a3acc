"""The servers and processes of one benchmark run: a PostgreSQL and a Valkey of its own, as `up` configures them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import django
import httpx
import psycopg
import redis

from aijobs import redis_urls

POLL_SECONDS = 0.02
READY_SECONDS = 60.0
STOP_SECONDS = 10.0
# As many as `up` starts. Two a core here: a run waits for PostgreSQL, as real ones wait for others.
WORKER_PROCESSES = "4"
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--pool", "prefork"]


def wait_until(
    true: Callable[[], object], what: str, seconds: float = READY_SECONDS, poll_seconds: float = POLL_SECONDS
) -> None:
    until = time.monotonic() + seconds
    while not true():
        if time.monotonic() > until:
            raise TimeoutError(f"not within {seconds:g} s: {what}")
        time.sleep(poll_seconds)


@dataclass
class Site:
    folder: Path
    environment: dict[str, str]
    database_url: str
    valkey: "redis.Redis"
    # The short form of what has one.
    short: bool = False
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @contextmanager
    def api(self, database: str = "aijobs") -> Iterator[int]:
        """Our API, and the bare Django REST framework view in the same process. Yields its port."""
        with self._http("rsgi", "config.rsgi:application", "--http", "1", "--no-ws", database=database) as port:
            yield port

    @contextmanager
    def events(self) -> Iterator[int]:
        """The process of streams and waits. Yields its port."""
        from config.local.stack import BACKGROUND_NICENESS

        options = ["--http", "1", "--no-ws"]
        with self._http("asgi", "config.asgi:application", *options, niceness=BACKGROUND_NICENESS) as port:
            yield port

    @contextmanager
    def bare_fastapi(self) -> Iterator[int]:
        with self._http("asgi", "tests.benchmarks.peers.bare_fastapi:app") as port:
            yield port

    @contextmanager
    def _http(
        self, interface: str, application: str, *options: str, database: str = "aijobs", niceness: int = 0
    ) -> Iterator[int]:
        from config.local.stack import HOST, free_port

        port = free_port(0)
        command = ["granian", "--interface", interface, "--loop", "uvloop", "--workers", "1"]
        command += ["--host", HOST, "--port", str(port)]
        with self.process([*command, *options, application], database, niceness):
            wait_until(lambda: _answers(f"http://{HOST}:{port}/healthz"), application)
            yield port

    @contextmanager
    def worker(self, processes: str = WORKER_PROCESSES) -> Iterator[subprocess.Popen[bytes]]:
        """Our worker, without a sweeper: releasing is a part of the lifecycle, sweeping is not."""
        from config.local.stack import BACKGROUND_NICENESS, WORKER_QUEUES

        pool = ["--concurrency", processes, "--queues", WORKER_QUEUES]
        command = ["config.celery_command", "worker", *QUIET, *pool]
        with self.process(command, niceness=BACKGROUND_NICENESS) as process:
            yield process

    def connect(self) -> psycopg.Connection:
        """What another client of the database has."""
        host = self.environment["PEER_POSTGRES_HOST"]
        return psycopg.connect(host=host, user="postgres", dbname="aijobs", autocommit=True)

    @contextmanager
    def webhooks(self) -> Iterator[subprocess.Popen[bytes]]:
        """The worker that sends events to endpoints."""
        from config.local.stack import BACKGROUND_NICENESS, WEBHOOKS_QUEUE

        pool = ["--concurrency", "1", "--queues", WEBHOOKS_QUEUE, "--hostname", "webhooks@%h"]
        command = ["config.celery_command", "worker", *QUIET, *pool]
        with self.process(command, niceness=BACKGROUND_NICENESS) as process:
            yield process

    @contextmanager
    def control(self) -> Iterator[None]:
        """The sweeper, and the beat that calls it."""
        sweeper = ["config.celery_command", "worker", "--pool", "solo", "--hostname", "control@%h"]
        beat = ["config.celery_command", "beat", "--pidfile", ""]
        with self.process([*sweeper, "--queues", "ai-jobs.control"]), self.process(beat):
            yield

    @contextmanager
    def process(
        self, command: list[str], database: str = "aijobs", niceness: int = 0
    ) -> Iterator[subprocess.Popen[bytes]]:
        """A Python module as a process, for as long as the context lasts."""
        from config.local import processes

        log = self.folder / "logs" / f"{command[0]}-{len(self.running)}.log"
        url = f"{self.database_url.rpartition('/')[0]}/{database}"
        environment = {**self.environment, "DATABASE_URL": url}
        process = processes.spawn([sys.executable, "-m", *command], log, environment=environment, niceness=niceness)
        self.running.append(process)
        try:
            yield process
        finally:
            processes.stop(process, signal.SIGTERM, STOP_SECONDS)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


@contextmanager
def site(short: bool = False) -> Iterator[Site]:
    """Servers in a folder of their own, which is deleted afterwards; Django set up on them, in this process too."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="aijobs-benchmark-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        for name in ("DATABASE_URL", "REDIS_URL", "BROKER_URL"):
            os.environ.pop(name, None)
        os.environ |= {"AIJOBS_DATA_DIR": str(folder), "DJANGO_SETTINGS_MODULE": "tests.benchmarks.settings"}
        os.environ["LOG_LEVEL"] = "WARNING"
        from config.local import embedded
        from config.local.servers import PostgreSQL, Valkey

        postgresql, valkey = PostgreSQL(folder), Valkey(folder)
        for server in (postgresql, valkey):
            server.start()
            stack.callback(server.stop)
            server.wait_ready()
        postgresql.create_database()
        django.setup()
        from django.core.management import call_command
        from django.db import connections

        call_command("migrate", verbosity=0, run_syncdb=True)
        stack.callback(connections.close_all)
        environment = {
            **os.environ,
            "REDIS_URL": embedded.redis_url(folder),
            "PEER_POSTGRES_HOST": str(embedded.socket_dir(folder)),
            "PEER_POSTGRES_DATABASE": "aijobs",
            "PEER_BROKER_URL": redis_urls.for_kombu(embedded.redis_url(folder)),
            # The service's processes log as `up` has them do.
            "LOG_LEVEL": "INFO",
            "PYTHONWARNINGS": "ignore",
        }
        client = stack.enter_context(redis.Redis.from_url(environment["REDIS_URL"]))
        yield Site(folder, environment, embedded.database_url(folder), client, short)


def empty(site: Site) -> None:
    """No jobs, no messages, and tables as compact as new: every round begins alike."""
    from django.db import connection

    site.valkey.flushdb()
    tables = "aijobs_job, aijobs_jobevent, aijobs_batch, aijobs_idempotencykey, aijobs_tenantcapacity, "
    tables += "aijobs_minuterollup, aijobs_hourrollup"
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {tables}, benchmarks_barejob")
        cursor.execute("CHECKPOINT")
