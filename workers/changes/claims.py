"""Who may write a change to a marketplace: one worker at a time, for a while. Each step is one conditional UPDATE.

`attempts` is the fence of all that a worker records: it grows with every claim.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson

from aijobs import sql
from workers.changes.kinds import KINDS
from workers.changes.models import ReadBack
from workers.marketplaces.models import Connection

logger = logging.getLogger(__name__)

# Longer than the calls of one change can take (token, read, write, each with its timeouts and its repeats).
CLAIM_SECONDS = 180
# No write begins when so much of the claim is over: its call could outlast the claim.
LATEST_WRITE_SECONDS = 90
# Changes claimed at a time: at a few seconds each, the last of them still begins early enough.
CHUNK = 10
LONGEST_DETAIL = 1000
# Amazon shows an accepted price after some minutes. By then it is there, or it will not come.
READ_BACK_AFTER_SECONDS = 600


@dataclass(frozen=True, slots=True)
class Claimed:
    """A change that this worker may write until its claim is over."""

    id: int
    attempts: int
    # Pending, or unknown: somebody may have sent it.
    status: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The job's run on whose behalf changes are written."""

    job_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class Due:
    tenant_id: int
    marketplace: str


# Of each change that is named so: nothing is written, nor read, for a suspended tenant.
ACTIVE = """
EXISTS (SELECT FROM aijobs_tenant tenant WHERE tenant.id = {}.tenant_id AND tenant.suspended_at IS NULL)
"""

# The desk that this worker has opened is that of now. Decisions for another shop come after the change to it.
SAME_SHOP = """
EXISTS (
    SELECT FROM marketplaces_connection connection
    WHERE connection.tenant_id = %(tenant)s AND connection.name = %(marketplace)s
        AND connection.connector = %(connector)s AND connection.settings = %(settings)s::jsonb
)
"""

# By the run of the job that decided them, which replays them all, whoever had them before: that was an earlier
# attempt of the same job, and would send the same.
CLAIM_OF_JOB = f"""
UPDATE changes_change change SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id = ANY(%(ids)s) AND status IN ('pending', 'unknown') AND {ACTIVE.format("change")}
RETURNING id, attempts, status
"""

# By the settler: what is due and no job looks after, of the kinds that this release knows.
CLAIM_DUE = f"""
UPDATE changes_change SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id IN (
    SELECT due.id FROM changes_change due
    WHERE due.status IN ('pending', 'unknown') AND due.not_before <= now() AND due.kind = ANY(%(kinds)s)
        AND due.tenant_id = %(tenant)s AND due.marketplace = %(marketplace)s
        AND {SAME_SHOP} AND {ACTIVE.format("due")}
        AND NOT EXISTS (SELECT FROM aijobs_job WHERE id = due.job_id AND status IN ('queued', 'running'))
    ORDER BY due.id LIMIT %(most)s
    FOR UPDATE OF due SKIP LOCKED
)
RETURNING id, attempts, status
"""

# Which connections have such changes, or some to read back.
DUE = f"""
SELECT due.tenant_id, due.marketplace
FROM changes_change due
WHERE due.status IN ('pending', 'unknown') AND due.not_before <= now() AND due.kind = ANY(%(kinds)s)
    AND {ACTIVE.format("due")}
    AND NOT EXISTS (SELECT FROM aijobs_job WHERE id = due.job_id AND status IN ('queued', 'running'))
UNION
SELECT due.tenant_id, due.marketplace
FROM changes_change due
WHERE due.read_back = 'waiting' AND due.not_before <= now() AND due.kind = ANY(%(kinds)s) AND {ACTIVE.format("due")}
"""

# Whose changes wait because they are suspended. Not at every beat: each time is a row to clean up.
NOTE_PAUSES = """
INSERT INTO changes_pause (tenant_id, seen_at)
SELECT DISTINCT tenant.id, now()
FROM changes_change change JOIN aijobs_tenant tenant ON tenant.id = change.tenant_id
WHERE change.status IN ('pending', 'unknown') AND tenant.suspended_at IS NOT NULL
ON CONFLICT (tenant_id) DO UPDATE SET seen_at = excluded.seen_at
WHERE changes_pause.seen_at < now() - interval '10 seconds'
RETURNING tenant_id
"""

_OWNED = f"""
    change.id = %(id)s AND change.attempts = %(attempts)s AND change.status IN ('pending', 'unknown')
    AND change.not_before > now() + make_interval(secs => %(margin)s)
    AND (%(job)s::uuid IS NULL OR EXISTS (
        SELECT FROM aijobs_job
        WHERE id = %(job)s::uuid AND status = 'running' AND attempt = %(attempt)s AND lease_expires_at > now()
    ))
    AND {ACTIVE.format("change")}
"""

# Sent from here on, for all that anybody else can know.
BEGIN = f"UPDATE changes_change change SET status = 'unknown' WHERE {_OWNED} RETURNING id"

OWNED = f"SELECT change.id FROM changes_change change WHERE {_OWNED}"

GIVE_BACK = """
UPDATE changes_change SET status = %(status)s, not_before = now()
WHERE id = %(id)s AND attempts = %(attempts)s AND status IN ('pending', 'unknown')
RETURNING id
"""

END = """
UPDATE changes_change SET status = %(status)s, detail = %(detail)s,
    not_before = now() + make_interval(secs => %(pause)s),
    warnings = %(warnings)s::jsonb, read_back = %(read_back)s::text,
    read_back_at = CASE WHEN %(read_back)s::text <> '' THEN now() + make_interval(secs => %(pause)s) END
WHERE id = %(id)s AND attempts = %(attempts)s AND status IN ('pending', 'unknown')
RETURNING id
"""


def due() -> list[Due]:
    """The marketplaces with changes that no job looks after: applied by hand, reverted, left, or to be read back."""
    return sql.rows(Due, DUE, {"kinds": list(KINDS)})


def note_pauses() -> None:
    """Note which tenants' changes wait because the tenant is suspended: that time is not held against them."""
    sql.execute(NOTE_PAUSES, {})


def claim_of_job(change_ids: Sequence[int]) -> list[Claimed]:
    """Take what is still open of these for the run of the job that decided them."""
    return _in_order(sql.rows(Claimed, CLAIM_OF_JOB, {"ids": list(change_ids), "seconds": CLAIM_SECONDS}))


def claim_due(connection: Connection) -> list[Claimed]:
    """Take the next few that no job looks after; none where it is no longer the connection of now."""
    parameters = {**shop(connection), "kinds": list(KINDS), "seconds": CLAIM_SECONDS, "most": CHUNK}
    return _in_order(sql.rows(Claimed, CLAIM_DUE, parameters))


def shop(connection: Connection) -> dict[str, object]:
    """The parameters of SAME_SHOP."""
    return {
        "tenant": connection.tenant_id,
        "marketplace": connection.name,
        "connector": connection.connector,
        "settings": orjson.dumps(connection.settings).decode(),
    }


def _in_order(claimed: list[Claimed]) -> list[Claimed]:
    return sorted(claimed, key=lambda each: each.id)


def begin(claimed: Claimed, attempt: Attempt | None) -> bool:
    """Mark it as sent. False where this worker, or the run that it works for, does not own the change any more; and
    where the tenant has been suspended."""
    return sql.execute(BEGIN, _ownership(claimed, attempt)) == 1


def owned(claimed: Claimed, attempt: Attempt | None) -> bool:
    """Whether a change that was begun may still be written: asked before each call."""
    return sql.execute(OWNED, _ownership(claimed, attempt)) == 1


def _ownership(claimed: Claimed, attempt: Attempt | None) -> dict[str, object]:
    return {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "margin": CLAIM_SECONDS - LATEST_WRITE_SECONDS,
        "job": attempt and attempt.job_id,
        "attempt": attempt and attempt.number,
    }


def give_back(claimed: Claimed) -> None:
    """Nothing was sent: it is as it was, for whoever may write it next."""
    sql.execute(GIVE_BACK, {"id": claimed.id, "attempts": claimed.attempts, "status": claimed.status})


def end(claimed: Claimed, status: str, detail: str, pause: float = 0, warnings: Sequence[str] = ()) -> bool:
    """Record what became of it, unless the claim has gone to another worker meanwhile.

    `warnings`: what the marketplace took it with. Then it is read back after the pause.
    """
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "status": status,
        "detail": detail[:LONGEST_DETAIL],
        "pause": pause,
        "warnings": orjson.dumps(list(warnings)).decode(),
        "read_back": ReadBack.WAITING.value if warnings else "",
    }
    recorded = sql.execute(END, parameters) == 1
    if not recorded:
        logger.warning("change %d went to another worker before it was settled", claimed.id)
    return recorded
