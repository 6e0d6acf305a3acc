"""What is going on now, read in one statement: what waits, what runs, who is there, and what comes next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.timezone import now

from aijobs import health, identifiers, sql, watching
from aijobs.admin.dashboard import statements
from aijobs.states import Priority

# Four missed renewals, see workers/presence.py.
SILENT_SECONDS = 20.0
# Whose params are looked at for a marketplace.
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class Tenant:
    name: str
    active: int
    running: int
    queue_limit: int
    max_running: int | None
    suspended: bool
    # By one of these three.
    limited: bool


@dataclass(frozen=True, slots=True)
class Process:
    """A worker of any kind, or beat."""

    id: str
    name: str
    host: str
    queues: Sequence[str]
    places: int
    version: str
    started_at: datetime
    seen_at: datetime
    last_claim_at: datetime | None
    alive: bool
    holds: int
    # A few of the jobs that it holds: id and type.
    held: Sequence[tuple[UUID, str]]


@dataclass(frozen=True, slots=True)
class Live:
    now: datetime
    broker_answers: bool
    measured_at: datetime | None
    depths: Mapping[Priority, int]
    # Since when the oldest job that could run has been due, where there is one.
    oldest: Mapping[Priority, datetime]
    tenants: Sequence[Tenant]
    running: int
    processes: Sequence[Process]
    # Of the newest failures, by error code and marketplace.
    marketplaces: Mapping[str, Mapping[str, int]]
    # Whether a job was ever dispatched.
    used: bool
    watched: Sequence[tuple[watching.Watch, int]]


@dataclass(frozen=True, slots=True)
class _LiveRow:
    now: datetime
    measured: str | None
    oldest: str
    tenants: str
    running: int
    workers: str
    marketplaces: str
    used: bool
    watched: str


def read() -> Live:
    """Also asks the broker whether it is there."""
    parameters = {
        "queue_limit": settings.AIJOBS_TENANT_QUEUE_LIMIT,
        "silent": SILENT_SECONDS,
        "failed": LOOKED_AT,
        "failed_from": identifiers.first_id_at(now() - timedelta(days=1)),
    }
    watches = watching.known()
    row = sql.rows(_LiveRow, statements.live([(each.name, each.count) for each in watches]), parameters)[0]
    measured = orjson.loads(row.measured or "{}")
    counts = orjson.loads(row.watched)
    return Live(
        now=row.now,
        broker_answers=health.broker_answers(),
        measured_at=_moment(measured.get("refreshed_at")),
        depths={Priority(int(lane)): depth for lane, depth in measured.get("depths", {}).items()},
        oldest={Priority(int(lane)): _at(since) for lane, since in orjson.loads(row.oldest).items()},
        tenants=[Tenant(**each) for each in orjson.loads(row.tenants)],
        running=row.running,
        processes=[_process(each) for each in orjson.loads(row.workers)],
        marketplaces=_marketplaces(orjson.loads(row.marketplaces)),
        used=row.used,
        watched=[(each, counts[each.name]) for each in watches],
    )


def _process(row: dict[str, Any]) -> Process:
    held = [(UUID(each["id"]), each["type"]) for each in row.pop("held") or ()]
    moments = {name: _moment(row.pop(name)) for name in ("started_at", "seen_at", "last_claim_at")}
    return Process(**row, **cast("dict[str, Any]", moments), held=held)


def _marketplaces(rows: Sequence[dict[str, Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["code"], {})[row["marketplace"]] = row["count"]
    return found


def _moment(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
