"""What the database and the handlers say happened: the rows that the checker judges."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import psycopg
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Event:
    job_id: UUID
    seq: int
    kind: str
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    id: UUID
    type: str
    status: str
    attempt: int
    failures: int
    event_seq: int
    batch_id: UUID | None
    position: int | None
    error_code: str
    cancel_reason: str
    # What a completed pricing job says that it wrote.
    applied: int


@dataclass(frozen=True, slots=True)
class Batch:
    id: UUID
    sequential: bool
    on_failure: str
    cancelled: bool


@dataclass(frozen=True, slots=True)
class PriceChange:
    """`id` is the order in which they were written."""

    id: int
    job_id: UUID
    product_id: int
    before: Decimal
    after: Decimal


@dataclass(frozen=True, slots=True)
class Run:
    """One call of a counted handler. Without an end its process was killed in it."""

    job_id: UUID
    attempt: int
    pid: int
    began: datetime
    ended: datetime | None = None


@dataclass(slots=True)
class History:
    # Accepted jobs, with the statuses in which each may end.
    accepted: Mapping[UUID, frozenset[str]]
    jobs: list[Job] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    batches: list[Batch] = field(default_factory=list)
    changes: list[PriceChange] = field(default_factory=list)
    # Products' prices: as imported, and now.
    imported: Mapping[int, Decimal] = field(default_factory=dict)
    prices: Mapping[int, Decimal] = field(default_factory=dict)
    # Tenants' counted jobs.
    active: Mapping[int, int] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)


JOBS = """
SELECT id, type, status, attempt, failures, event_seq, batch_id, position, error_code, cancel_reason,
    CASE WHEN type = 'pricing_recalculate' AND params ->> 'apply' = 'true' AND result IS NOT NULL
         THEN (result ->> 'updated_count')::int ELSE 0 END AS applied
FROM aijobs_job WHERE tenant_id = ANY(%(tenants)s) ORDER BY id
"""
EVENTS = """
SELECT job_id, seq, kind, attempt, at FROM aijobs_jobevent WHERE tenant_id = ANY(%(tenants)s) ORDER BY job_id, seq
"""
BATCHES = """
SELECT id, sequential, on_failure, cancelled_at IS NOT NULL AS cancelled
FROM aijobs_batch WHERE tenant_id = ANY(%(tenants)s)
"""
CHANGES = """
SELECT id, job_id, product_id, (before #>> '{}')::numeric AS before, (after #>> '{}')::numeric AS after
FROM changes_change WHERE tenant_id = ANY(%(tenants)s) AND kind = 'price' ORDER BY id
"""
PRICES = "SELECT id, price FROM catalogue_product WHERE tenant_id = ANY(%(tenants)s)"
ACTIVE = "SELECT tenant_id, active FROM aijobs_tenantcapacity WHERE tenant_id = ANY(%(tenants)s)"


def read(
    database: psycopg.Connection,
    tenants: list[int],
    accepted: Mapping[UUID, frozenset[str]],
    imported: Mapping[int, Decimal],
    runs: Path,
) -> History:
    """The history of some tenants."""
    of = {"tenants": tenants}
    with (
        database.cursor(row_factory=class_row(Job)) as jobs,
        database.cursor(row_factory=class_row(Event)) as events,
        database.cursor(row_factory=class_row(Batch)) as batches,
        database.cursor(row_factory=class_row(PriceChange)) as changes,
    ):
        return History(
            accepted=accepted,
            jobs=jobs.execute(JOBS, of).fetchall(),
            events=events.execute(EVENTS, of).fetchall(),
            batches=batches.execute(BATCHES, of).fetchall(),
            changes=changes.execute(CHANGES, of).fetchall(),
            imported=imported,
            prices=dict(database.execute(PRICES, of).fetchall()),
            active=dict(database.execute(ACTIVE, of).fetchall()),
            runs=[run for run in read_runs(runs) if run.job_id in accepted],
        )


def read_runs(path: Path) -> list[Run]:
    """Every run that a counted handler began, in that order, with its end where it has one."""
    open_runs: dict[tuple[str, str, str], Run] = {}
    found: list[Run] = []
    # A line that is being written at this moment may be there in part: it is read the next time.
    whole = path.read_text().rpartition("\n")[0] if path.exists() else ""
    for line in whole.splitlines():
        what, job_id, attempt, pid, moment = line.split()
        key = (job_id, attempt, pid)
        at = datetime.fromtimestamp(float(moment), UTC)
        if what == "begin":
            open_runs[key] = Run(UUID(job_id), int(attempt), int(pid), at)
        elif begun := open_runs.pop(key, None):
            found.append(Run(begun.job_id, begun.attempt, begun.pid, begun.began, at))
    return sorted([*found, *open_runs.values()], key=lambda run: run.began)
