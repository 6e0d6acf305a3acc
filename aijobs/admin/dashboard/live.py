"""What is going on now, read in one statement: what waits, what runs, who is there, and what comes next."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import orjson
from django.conf import settings
from django.utils.timezone import now

from aijobs import health, identifiers, sql, watching
from aijobs.admin.dashboard import statements
from aijobs.models.workers import EVENTS_PREFIX, SILENT_SECONDS
from aijobs.states import Priority, RunOutcome

Row = TypeVar("Row")
# Whose params are looked at for a marketplace.
LOOKED_AT = 200
# The newest runs of schedules, among which those are that were missed or failed.
MOST_RUNS = 1_000


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
    """A worker of any kind, beat, or the events process."""

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
class Upcoming:
    """A schedule that comes due."""

    id: UUID
    name: str
    tenant: str
    due_at: datetime
    # Why this due time has to wait, or "".
    held: str


@dataclass(frozen=True, slots=True)
class Paused:
    """A schedule that the service has paused."""

    id: UUID
    name: str
    tenant: str
    reason: str


@dataclass(frozen=True, slots=True)
class Unmet:
    """A due time of the last day to which no job was dispatched though one should have been."""

    id: UUID
    name: str
    tenant: str
    due_at: datetime
    outcome: RunOutcome
    detail: str


@dataclass(frozen=True, slots=True)
class Live:
    now: datetime
    broker_answers: bool
    measured_at: datetime | None
    # When the first of those jobs ended that the rollup has not counted.
    uncounted_since: datetime | None
    depths: Mapping[Priority, int]
    # Since when the oldest job that could run has been due, where there is one.
    oldest: Mapping[Priority, datetime]
    tenants: Sequence[Tenant]
    running: int
    processes: Sequence[Process]
    # When an events process last said that it is there; None where none did within the last hour.
    events_seen_at: datetime | None
    # Of the newest failures, by error code and marketplace.
    marketplaces: Mapping[str, Mapping[str, int]]
    # Whether a job was ever dispatched.
    used: bool
    upcoming: Sequence[Upcoming]
    paused: Sequence[Paused]
    unmet: Sequence[Unmet]
    watched: Sequence[tuple[watching.Watch, int]]


@dataclass(frozen=True, slots=True)
class _LiveRow:
    now: datetime
    measured: str | None
    uncounted_since: datetime | None
    oldest: str
    tenants: str
    running: int
    workers: str
    events_seen_at: datetime | None
    marketplaces: str
    used: bool
    upcoming: str
    paused: str
    unmet: str
    watched: str


def read() -> Live:
    """Also asks the broker whether it is there."""
    parameters = {
        "queue_limit": settings.AIJOBS_TENANT_QUEUE_LIMIT,
        "silent": SILENT_SECONDS,
        "events": EVENTS_PREFIX,
        "failed": LOOKED_AT,
        "runs": MOST_RUNS,
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
        uncounted_since=row.uncounted_since,
        depths={Priority(int(lane)): depth for lane, depth in measured.get("depths", {}).items()},
        oldest={Priority(int(lane)): _at(since) for lane, since in orjson.loads(row.oldest).items()},
        tenants=[Tenant(**each) for each in orjson.loads(row.tenants)],
        running=row.running,
        processes=[_process(each) for each in orjson.loads(row.workers)],
        events_seen_at=row.events_seen_at,
        marketplaces=_marketplaces(orjson.loads(row.marketplaces)),
        used=row.used,
        upcoming=_read(Upcoming, row.upcoming),
        paused=_read(Paused, row.paused),
        unmet=_read(Unmet, row.unmet),
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


def _read(row_type: type[Row], text: str) -> list[Row]:
    """Rows of JSON as dataclasses: ids and moments are text there."""
    readers: dict[str, Callable[[str], object]] = {"id": UUID, "due_at": _at, "outcome": RunOutcome}
    rows: list[dict[str, str]] = orjson.loads(text)
    return [
        row_type(**{name: readers[name](value) if name in readers else value for name, value in row.items()})
        for row in rows
    ]


def _moment(text: str | None) -> datetime | None:
    return _at(text) if text else None


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text)
