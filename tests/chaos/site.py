"""A whole service of its own to be hurt: servers, API, control worker, beat and workers, as processes."""

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil
import psycopg
import redis
from django.conf import settings

from aijobs import auth
from config.local import embedded, processes
from config.local.servers import PostgreSQL, Server, Valkey
from tests.chaos import history
from tests.chaos.history import Run
from tests.factories import ALL_SCOPES
from tests.integration.processes import Api, Processes, Running, wait_until
from tests.jobs import RUNS_FILE

# Renewed three times as often, which must not fail on a machine whose cores are all busy.
LEASE_SECONDS = 2
# Beat sweeps every second, and what a sweep takes back runs at once: two seconds where nothing else is to be done.
RECOVERY_SECONDS = LEASE_SECONDS + 20
WORKERS = 2
POOL_PROCESSES = 2
OPEN_JOBS = "SELECT count(*) FROM aijobs_job WHERE status IN ('queued', 'running')"
EMPTY = """
TRUNCATE aijobs_schedule, aijobs_job, aijobs_jobevent, aijobs_batch, aijobs_idempotencykey, changes_change CASCADE
"""
NEW_TENANT = "INSERT INTO aijobs_tenant (name, timezone, created_at) VALUES (%s, 'UTC', now()) RETURNING id"
NEW_KEY = """
WITH key AS (
    INSERT INTO aijobs_apikey (label, prefix, key_hash, scopes, created_at) VALUES ('', %s, %s, %s, now())
    RETURNING id
)
INSERT INTO aijobs_apikey_tenants (apikey_id, tenant_id) SELECT id, %s FROM key RETURNING tenant_id
"""


@dataclass(frozen=True, slots=True)
class Shop:
    """A tenant with a key."""

    id: int
    name: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}", "X-Tenant-ID": self.name}


@dataclass
class Site:
    """Lives as long as the session. A case hurts what it likes; `heal` replaces what is gone for the next one."""

    folder: Path
    postgresql: PostgreSQL = field(init=False)
    valkey: Valkey = field(init=False)
    processes: Processes = field(init=False)
    api: Api = field(init=False)
    control: Running = field(init=False)
    beat: Running = field(init=False)
    pool: list[Running] = field(default_factory=list)
    # Those that were to end: in all cases, and in the present one.
    retired: list[Running] = field(default_factory=list)
    ended: list[Running] = field(default_factory=list)
    _asked: psycopg.Connection | None = None

    def __post_init__(self) -> None:
        self.postgresql = PostgreSQL(self.folder, settings={"fsync": "off", "max_connections": "200"})
        self.valkey = Valkey(self.folder)
        environment = {
            "DATABASE_URL": embedded.database_url(self.folder),
            "REDIS_URL": embedded.redis_url(self.folder),
            "BROKER_URL": embedded.redis_url(self.folder),
            "AIJOBS_LEASE_SECONDS": str(LEASE_SECONDS),
            RUNS_FILE: str(self.folder / "runs"),
        }
        self.processes = Processes(self.folder / "logs", environment)

    def start(self) -> None:
        """Servers, an empty migrated database, and every process, side by side."""
        for server in (self.postgresql, self.valkey):
            server.start()
        for server in (self.postgresql, self.valkey):
            server.wait_ready()
        self.postgresql.create_database()
        _migrate(self.processes.environment, self.folder / "logs" / "migrate.log")
        self.api = self.processes.api(wait=False)
        self.control = self.processes.control(wait=False)
        self.beat = self.processes.beat(wait=False)
        self.heal()
        for each in self.processes.running:
            each.wait_ready()

    def stop(self) -> None:
        """Nothing is worth a tidy end."""
        for each in self.serving():
            each.kill()
        if self._asked is not None:
            self._asked.close()
        for server in (self.valkey, self.postgresql):
            server.stop()

    # --- Processes ---

    def heal(self) -> None:
        """As many workers as there should be; those in the place of dead ones serve when they have started."""
        self.ended.clear()
        for worker in list(self.pool):
            if worker.process.poll() is not None:
                self.retire(worker)
        while len(self.pool) < WORKERS:
            self.pool.append(self.processes.worker(POOL_PROCESSES, wait=False))

    def wait_for_workers(self) -> None:
        for worker in self.pool:
            worker.wait_ready()

    def retire(self, running: Running) -> None:
        """Its end is meant: it is no longer asked how it does."""
        self.retired.append(running)
        self.ended.append(running)
        if running in self.pool:
            self.pool.remove(running)

    def kill(self, running: Running) -> None:
        self.retire(running)
        running.kill()

    def serving(self) -> list[Running]:
        return [each for each in self.processes.running if each not in self.retired]

    def dead(self) -> list[str]:
        """Processes that have ended, and should not have."""
        return [each.log.stem for each in self.serving() if each.process.poll() is not None]

    def worker_of(self, run: Run) -> Running:
        parent = psutil.Process(run.pid).ppid()
        [worker] = [worker for worker in self.pool if worker.process.pid == parent]
        return worker

    @contextmanager
    def down(self, server: Server, with_signal: signal.Signals) -> Iterator[None]:
        """End a server as a failure does; in the end it starts again on what is left of it."""
        assert server.process is not None
        server.process.send_signal(with_signal)
        server.process.wait(60)
        processes.kill_group(server.process)
        try:
            yield
        finally:
            server.start()
            server.wait_ready()

    # --- What is there ---

    def connect(self) -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.postgresql.sockets), user="postgres", dbname="aijobs", autocommit=True, connect_timeout=60
        )

    def ask(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """By a connection that is kept: whoever waits asks twenty times a second, and each would be a process."""
        if self._asked is None or self._asked.closed:
            self._asked = self.connect()
        try:
            return self._asked.execute(statement.encode(), parameters or None).fetchall()
        except psycopg.OperationalError:
            if not self._asked.closed:
                raise
            # Its server has been killed since then.
            return self.ask(statement, *parameters)

    def broker(self) -> redis.Redis:
        return redis.Redis.from_url(embedded.redis_url(self.folder))

    def runs(self) -> list[Run]:
        return history.read_runs(self.folder / "runs")

    def wait_for_run(self, *job_ids: UUID, seconds: float = 90.0) -> list[Run]:
        """The runs of these jobs that are going on, once all of them are."""
        at_work: dict[UUID, Run] = {}

        def all_run() -> bool:
            at_work.clear()
            at_work.update((run.job_id, run) for run in self.runs() if run.job_id in job_ids and run.ended is None)
            return len(at_work) == len(job_ids)

        wait_until(all_run, f"runs of {job_ids} at once", seconds)
        return [at_work[job_id] for job_id in job_ids]

    def wait_for_event(self, job_id: UUID, kind: str, attempt: int, seconds: float = 90.0) -> datetime:
        """When that happened to a job, once it has."""
        statement = "SELECT at FROM aijobs_jobevent WHERE job_id = %s AND kind = %s AND attempt = %s"
        parameters = (job_id, kind, attempt)
        wait_until(lambda: self.ask(statement, *parameters), f"{kind} of attempt {attempt} of {job_id}", seconds)
        moment: datetime = self.ask(statement, *parameters)[0][0]
        return moment

    def wait_for_the_end(self, seconds: float = 120.0) -> None:
        """Every job is over."""
        wait_until(lambda: self.ask(OPEN_JOBS) == [(0,)], "the end of all jobs", seconds)

    def wait_for_completed(self, count: int, seconds: float = 120.0) -> None:
        """So much of the load has been done: now is the time for a fault."""
        statement = "SELECT count(*) FROM aijobs_job WHERE status = 'completed'"
        wait_until(lambda: self.ask(statement)[0][0] >= count, f"{count} completed jobs", seconds)

    def empty(self) -> None:
        """No job is left of an earlier case, also not of one that failed."""
        with self.connect() as database, self.broker() as broker:
            database.execute(EMPTY)
            broker.flushall()
        (self.folder / "runs").unlink(missing_ok=True)

    def new_shop(self, name: str) -> Shop:
        secret = auth.new_secret()
        [(tenant,)] = self.ask(NEW_TENANT, name)
        self.ask(NEW_KEY, secret[:12], auth.digest(secret), list(ALL_SCOPES), tenant)
        return Shop(tenant, name, secret)

    def prices(self, shops: list[Shop]) -> dict[int, Decimal]:
        """Of their products, by the product's id."""
        with self.connect() as database:
            return dict(database.execute(history.PRICES, {"tenants": [shop.id for shop in shops]}).fetchall())


def _migrate(environment: dict[str, str], log: Path) -> None:
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            cwd=settings.BASE_DIR,
            env={**os.environ, **environment},
            stdout=output,
            stderr=output,
            check=True,
            timeout=300,
        )


def new_folder() -> Path:
    """Short: a socket's path has at most 107 bytes."""
    return Path(tempfile.mkdtemp(prefix="aijobs-chaos-"))
