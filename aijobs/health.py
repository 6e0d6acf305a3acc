"""Whether the parts that serving needs are there: the database, the broker, the migrations; and the promises kept.

Reasons name no host and no user, because everybody may ask; the log has the whole error.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from secrets import token_hex
from typing import LiteralString

import psycopg
import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor

from aijobs.engine import selfcheck, transactions
from aijobs.engine.selfcheck import Finding
from aijobs.postgresql.connection import Connection

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 2
# How long an answer of the self-check is repeated: anybody may ask for it, and it is not free.
SELFCHECK_CACHE_SECONDS = 2.0
# How long a write that arrived stands for those that would.
WRITE_CACHE_SECONDS = 5.0
# A self-check that hangs this long has lost its server, and its place.
SELFCHECK_LOST_SECONDS = 30.0
# A server that hangs (a stopped process, a pooler without its database) hangs one of these, never a request.
_executor = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readyz")


class MigrationsMissing(Exception):
    """The database is older than the code."""


class NotPermitted(Exception):
    """The service's role may not write what a dispatch writes."""


def run_checks() -> dict[str, str]:
    """What each part answers: "ok", or "down: " and a short reason. Takes at most twice LIMIT_SECONDS."""
    checks = _outcomes({"database": write_check.require, "broker": _ping_broker})
    if checks["database"] != "ok":
        return {**checks, "migrations": "unknown: the database is down"}
    return {**checks, **_outcomes({"migrations": _require_migrations})}


def broker_answers() -> bool:
    """Takes at most LIMIT_SECONDS."""
    return _outcomes({"broker": _ping_broker})["broker"] == "ok"


def _outcomes(checks: dict[str, Callable[[], None]]) -> dict[str, str]:
    """Run the checks beside each other and wait for all of them, but not for long."""
    running = {name: _executor.submit(check) for name, check in checks.items()}
    wait(running.values(), timeout=LIMIT_SECONDS)
    return {name: _outcome(name, future) for name, future in running.items()}


def _outcome(name: str, future: Future[None]) -> str:
    try:
        future.result(timeout=0)
    except Exception as error:
        # One that has not begun yet is not wanted any more.
        future.cancel()
        logger.warning("%s is down: %r", name, error)
        return f"down: {_reason(error)}"
    return "ok"


def _reason(error: Exception) -> str:
    match error:
        case MigrationsMissing() | NotPermitted():
            return str(error)
        case psycopg.errors.ReadOnlySqlTransaction():
            return "takes no writes"
        case psycopg.errors.DiskFull() | psycopg.errors.ConfigurationLimitExceeded():
            return "no room left on its disk"
        case psycopg.errors.LockNotAvailable() | psycopg.errors.QueryCanceled():
            return "no answer"
        case TimeoutError() | psycopg.errors.ConnectionTimeout() | redis.exceptions.TimeoutError():
            return "no answer"
        case OSError() | psycopg.OperationalError() | redis.exceptions.RedisError():
            return "cannot connect"
    return type(error).__name__


# What a dispatch writes to.
WRITTEN = ["aijobs_job", "aijobs_jobevent", "aijobs_batch", "aijobs_idempotencykey", "aijobs_tenantcapacity"]
MAY_WRITE: LiteralString = """
SELECT coalesce(bool_and(has_table_privilege(written, 'INSERT')), false)
   AND has_table_privilege('aijobs_tenantcapacity', 'UPDATE')
FROM unnest(%s::regclass[]) AS written
"""
# A megabyte of rows with 64 kB of memory goes through a file beside the tables: fails where their disk is full, also
# where a small row would still find a gap. Leaves nothing behind.
HAS_ROOM: LiteralString = "SELECT count(*) FROM generate_series(1, 50000)"
# Gone with the same commit, before anybody could see it; so nobody asks for its tenant.
INSERT: LiteralString = """
INSERT INTO aijobs_idempotencykey (tenant_id, key, fingerprint, answer, created_at) VALUES (0, %s, '', '', now())
"""
DELETE: LiteralString = "DELETE FROM aijobs_idempotencykey WHERE tenant_id = 0 AND key = %s"


class WriteCheck:
    """Whether a dispatch could commit. Tried by one caller at a time, at most every few seconds: anybody may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._good_until = 0.0

    def require(self) -> None:
        """Raises psycopg's errors, and NotPermitted; TimeoutError where another caller has been trying for long."""
        if not self._lock.acquire(timeout=LIMIT_SECONDS):
            raise TimeoutError
        try:
            if time.monotonic() < self._good_until:
                # Written a moment ago: now it only has to be there.
                _on_own_connection(lambda own: None)
            else:
                _on_own_connection(_write)
                self._good_until = time.monotonic() + WRITE_CACHE_SECONDS
        finally:
            self._lock.release()

    def forget(self) -> None:
        """Write again at the next call."""
        self._good_until = 0.0


write_check = WriteCheck()


def _on_own_connection(use: Callable[[psycopg.Connection], None]) -> None:
    """The pool would report a refused connection only after seconds of waiting."""
    parameters = connection.get_connection_params() | {"connect_timeout": LIMIT_SECONDS}
    with Connection.connect(**parameters) as own:
        try:
            use(own)
        except psycopg.errors.UndefinedTable:
            # There, and older than the code: the check of the migrations says so.
            own.rollback()


def _write(own: psycopg.Connection) -> None:
    with own.transaction():
        limit = f"{LIMIT_SECONDS}s"
        own.execute("SELECT set_config('statement_timeout', %s, true), set_config('work_mem', '64kB', true)", [limit])
        found = own.execute(MAY_WRITE, [WRITTEN]).fetchone()
        if found != (True,):
            raise NotPermitted("its role may not write to the tables of jobs")
        own.execute(HAS_ROOM)
        key = f"readyz-{token_hex(8)}"
        own.execute(INSERT, [key])
        own.execute(DELETE, [key])


def _ping_broker() -> None:
    with redis.Redis.from_url(settings.BROKER_URL, socket_connect_timeout=1, socket_timeout=1) as client:
        client.ping()


@cache
def _require_migrations() -> None:
    """Raises MigrationsMissing. A success is remembered: nothing takes a migration back under a running process."""
    try:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
    finally:
        # This thread's connection goes back to the pool.
        connection.close()
    if missing:
        raise MigrationsMissing(f"{len(missing)} not applied; run manage.py migrate")


def warnings() -> list[str]:
    """What slows the service down, though it serves. Takes at most LIMIT_SECONDS."""
    try:
        return _executor.submit(_warnings).result(timeout=LIMIT_SECONDS)
    except Exception as error:
        logger.warning("whether old transactions are open is unknown: %r", error)
        return []


def _warnings() -> list[str]:
    try:
        return transactions.warnings(with_names=False)
    finally:
        # This thread's connection goes back to the pool.
        connection.close()


class DeepCheck:
    """The self-check, one run at a time, whose answer serves everybody who asks while it runs and shortly after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: Future[list[str]] | None = None
        self._began_at = 0.0

    def lines(self) -> list[str]:
        """One line for each broken rule; none where all is well. Takes at most LIMIT_SECONDS."""
        try:
            return self.start().result(timeout=LIMIT_SECONDS)
        except Exception as error:
            logger.warning("the self-check gave no answer: %r", error)
            return ["no answer"]

    def forget(self) -> None:
        """Run again at the next call."""
        self._latest = None

    def start(self) -> "Future[list[str]]":
        """The run that answers who asks now: a new one, unless one is going on or has just ended."""
        with self._lock:
            if self._latest is None or self._is_over(self._latest):
                self._latest = _executor.submit(_broken_rules)
                self._began_at = time.monotonic()
            return self._latest

    def _is_over(self, run: "Future[list[str]]") -> bool:
        age = time.monotonic() - self._began_at
        return age >= (SELFCHECK_CACHE_SECONDS if run.done() else SELFCHECK_LOST_SECONDS)


deep_check = DeepCheck()


def _broken_rules() -> list[str]:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(LIMIT_SECONDS * 1000)])
            findings = selfcheck.findings()
    finally:
        # This thread's connection goes back to the pool.
        connection.close()
    for finding in findings:
        logger.warning("self-check: %s", "; ".join(violation.line for violation in finding.violations))
    return [_summary(finding) for finding in findings]


def _summary(finding: Finding) -> str:
    """For everybody: no job, no tenant, no worker. `manage.py selfcheck` has the rest."""
    return f"{finding.rule}: {finding.total} violation{'' if finding.total == 1 else 's'}"


def forget() -> None:
    """Look at everything again: also at what a process remembers for good."""
    _require_migrations.cache_clear()
    write_check.forget()
    deep_check.forget()
