"""`/healthz` says that the process lives; `/readyz` says whether it can serve, and if not, what is down.

Both are open to anyone, so a reason names no host and no user; the log has the whole error.
"""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache
from typing import cast

import psycopg
import redis
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aijobs.api.wire.envelope import data_response
from aijobs.engine import selfcheck
from aijobs.engine.selfcheck import Finding
from aijobs.errors import ApiError, InvalidFilter

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 2
RETRY_AFTER_SECONDS = 2
# How long an answer of the self-check is repeated: anybody may ask for it, and it is not free.
SELFCHECK_CACHE_SECONDS = 2.0
# A self-check that hangs this long has lost its server, and its place.
SELFCHECK_LOST_SECONDS = 30.0
# A server that hangs (a stopped process, a pooler without its database) hangs one of these, never a request.
_executor = ThreadPoolExecutor(max_workers=8, thread_name_prefix="readyz")


class NotReady(ApiError):
    code, status, default_message = "NOT_READY", 503, "The service cannot serve yet; see details."


class MigrationsMissing(Exception):
    """The database is older than the code."""


def _object(**properties: object) -> dict[str, object]:
    """The OpenAPI schema of an object that always has all these properties."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def _constant(value: str) -> dict[str, object]:
    return {"type": "string", "enum": [value]}


def _checks(selfcheck: dict[str, object]) -> dict[str, object]:
    """The schema of the checks, and of what the self-check adds to them where it was asked for."""
    ordinary = _object(database=_TEXT, broker=_TEXT, migrations=_TEXT)
    return {**ordinary, "properties": {**cast("dict[str, object]", ordinary["properties"]), "selfcheck": selfcheck}}


_TEXT: dict[str, object] = {"type": "string"}
_LINES: dict[str, object] = {"type": "array", "items": _TEXT, "description": "One line for each rule that is broken."}
_ALIVE = _object(data=_object(status=_constant("alive")))
_READY = _object(data=_object(status=_constant("ready"), checks=_checks(_constant("ok"))))
_NOT_READY = _object(error=_object(code=_constant(NotReady.code), message=_TEXT, details=_checks(_LINES)))
_INVALID = _object(error=_object(code=_constant(InvalidFilter.code), message=_TEXT, details={"type": "array"}))
_DEEP = OpenApiParameter(
    "deep",
    {"type": "string", "enum": ["0", "1"], "default": "0"},
    description="1: also check that the engine keeps its promises, as `manage.py selfcheck` does. The answer may be "
    "two seconds old.",
)


class HealthView(APIView):
    """Alive: answers without the database and without the broker."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="healthz",
        summary="Whether the process lives",
        tags=["Health"],
        auth=[],
        responses={200: OpenApiResponse(_ALIVE, "The process lives.")},
    )
    def get(self, request: Request) -> Response:
        return data_response({"status": "alive"})


class ReadyView(APIView):
    """Ready: the database and the broker answer, and every migration is applied. `?deep=1`: no promise is broken."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="readyz",
        summary="Whether database, broker and migrations are ready",
        tags=["Health"],
        auth=[],
        parameters=[_DEEP],
        responses={
            200: OpenApiResponse(_READY, "Everything answers."),
            422: OpenApiResponse(_INVALID, "INVALID_FILTER: `deep` is neither 0 nor 1."),
            503: OpenApiResponse(_NOT_READY, "Something is down or wrong; `details` says what."),
        },
    )
    def get(self, request: Request) -> Response:
        deep = _wants_deep(request)
        checks = run_checks()
        if any(outcome != "ok" for outcome in checks.values()):
            raise NotReady(details=checks, retry_after=RETRY_AFTER_SECONDS)
        if deep:
            lines = _selfcheck.lines()
            if lines:
                raise NotReady(details={**checks, "selfcheck": lines}, retry_after=RETRY_AFTER_SECONDS)
            checks = {**checks, "selfcheck": "ok"}
        return data_response({"status": "ready", "checks": checks})


def _wants_deep(request: Request) -> bool:
    """Raises InvalidFilter. Other parameters do not matter: some probes add their own."""
    values = request.query_params.getlist("deep") or ["0"]
    if values not in (["0"], ["1"]):
        raise InvalidFilter(details=[{"path": "deep", "message": "must be 0 or 1, once"}])
    return values == ["1"]


def run_checks() -> dict[str, str]:
    """What each part answers: "ok", or "down: " and a short reason. Takes at most twice LIMIT_SECONDS."""
    checks = _outcomes({"database": _ping_database, "broker": _ping_broker})
    if checks["database"] != "ok":
        return {**checks, "migrations": "unknown: the database is down"}
    return {**checks, **_outcomes({"migrations": _require_migrations})}


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
        case MigrationsMissing():
            return str(error)
        case TimeoutError() | psycopg.errors.ConnectionTimeout() | redis.exceptions.TimeoutError():
            return "no answer"
        case OSError() | psycopg.OperationalError() | redis.exceptions.RedisError():
            return "cannot connect"
    return type(error).__name__


def _ping_database() -> None:
    """On a connection of its own: the pool would report a refused connection only after seconds of waiting."""
    parameters = connection.get_connection_params() | {"connect_timeout": LIMIT_SECONDS}
    with psycopg.connect(**parameters) as own:
        own.execute("SELECT 1")


def _ping_broker() -> None:
    with redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=1, socket_timeout=1) as client:
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


class _SelfCheck:
    """One run at a time, whose answer serves everybody who asks while it runs and shortly after."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: Future[list[str]] | None = None
        self._began_at = 0.0

    def lines(self) -> list[str]:
        """One line for each broken rule; none where all is well. Takes at most LIMIT_SECONDS."""
        try:
            return self._run().result(timeout=LIMIT_SECONDS)
        except Exception as error:
            logger.warning("the self-check gave no answer: %r", error)
            return ["no answer"]

    def forget(self) -> None:
        """Run anew at the next call."""
        self._latest = None

    def _run(self) -> "Future[list[str]]":
        with self._lock:
            if self._latest is None or self._is_over(self._latest):
                self._latest = _executor.submit(_broken_rules)
                self._began_at = time.monotonic()
            return self._latest

    def _is_over(self, run: "Future[list[str]]") -> bool:
        age = time.monotonic() - self._began_at
        return age >= (SELFCHECK_CACHE_SECONDS if run.done() else SELFCHECK_LOST_SECONDS)


_selfcheck = _SelfCheck()


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
    """For everybody: no tenant, no worker. `manage.py selfcheck` has the rest."""
    job = finding.violations[0].job
    count = "1 violation" if finding.total == 1 else f"{finding.total} violations"
    return f"{finding.rule}: {count}" + (f", the first of {job}" if job else "")
