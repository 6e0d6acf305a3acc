"""What keeps PostgreSQL from clearing dead rows away: transactions that stay open.

They break no promise, but with every minute the service does more work for the same jobs. So they are told beside the
broken rules, and neither the self-check nor readiness fails for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from aijobs import sql

OLD_SECONDS = 60.0
# A slot knows no time. One that nobody uses stays where it is; one in use moves on with its standby.
OLD_TRANSACTIONS = 100_000

END_IT = (
    "Until it ends, PostgreSQL cannot clear away rows that were changed or deleted since, and the service becomes "
    "slower."
)


@dataclass(frozen=True, slots=True)
class _Session:
    pid: int
    application: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Prepared:
    gid: str
    seconds: float


@dataclass(frozen=True, slots=True)
class _Slot:
    name: str
    transactions: int


@dataclass(frozen=True, slots=True)
class _Hidden:
    sessions: int


def warnings(*, with_names: bool) -> list[str]:
    """A sentence or two for each open transaction that is too old. None of them quotes a query.

    `with_names`: of the applications, prepared transactions and slots, which are none of a stranger's business.
    """
    return list(_warnings(with_names))


def unseen() -> list[str]:
    """What `warnings` cannot know, for the operator."""
    [hidden] = sql.rows(_Hidden, HIDDEN, {})
    if not hidden.sessions:
        return []
    return [
        "The service's database user may not see the transactions of other users' sessions (at the moment "
        f"{hidden.sessions}), so they are not in this report. Grant that user pg_read_all_stats to have them "
        "checked too."
    ]


def _warnings(with_names: bool) -> Iterator[str]:
    old = {"seconds": OLD_SECONDS}
    for session in sql.rows(_Session, SESSIONS, old):
        name = f' (application "{session.application}")' if with_names and session.application else ""
        yield (
            f"The database session with process ID {session.pid}{name} has had a transaction open for "
            f"{session.seconds:.0f} s. {END_IT} End it with SELECT pg_terminate_backend({session.pid}) if nobody "
            "needs it."
        )
    for prepared in sql.rows(_Prepared, PREPARED, old):
        name = f' "{prepared.gid}"' if with_names else ""
        yield (
            f"A prepared transaction{name} has been open for {prepared.seconds:.0f} s. {END_IT} End it "
            "with COMMIT PREPARED or ROLLBACK PREPARED."
        )
    for slot in sql.rows(_Slot, SLOTS, {"transactions": OLD_TRANSACTIONS}):
        name = f' "{slot.name}"' if with_names else ""
        yield (
            f"A replication slot{name} keeps the rows of {slot.transactions} transactions, so PostgreSQL cannot "
            "clear them away and the service becomes slower. Start its standby, or drop the slot."
        )


# Only what is open in this database keeps its rows. Autovacuum's own transactions end by themselves.
SESSIONS = """
SELECT pid, coalesce(application_name, '') AS application, extract(epoch FROM now() - xact_start)::float AS seconds
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type IS DISTINCT FROM 'autovacuum worker'
  AND xact_start < now() - make_interval(secs => %(seconds)s::float)
ORDER BY xact_start, pid
"""
PREPARED = """
SELECT gid, extract(epoch FROM now() - prepared)::float AS seconds FROM pg_prepared_xacts
WHERE database = current_database() AND prepared < now() - make_interval(secs => %(seconds)s::float)
ORDER BY prepared
"""
SLOTS = """
SELECT slot_name::text AS name, age(xmin) AS transactions FROM pg_replication_slots
WHERE xmin IS NOT NULL AND (NOT active OR age(xmin) > %(transactions)s::int)
ORDER BY slot_name
"""
# A session of another role shows that it is there, and nothing else.
HIDDEN = """
SELECT count(*) AS sessions FROM pg_stat_activity
WHERE datname = current_database() AND backend_type IS NULL
"""
