"""The events' table, in one partition for each week in which their jobs were created.

The key is the job's id, which begins with that moment: so all events of a job lie together, a look for them reads one
partition, and (job, seq) stays unique. When no job of a week is left, its events go at once, by dropping a table.

What no partition is for, such as after months without a sweeper, goes to the default one: no dispatch fails for it.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils.timezone import now
from psycopg import sql as composed

from aijobs import identifiers, sql

logger = logging.getLogger(__name__)

WEEK = timedelta(weeks=1)
# A service that is without its sweeper for two months still has a partition for every job.
WEEKS_AHEAD = 8
# Taking one away locks the whole table: dispatches wait behind this for so long at the most.
PATIENCE = "50ms"
# Attaching one looks through the default partition, and those who write to that wait behind it.
LOOK_THROUGH = "1s"
_PREFIX = "aijobs_jobevent_w"


@dataclass(frozen=True, slots=True)
class Partition:
    """Events of the jobs that were created in the week from `start` on."""

    start: datetime

    @property
    def table(self) -> str:
        return f"{_PREFIX}{self.start:%Y%m%d}"

    @property
    def bounds(self) -> tuple[str, str]:
        """The first id in it, and the first one after it."""
        return str(identifiers.first_id_at(self.start)), str(identifiers.first_id_at(self.start + WEEK))


@dataclass(frozen=True, slots=True)
class _Name:
    table: str


@dataclass(frozen=True, slots=True)
class _Found:
    found: bool


def present() -> list[Partition]:
    """What there is, oldest first."""
    names = sql.rows(_Name, PRESENT, {"like": f"{_PREFIX}%"})
    starts = (datetime.strptime(each.table.removeprefix(_PREFIX), "%Y%m%d").replace(tzinfo=UTC) for each in names)
    return [Partition(start) for start in sorted(starts)]


def add_missing() -> None:
    """Make those of this week and the next ones. One that cannot be made now is tried again at the next call."""
    there = set(present())
    for partition in _wanted():
        if partition not in there:
            try:
                add(partition)
            except DatabaseError as error:
                # The default partition has events of its week or is too long, or somebody does not let go of it.
                logger.warning("the partition %s could not be made: %s", partition.table, error)


def _wanted() -> Iterator[Partition]:
    today = now().astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    return (Partition(monday + number * WEEK) for number in range(WEEKS_AHEAD + 1))


def add(partition: Partition) -> None:
    """Make it by itself and attach it then, which lets others read and write meanwhile. Raises DatabaseError."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [LOOK_THROUGH])
        table = composed.Identifier(partition.table)
        cursor.execute(composed.SQL(CREATE).format(table=table))
        first, after = map(composed.Literal, partition.bounds)
        cursor.execute(composed.SQL(ATTACH).format(table=table, first=first, after=after))


def drop_empty() -> int:
    """Drop those of past weeks of which no job is left. Returns how many: 0 too where the table is too busy.

    Not of last week: a dispatch of its last moments may not be committed yet, and another machine's clock be slow.
    """
    this_week = next(_wanted())
    dropped = 0
    for partition in present():
        if partition.start >= this_week.start - WEEK:
            break
        first, after = partition.bounds
        if not sql.rows(_Found, ANY_JOB, {"first": first, "after": after})[0].found:
            dropped += _drop(partition)
    return dropped


def _drop(partition: Partition) -> int:
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
            cursor.execute(composed.SQL("DROP TABLE {}").format(composed.Identifier(partition.table)))
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        return 0
    return 1


PRESENT = r"""
SELECT child.relname::text AS table FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
WHERE inhparent = 'aijobs_jobevent'::regclass AND child.relname LIKE %(like)s::text
"""
CREATE = "CREATE TABLE {table} (LIKE aijobs_jobevent INCLUDING DEFAULTS INCLUDING CONSTRAINTS)"
ATTACH = "ALTER TABLE aijobs_jobevent ATTACH PARTITION {table} FOR VALUES FROM ({first}) TO ({after})"
ANY_JOB = """
SELECT EXISTS (
    SELECT FROM aijobs_job WHERE id >= %(first)s::uuid AND id < %(after)s::uuid ORDER BY id LIMIT 1
) AS found
"""
