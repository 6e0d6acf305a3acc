"""Who may write a change to a marketplace: one worker at a time, for a while. Each step is one conditional UPDATE.

`attempts` is the fence of all that a worker records: it grows with every claim.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from aijobs import sql
from workers.changes.kinds import KINDS

logger = logging.getLogger(__name__)

# Longer than the calls of one change can take (token, read, write, each with its timeouts and its repeats).
CLAIM_SECONDS = 180
# No write begins when so much of the claim is over: its call could outlast the claim.
LATEST_WRITE_SECONDS = 90
# Changes claimed at a time: at a few seconds each, the last of them still begins early enough.
CHUNK = 10
LONGEST_DETAIL = 1000


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


# By the run of the job that decided them, which replays them all, whoever had them before: that was an earlier
# attempt of the same job, and would send the same.
CLAIM_OF_JOB = """
UPDATE changes_change SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id = ANY(%(ids)s) AND status IN ('pending', 'unknown')
RETURNING id, attempts, status
"""

# By the settler: what is due and no job looks after, of the kinds that this release knows.
CLAIM_DUE = """
UPDATE changes_change SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id IN (
    SELECT due.id FROM changes_change due JOIN catalogue_product product ON product.id = due.product_id
    WHERE due.status IN ('pending', 'unknown') AND due.not_before <= now() AND due.kind = ANY(%(kinds)s)
        AND due.tenant_id = %(tenant)s AND product.marketplace = %(marketplace)s
        AND NOT EXISTS (SELECT FROM aijobs_job WHERE id = due.job_id AND status IN ('queued', 'running'))
    ORDER BY due.id LIMIT %(most)s
    FOR UPDATE OF due SKIP LOCKED
)
RETURNING id, attempts, status
"""

# Which connections have such changes.
DUE = """
SELECT DISTINCT due.tenant_id, product.marketplace
FROM changes_change due JOIN catalogue_product product ON product.id = due.product_id
WHERE due.status IN ('pending', 'unknown') AND due.not_before <= now() AND due.kind = ANY(%(kinds)s)
    AND NOT EXISTS (SELECT FROM aijobs_job WHERE id = due.job_id AND status IN ('queued', 'running'))
"""

# Sent from here on, for all that anybody else can know.
BEGIN = """
UPDATE changes_change change SET status = 'unknown'
WHERE id = %(id)s AND attempts = %(attempts)s AND status IN ('pending', 'unknown')
    AND not_before > now() + make_interval(secs => %(margin)s)
    AND (%(job)s::uuid IS NULL OR EXISTS (
        SELECT FROM aijobs_job
        WHERE id = %(job)s::uuid AND status = 'running' AND attempt = %(attempt)s AND lease_expires_at > now()
    ))
RETURNING id
"""

END = """
UPDATE changes_change SET status = %(status)s, detail = %(detail)s,
    not_before = now() + make_interval(secs => %(pause)s)
WHERE id = %(id)s AND attempts = %(attempts)s AND status IN ('pending', 'unknown')
RETURNING id
"""


def due() -> list[Due]:
    """The marketplaces with changes that no job looks after: applied by hand, reverted, or left by a job."""
    return sql.rows(Due, DUE, {"kinds": list(KINDS)})


def claim_of_job(change_ids: Sequence[int]) -> list[Claimed]:
    """Take what is still open of these for the run of the job that decided them."""
    return _in_order(sql.rows(Claimed, CLAIM_OF_JOB, {"ids": list(change_ids), "seconds": CLAIM_SECONDS}))


def claim_due(tenant_id: int, marketplace: str) -> list[Claimed]:
    """Take the next few that no job looks after."""
    parameters = {
        "tenant": tenant_id,
        "marketplace": marketplace,
        "kinds": list(KINDS),
        "seconds": CLAIM_SECONDS,
        "most": CHUNK,
    }
    return _in_order(sql.rows(Claimed, CLAIM_DUE, parameters))


def _in_order(claimed: list[Claimed]) -> list[Claimed]:
    return sorted(claimed, key=lambda each: each.id)


def begin(claimed: Claimed, attempt: Attempt | None) -> bool:
    """Mark it as sent. False where this worker, or the run that it works for, does not own the change any more."""
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "margin": CLAIM_SECONDS - LATEST_WRITE_SECONDS,
        "job": attempt and attempt.job_id,
        "attempt": attempt and attempt.number,
    }
    return sql.execute(BEGIN, parameters) == 1


def end(claimed: Claimed, status: str, detail: str, pause: float = 0) -> bool:
    """Record what became of it, unless the claim has gone to another worker meanwhile."""
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "status": status,
        "detail": detail[:LONGEST_DETAIL],
        "pause": pause,
    }
    recorded = sql.execute(END, parameters) == 1
    if not recorded:
        logger.warning("change %d went to another worker before it was settled", claimed.id)
    return recorded
