"""`/healthz` says that the process lives; `/readyz` says whether it can serve, and if not, what is down.

Both are open to anyone, so a reason names no host and no user; the log has the whole error.
"""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from functools import cache

import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aijobs.api.envelope import data_response
from aijobs.errors import ApiError

logger = logging.getLogger(__name__)

LIMIT_SECONDS = 2
RETRY_AFTER_SECONDS = 2
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


_TEXT = {"type": "string"}
_CHECKS = _object(database=_TEXT, broker=_TEXT, migrations=_TEXT)
_ALIVE = _object(data=_object(status=_constant("alive")))
_READY = _object(data=_object(status=_constant("ready"), checks=_CHECKS))
_NOT_READY = _object(error=_object(code=_constant(NotReady.code), message=_TEXT, details=_CHECKS))


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
    """Ready: the database and the broker answer, and every migration is applied."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(
        operation_id="readyz",
        summary="Whether database, broker and migrations are ready",
        tags=["Health"],
        auth=[],
        responses={
            200: OpenApiResponse(_READY, "Everything answers."),
            503: OpenApiResponse(_NOT_READY, "Something is down; `details` says what."),
        },
    )
    def get(self, request: Request) -> Response:
        checks = run_checks()
        if any(outcome != "ok" for outcome in checks.values()):
            raise NotReady(details=checks, retry_after=RETRY_AFTER_SECONDS)
        return data_response({"status": "ready", "checks": checks})


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
