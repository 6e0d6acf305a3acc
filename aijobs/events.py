"""What happened to jobs, as it is told: the one reader of the log, for pages, waits, streams and webhooks.

A job's log is read by `seq`, which has no gaps: a row's lock orders its events, so what is visible of it is whole.

A tenant's log is in the order (transaction, id), and is read up to the oldest transaction that is still writing
(`pg_snapshot_xmin`): what commits later is behind everything that was read. So a reader that goes on from its last
position misses nothing and gets nothing twice. The price is a delay: as long as the longest transaction that writes.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain
from typing import LiteralString
from uuid import UUID

import orjson
from django.db.models import QuerySet, Value

from aijobs import identifiers, sql
from aijobs.filtering import JobFilter
from aijobs.models import Job
from aijobs.shapes import timestamp
from aijobs.states import TERMINAL, EventKind, Status

# A filter is applied to so many events of a tenant's log at a time, and to so many for one page: however few match,
# a page is read quickly.
STRETCH = 1_000
LOOKED_THROUGH = 5_000
# Of several readers, in one query.
FILTERS_AT_ONCE = 20
# Who writes an event of a job waits for the job's row, and gets it in turn: an event that stands before earlier ones
# of its job in the tenant's log is looked for among so many of them, and not in all that a caller may have caused.
OVERTAKEN = 1_000
_KEY = re.compile(r"(?P<transaction>[0-9]{1,20})\.(?P<id>[0-9]{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a tenant's log: all events up to this one have been read."""

    transaction: int
    id: int

    @property
    def token(self) -> str:
        """As callers keep it: nothing is promised about what is in it."""
        return base64.urlsafe_b64encode(f"{self.transaction}.{self.id}".encode()).decode().rstrip("=")

    @classmethod
    def from_token(cls, token: str) -> "Position | None":
        """None for a text that is not one of ours."""
        try:
            key = base64.urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4)).decode("ascii")
        except (binascii.Error, UnicodeError):
            return None
        found = _KEY.fullmatch(key)
        position = cls(int(found["transaction"]), int(found["id"])) if found else None
        # Decoding overlooks what is no base 64.
        return position if position and position.token == token and position._exists else None

    @property
    def _exists(self) -> bool:
        """PostgreSQL has such numbers: an xid8, a bigint."""
        return self.transaction < 2**64 and self.id < 2**63


START = Position(0, 0)


@dataclass(frozen=True)
class Event:
    """One row of the log."""

    job_id: UUID
    seq: int
    tenant_id: int
    kind: str
    attempt: int
    at: datetime
    # As JSON.
    data: str | None
    transaction: int
    id: int

    @property
    def position(self) -> Position:
        """In its tenant's log."""
        return Position(self.transaction, self.id)

    @cached_property
    def token(self) -> str:
        """Of that position."""
        return self.position.token

    @cached_property
    def public_job_id(self) -> str:
        return identifiers.encode(identifiers.JOB_PREFIX, self.job_id)

    @property
    def public_id(self) -> str:
        """Of the event: the same in every channel, whoever asks."""
        ulid = self.public_job_id.removeprefix(identifiers.JOB_PREFIX)
        return f"{identifiers.EVENT_PREFIX}{ulid}_{self.seq}"

    @property
    def type(self) -> str:
        return EventKind(self.kind).public_name

    @property
    def status(self) -> Status:
        """The job's, from then on."""
        return EventKind(self.kind).status_after

    @property
    def is_end(self) -> bool:
        """No event follows."""
        return self.status in TERMINAL

    @cached_property
    def outline(self) -> dict[str, object]:
        """As everybody is told of it, without its data."""
        return {
            "id": self.public_id,
            "type": self.type,
            "job_id": self.public_job_id,
            "seq": self.seq,
            "at": timestamp(self.at),
            "status": self.status.value,
            "attempt": self.attempt,
        }

    @property
    def shown(self) -> dict[str, object]:
        """As everybody is told of it."""
        return {**self.outline, "data": self._particulars()}

    @cached_property
    def written(self) -> bytes:
        """The same as JSON: once, however many are told."""
        return orjson.dumps(self.shown)

    def _particulars(self) -> dict[str, object] | None:
        if self.data is None:
            return None
        particulars: dict[str, object] = orjson.loads(self.data)
        if caused_by := particulars.get("caused_by"):
            particulars["caused_by"] = identifiers.encode(identifiers.JOB_PREFIX, UUID(str(caused_by)))
        return particulars


@dataclass(frozen=True)
class _Read(Event):
    # Whose it is, from 1 on.
    reader: int


@dataclass(frozen=True, slots=True)
class Page:
    """The next events of a tenant's log that match, and how far that has been read."""

    events: Sequence[Event]
    position: Position
    # There may be others now.
    more: bool


def of_job(tenant_id: int, job_id: UUID, after: int, most: int) -> list[Event]:
    """The next events of a job's log; none of a job that is another tenant's."""
    return [each for each in _of_jobs({job_id: after}, most) if each.tenant_id == tenant_id]


def of_tenant(tenant_id: int, after: Position, most: int, wanted: JobFilter | None = None) -> Page:
    """The next events of a tenant's log. With a filter, a page may have fewer than there are."""
    if wanted is None or wanted.is_empty:
        found = of_tenants({tenant_id: after}, most + 1)
        kept = found[:most]
        return Page(kept, kept[-1].position if kept else after, len(found) > most)
    kept, position = [], after
    for _ in range(LOOKED_THROUGH // STRETCH):
        found = of_tenants({tenant_id: position}, STRETCH)
        kept += matching(tenant_id, found, wanted)
        if len(kept) > most:
            return Page(kept[:most], kept[most - 1].position, True)
        position = found[-1].position if found else position
        if len(found) < STRETCH:
            return Page(kept, position, False)
    return Page(kept, position, True)


def matching(tenant_id: int, events: Sequence[Event], wanted: JobFilter) -> list[Event]:
    """Those that a filter lets through, in their order.

    Its statuses are those of the events themselves. Everything else is asked of their jobs.
    """
    return matching_each([(tenant_id, events, wanted)])[0]


def matching_each(asked: Sequence[tuple[int, Sequence[Event], JobFilter]]) -> list[list[Event]]:
    """As `matching`, for many readers at once: tenant, events and filter of each."""
    answers: list[list[Event]] = []
    for first in range(0, len(asked), FILTERS_AT_ONCE):
        answers += _matching(asked[first : first + FILTERS_AT_ONCE])
    return answers


def _matching(asked: Sequence[tuple[int, Sequence[Event], JobFilter]]) -> list[list[Event]]:
    left = [_with_status(events, wanted) for _, events, wanted in asked]
    parts: list[QuerySet[Job, tuple[UUID, int]]] = []
    open_ones: set[int] = set()
    for number, (tenant_id, _, wanted) in enumerate(asked):
        jobs_alone = wanted.model_copy(update={"status": []})
        if left[number] and not jobs_alone.is_empty:
            open_ones.add(number)
            jobs = Job.objects.of(tenant_id).filter(id__in={each.job_id for each in left[number]})
            parts.append(jobs_alone.together(jobs).order_by().values_list("id", Value(number)))
    found = set(parts[0].union(*parts[1:], all=True)) if parts else set()
    return [
        [each for each in events if number not in open_ones or (each.job_id, number) in found]
        for number, events in enumerate(left)
    ]


def _with_status(events: Sequence[Event], wanted: JobFilter) -> Sequence[Event]:
    return [each for each in events if each.status.value in wanted.status] if wanted.status else events


def of_tenants(after: Mapping[int, Position], most: int) -> list[Event]:
    """The next events of each of these tenants' logs, in order, at most so many of each: by one statement."""
    return list(chain.from_iterable(of_readers(list(after.items()), most)))


def of_readers(readers: Sequence[tuple[int, Position]], most: int) -> list[list[Event]]:
    """The next events for each reader of a tenant's log that has read up to a position: by one statement."""
    answers: list[list[Event]] = [[] for _ in readers]
    if not readers:
        return answers
    parameters = {
        "tenants": [tenant_id for tenant_id, _ in readers],
        # There are no numbers of this kind in Python's adapters.
        "transactions": [str(position.transaction) for _, position in readers],
        "ids": [position.id for _, position in readers],
        "most": most,
    }
    for each in sql.rows(_Read, OF_TENANTS, parameters):
        answers[each.reader - 1].append(each)
    return answers


def of_jobs(after: Mapping[UUID, int], most: int) -> list[Event]:
    """The next events of each of these jobs' logs, in order, at most so many of each: by one statement."""
    return _of_jobs(after, most) if after else []


def _of_jobs(after: Mapping[UUID, int], most: int) -> list[Event]:
    return sql.rows(Event, OF_JOBS, {"jobs": list(after), "seqs": list(after.values()), "most": most})


def reached(found: Sequence[Event]) -> dict[int, Position]:
    """How far the logs of these tenants were read."""
    return {each.tenant_id: each.position for each in found}


def each_job_in_order(after: Mapping[int, Position], found: Sequence[Event]) -> list[Event]:
    """What was read of tenants' logs behind these positions, for who tells no event before an earlier one of its job.

    A transaction that began earlier may have written the later event, which then stands first in the tenant's log.
    The earlier one comes with it, wherever it stands, and is left out when it is read itself.
    """
    if not found:
        return []
    end = reached(found)
    latest: dict[UUID, Event] = {}
    for each in sorted(found, key=lambda event: event.seq):
        latest[each.job_id] = each
    parameters = {
        "jobs": list(latest),
        "seqs": [each.seq for each in latest.values()],
        "after_transactions": [str(after[each.tenant_id].transaction) for each in latest.values()],
        "after_ids": [after[each.tenant_id].id for each in latest.values()],
        "reached_transactions": [str(end[each.tenant_id].transaction) for each in latest.values()],
        "reached_ids": [end[each.tenant_id].id for each in latest.values()],
        "overtaken": OVERTAKEN,
    }
    elsewhere = sql.rows(Event, ELSEWHERE, parameters)
    overtaken = [each for each in elsewhere if each.position > end[each.tenant_id]]
    told: dict[UUID, int] = {}
    for each in elsewhere:
        if each.position <= after[each.tenant_id]:
            told[each.job_id] = max(each.seq, told.get(each.job_id, 0))
    return [each for each in (*found, *overtaken) if each.seq > told.get(each.job_id, 0)]


@dataclass(frozen=True, slots=True)
class _Horizon:
    oldest: int
    next: int


def present() -> Position:
    """Where a reader begins that wants what happens from now on.

    What was written while another transaction is still open counts as new.
    """
    return Position(_horizon().oldest, 0)


def is_possible(position: Position) -> bool:
    """Whether this database has been there: not one of a cluster that it was restored from."""
    return position.transaction <= _horizon().next


def _horizon() -> _Horizon:
    return sql.rows(_Horizon, HORIZON, {})[0]


HORIZON = """
SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS oldest,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next
"""
_EVENT: LiteralString = """
job_id, seq, tenant_id, kind, attempt, at, data, transaction::text::bigint AS transaction, id
"""
OF_JOBS = f"""
SELECT event.* FROM unnest(%(jobs)s::uuid[], %(seqs)s::int[]) WITH ORDINALITY AS reader(job_id, seq, number)
CROSS JOIN LATERAL (
    SELECT {_EVENT} FROM aijobs_jobevent
    WHERE job_id = reader.job_id AND seq > reader.seq
    ORDER BY job_id, seq LIMIT %(most)s::int
) event
ORDER BY reader.number, event.seq
"""  # noqa: S608  # of constants
# Of jobs whose events were read in a stretch of their tenant's log: the last one that stands before it; and what
# comes between that one and the last one of the stretch, but stands behind it. Of a job that had many, the others are
# not read.
ELSEWHERE = f"""
SELECT event.* FROM unnest(
    %(jobs)s::uuid[], %(seqs)s::int[], %(after_transactions)s::text[], %(after_ids)s::bigint[],
    %(reached_transactions)s::text[], %(reached_ids)s::bigint[]
) AS read(job_id, seq, after_transaction, after_id, reached_transaction, reached_id)
LEFT JOIN LATERAL (
    SELECT present.seq FROM aijobs_jobevent present
    WHERE present.job_id = read.job_id AND present.seq <= read.seq + %(overtaken)s::int
      AND (present.transaction, present.id) <= (read.after_transaction::xid8, read.after_id)
    ORDER BY present.job_id DESC, present.seq DESC LIMIT 1
) told ON true
CROSS JOIN LATERAL (
    SELECT {_EVENT} FROM aijobs_jobevent present
    WHERE present.job_id = read.job_id
      AND present.seq BETWEEN coalesce(told.seq, 0) AND greatest(told.seq, read.seq) AND (
        present.seq = told.seq OR present.seq < read.seq
        AND (present.transaction, present.id) > (read.reached_transaction::xid8, read.reached_id)
    )
    ORDER BY present.job_id, present.seq
) event
"""  # noqa: S608  # of constants
# The horizon belongs to the same snapshot as the rows.
OF_TENANTS = f"""
SELECT event.*, reader.number AS reader
FROM unnest(%(tenants)s::bigint[], %(transactions)s::text[], %(ids)s::bigint[])
    WITH ORDINALITY AS reader(tenant_id, transaction, id, number)
CROSS JOIN LATERAL (
    SELECT {_EVENT} FROM aijobs_jobevent present
    WHERE present.tenant_id = reader.tenant_id
      AND (present.transaction, present.id) > (reader.transaction::xid8, reader.id)
      AND present.transaction < pg_snapshot_xmin(pg_current_snapshot())
    ORDER BY present.tenant_id, present.transaction, present.id LIMIT %(most)s::int
) event
ORDER BY reader.number, event.transaction, event.id
"""  # noqa: S608  # of constants
