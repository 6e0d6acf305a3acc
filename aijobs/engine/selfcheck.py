"""Whether the promises hold right now: what the tables say against what must be true of them.

Five rules, one statement each, cheap enough for a probe of a table with millions of jobs and events: they read the
partial indexes of what is active, and nothing older than RECENT_SECONDS.

* `lease`: no running job without a live lease. The sweeper takes an expired one back within a second; if it has not
  within LEASE_GRACE, it is frozen or gone. Looks at every running job.
* `release`: no due job waits unreleased for more than RELEASE_GRACE although its tenant has room: the window of the
  lane is not full, the tenant is neither suspended nor at `max_running`, and nothing of that lane (of the tenant,
  where `max_running` limits it) was released, started, retried or ended within RELEASE_GRACE. So ten thousand jobs
  that wait for their tenant's window are no violation, nor is a window that is being refilled at this moment. Looks
  at the first waiting job of each tenant and lane. A tenant that was resumed, or given more room, may show until the
  next sweep.
* `end`: a terminal job has one terminal event, that of its status, and none after it; an active job has none.
* `sequence`: a job's events are numbered from 1 without a gap, and the row knows the last number. Both look at the
  events of running and released jobs, of jobs that ended within RECENT_SECONDS (of each kind, at most EVENTS_OF jobs,
  the newest ended), and of the jobs, however old, that the newest EVENTS_OF events are about.
* `consumption`: the queues are being consumed. Violated when jobs have been in the broker for CONSUMED_WITHIN, and in
  all that time no job of any tenant was claimed, retried or ended by a run, and none is running under a live lease:
  workers that are all busy with long jobs do consume.

`whole_history` looks at the events of every job there is, and at the tenants' counters: for the command's `--all`.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from aijobs import identifiers, registry, sql
from aijobs.models import Job
from aijobs.states import QUEUES, Priority

# All in seconds.
LEASE_GRACE = 5
RELEASE_GRACE = 10
CONSUMED_WITHIN = 60
RECENT_SECONDS = 300
# Jobs whose events are read, of each kind; and violations of one rule that are told one by one.
EVENTS_OF = 5000
TOLD_OF_A_RULE = 20

SWEEPER_HINT = "Check that beat and the control worker are running and that the broker answers."
WRITER_HINT = "Find out whether anything but the service has written to its tables."


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that is broken, where, and a sentence for the person on call."""

    rule: str
    # Its public id, where the rule is about one job.
    job: str | None
    sentence: str

    @property
    def line(self) -> str:
        return f"{self.rule}: {f'{self.job} ' if self.job else ''}{self.sentence}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found: the first violations, and how many there are in all."""

    rule: str
    violations: list[Violation]
    total: int


@dataclass(frozen=True, slots=True)
class LookedAt:
    """How many jobs a check has looked at, so that "no violation" is not taken for more than it is."""

    tenants: int
    running: int
    released: int
    ended: int


def run() -> list[Violation]:
    """The violations of every rule, at most TOLD_OF_A_RULE of each."""
    return [violation for finding in findings() for violation in finding.violations]


def findings() -> list[Finding]:
    """Every rule that is broken."""
    return [finding for rule in (*PRESENT, *RECORDED) if (finding := rule()).total]


def present_findings() -> list[Finding]:
    """Every broken rule of those that are not about events."""
    return [finding for rule in PRESENT if (finding := rule()).total]


def looked_at() -> LookedAt:
    return sql.rows(LookedAt, LOOKED_AT, {"types": _types()})[0]


def whole_history(progress: Callable[[int], None]) -> Iterator[Violation]:
    """The events of every job, oldest first, then the counters. `progress` gets how many jobs it has looked at."""
    after, jobs = UUID(int=0), 0
    while chunk := list(Job.objects.filter(id__gt=after).order_by("id").values_list("id", flat=True)[:EVENTS_OF]):
        bounds = {"after": after, "last": chunk[-1]}
        yield from map(_wrong_end, sql.rows(_Told, WRONG_ENDS_BETWEEN, bounds))
        yield from map(_wrong_sequence, sql.rows(_Told, WRONG_SEQUENCES_BETWEEN, bounds))
        after, jobs = chunk[-1], jobs + len(chunk)
        progress(jobs)
    yield from map(_wrong_capacity, sql.rows(_Capacity, WRONG_CAPACITIES, {}))


def _types() -> list[str]:
    return [kind.name for kind in registry.all_types()]


def _finding(rule: str, violations: Iterable[Violation], total: int) -> Finding:
    return Finding(rule, list(violations), total)


def _public(job_id: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


# What a job's turn leaves in the rows for a while: the lanes where one was claimed, came back or ended, `{seconds}`
# ago at most. One that came back at once is still released; one that waits for its backoff is found lane by lane,
# because no index knows all of them.
_MOVED = """
    SELECT tenant_id, lane FROM aijobs_job
    WHERE status = 'running' AND started_at > now() - interval '{seconds} seconds'
    UNION ALL
    SELECT tenant_id, lane FROM aijobs_job
    WHERE status = 'queued' AND released_at IS NOT NULL AND started_at > now() - interval '{seconds} seconds'
    UNION ALL
    SELECT active.tenant_id, lane.number FROM aijobs_tenantcapacity active
    CROSS JOIN (VALUES (0), (1), (2)) AS lane(number)
    CROSS JOIN LATERAL (
        SELECT FROM aijobs_job retried
        WHERE retried.tenant_id = active.tenant_id AND retried.lane = lane.number AND retried.status = 'queued'
          AND retried.released_at IS NULL AND NOT retried.blocked AND retried.attempt > 0
          AND retried.run_after > now() - interval '{seconds} seconds'
          AND retried.started_at > now() - interval '{seconds} seconds'
        LIMIT 1
    ) retried
    WHERE active.active > 0
    UNION ALL
    SELECT recent.tenant_id, recent.lane FROM unnest(%(types)s::text[]) AS kind(name)
    CROSS JOIN LATERAL (
        SELECT tenant_id, lane FROM aijobs_job
        WHERE type = kind.name AND completed_at > now() - interval '{seconds} seconds' AND {ended}
        LIMIT {limit}
    ) recent
"""


# --- lease ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Lost:
    id: UUID
    overdue: float | None
    worker: str
    total: int


LOST_LEASES = f"""
SELECT id, extract(epoch FROM now() - lease_expires_at)::float AS overdue, worker, count(*) OVER () AS total
FROM aijobs_job
WHERE status = 'running'
  AND (lease_expires_at IS NULL OR lease_expires_at < now() - interval '{LEASE_GRACE} seconds')
ORDER BY id LIMIT {TOLD_OF_A_RULE}
"""


def _lost_leases() -> Finding:
    found = sql.rows(_Lost, LOST_LEASES, {})
    return _finding("lease", map(_lost_lease, found), found[0].total if found else 0)


def _lost_lease(lost: _Lost) -> Violation:
    lease = "has no lease" if lost.overdue is None else f"has a lease that expired {lost.overdue:.0f} s ago"
    sentence = f"is running on {lost.worker or 'no worker'} and {lease}. {SWEEPER_HINT}"
    return Violation("lease", _public(lost.id), sentence)


# --- release ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Unreleased:
    id: UUID
    lane: int
    waited: float
    total: int


# Room is counted as queueing.py counts it. Promotion makes room too: what it moved shows in the lane above.
UNRELEASED = f"""
WITH moved AS MATERIALIZED (
    {_MOVED.format(seconds=RELEASE_GRACE, ended="true", limit=100_000)}
    UNION ALL
    SELECT tenant_id, lane FROM aijobs_job
    WHERE status = 'queued' AND released_at > now() - interval '{RELEASE_GRACE} seconds'
)
SELECT first.id, lane.number AS lane, extract(epoch FROM now() - first.run_after)::float AS waited,
    count(*) OVER () AS total
FROM aijobs_tenant tenant
JOIN aijobs_tenantcapacity capacity ON capacity.tenant_id = tenant.id AND capacity.active > 0
CROSS JOIN (VALUES (0), (1), (2)) AS lane(number)
CROSS JOIN LATERAL (
    SELECT id, run_after FROM aijobs_job waiting
    WHERE waiting.tenant_id = tenant.id AND waiting.lane = lane.number AND waiting.status = 'queued'
      AND waiting.released_at IS NULL AND NOT waiting.blocked
      AND waiting.run_after < now() - interval '{RELEASE_GRACE} seconds'
    ORDER BY waiting.run_after, waiting.id LIMIT 1
) first
WHERE tenant.suspended_at IS NULL
  AND coalesce(tenant.release_window, %(window)s::int) > (
      SELECT count(*) FROM aijobs_job released
      WHERE released.tenant_id = tenant.id AND released.lane = lane.number
        AND released.status = 'queued' AND released.released_at IS NOT NULL
  )
  AND (tenant.max_running IS NULL OR tenant.max_running > (
      SELECT count(*) FROM aijobs_job running WHERE running.tenant_id = tenant.id AND running.status = 'running'
  ) + (
      SELECT count(*) FROM aijobs_job released
      WHERE released.tenant_id = tenant.id AND released.lane >= lane.number
        AND released.status = 'queued' AND released.released_at IS NOT NULL
  ))
  AND NOT EXISTS (
      SELECT FROM moved
      WHERE moved.tenant_id = tenant.id
        AND (tenant.max_running IS NOT NULL OR moved.lane IN (lane.number, lane.number + 1))
  )
ORDER BY first.run_after LIMIT {TOLD_OF_A_RULE}
"""


def _unreleased() -> Finding:
    parameters = {"types": _types(), "window": settings.AIJOBS_RELEASE_WINDOW}
    found = sql.rows(_Unreleased, UNRELEASED, parameters)
    return _finding("release", map(_waiting, found), found[0].total if found else 0)


def _waiting(waiting: _Unreleased) -> Violation:
    lane = Priority(waiting.lane).label
    sentence = (
        f"has been due for {waiting.waited:.0f} s and is not released, although its tenant has room in the {lane} "
        f"lane. {SWEEPER_HINT}"
    )
    return Violation("release", _public(waiting.id), sentence)


# --- end, sequence ----------------------------------------------------------------------------------------------

_RECENT = f"""
    (SELECT id, status, event_seq FROM aijobs_job WHERE status = 'running' LIMIT {EVENTS_OF})
    UNION
    (SELECT id, status, event_seq FROM aijobs_job WHERE status = 'queued' AND released_at IS NOT NULL
     LIMIT {EVENTS_OF})
    UNION
    (SELECT job.id, job.status, job.event_seq
     FROM (SELECT job_id FROM aijobs_jobevent ORDER BY id DESC LIMIT {EVENTS_OF}) newest
     JOIN aijobs_job job ON job.id = newest.job_id)
    UNION
    (SELECT ended.id, ended.status, ended.event_seq FROM unnest(%(types)s::text[]) AS kind(name)
     CROSS JOIN LATERAL (
        SELECT id, status, event_seq, completed_at FROM aijobs_job
        WHERE type = kind.name AND completed_at > now() - interval '{RECENT_SECONDS} seconds'
        ORDER BY completed_at DESC LIMIT {EVENTS_OF}
     ) ended
     ORDER BY ended.completed_at DESC LIMIT {EVENTS_OF})
"""
_BETWEEN = """
    SELECT id, status, event_seq FROM aijobs_job WHERE id > %(after)s::uuid AND id <= %(last)s::uuid
"""


@dataclass(frozen=True, slots=True)
class _Told:
    """A job's row beside what its events tell."""

    id: UUID
    status: str
    event_seq: int
    events: int
    first_seq: int | None
    last_seq: int | None
    last_kind: str | None
    ends: int
    total: int


# `looked` is materialised, and the events aggregated job by job: one short index scan each.
_TOLD = """
WITH looked AS MATERIALIZED ({jobs})
SELECT looked.*, told.*, count(*) OVER () AS total
FROM looked CROSS JOIN LATERAL (
    SELECT count(*) AS events, min(seq) AS first_seq, max(seq) AS last_seq,
        (array_agg(kind ORDER BY seq DESC))[1] AS last_kind,
        count(*) FILTER (WHERE kind IN ('completed', 'failed', 'cancelled')) AS ends
    FROM aijobs_jobevent event WHERE event.job_id = looked.id
) told
WHERE {wrong}
ORDER BY looked.id {limit}
"""
_LIMIT = f"LIMIT {TOLD_OF_A_RULE}"
_WRONG_END = """
    ends <> (status IN ('completed', 'failed', 'cancelled'))::int
    OR (status IN ('completed', 'failed', 'cancelled') AND last_kind IS DISTINCT FROM status)
"""
_WRONG_SEQUENCE = """
    events <> event_seq OR first_seq IS DISTINCT FROM 1 OR last_seq IS DISTINCT FROM event_seq
"""
WRONG_ENDS = _TOLD.format(jobs=_RECENT, wrong=_WRONG_END, limit=_LIMIT)
WRONG_ENDS_BETWEEN = _TOLD.format(jobs=_BETWEEN, wrong=_WRONG_END, limit="")
WRONG_SEQUENCES = _TOLD.format(jobs=_RECENT, wrong=_WRONG_SEQUENCE, limit=_LIMIT)
WRONG_SEQUENCES_BETWEEN = _TOLD.format(jobs=_BETWEEN, wrong=_WRONG_SEQUENCE, limit="")


def _wrong_ends() -> Finding:
    found = sql.rows(_Told, WRONG_ENDS, {"types": _types()})
    return _finding("end", map(_wrong_end, found), found[0].total if found else 0)


def _wrong_end(told: _Told) -> Violation:
    ended = {0: "has never ended", 1: "has ended once"}.get(told.ends, f"has ended {told.ends} times")
    events = f"the last of its {told.events} events is {told.last_kind}" if told.events else "has no events"
    return Violation("end", _public(told.id), f"is {told.status}, {ended}, and {events}. {WRITER_HINT}")


def _wrong_sequences() -> Finding:
    found = sql.rows(_Told, WRONG_SEQUENCES, {"types": _types()})
    return _finding("sequence", map(_wrong_sequence, found), found[0].total if found else 0)


def _wrong_sequence(told: _Told) -> Violation:
    present = f"it has {told.events}, numbered {told.first_seq} to {told.last_seq}" if told.events else "it has none"
    sentence = f"should have the events 1 to {told.event_seq}, but {present}. {WRITER_HINT}"
    return Violation("sequence", _public(told.id), sentence)


# --- consumption ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Unconsumed:
    jobs: int
    waited: float


# Publishing again moves `released_at`: what was published before counts from when it became due.
UNCONSUMED = f"""
SELECT count(*) AS jobs, extract(epoch FROM now() - min(run_after))::float AS waited
FROM aijobs_job
WHERE status = 'queued' AND released_at IS NOT NULL
  AND (released_at < now() - interval '{CONSUMED_WITHIN} seconds'
       OR (releases > 1 AND run_after < now() - interval '{CONSUMED_WITHIN} seconds'))
  AND NOT EXISTS (SELECT FROM aijobs_job WHERE status = 'running' AND lease_expires_at > now())
  AND NOT EXISTS ({_MOVED.format(seconds=CONSUMED_WITHIN, ended="status <> 'cancelled'", limit=1)})
HAVING count(*) > 0
"""


def _unconsumed() -> Finding:
    found = sql.rows(_Unconsumed, UNCONSUMED, {"types": _types()})
    return _finding("consumption", map(_nobody_claims, found), len(found))


def _nobody_claims(unconsumed: _Unconsumed) -> Violation:
    queues = ", ".join(QUEUES[priority] for priority in sorted(QUEUES, reverse=True))
    sentence = (
        f"{unconsumed.jobs} jobs wait in the broker, the oldest for {unconsumed.waited:.0f} s, and no worker has "
        f"taken a job for {CONSUMED_WITHIN} s. Check that workers run on the queues {queues} of this broker."
    )
    return Violation("consumption", None, sentence)


# --- capacity ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Capacity:
    tenant: str
    counted: int
    active: int


WRONG_CAPACITIES = """
SELECT tenant.name AS tenant, coalesce(capacity.active, 0) AS counted, coalesce(present.active, 0) AS active
FROM aijobs_tenant tenant
LEFT JOIN aijobs_tenantcapacity capacity ON capacity.tenant_id = tenant.id
LEFT JOIN (
    SELECT tenant_id, count(*)::int AS active FROM aijobs_job WHERE status IN ('queued', 'running')
    GROUP BY tenant_id
) present ON present.tenant_id = tenant.id
WHERE coalesce(capacity.active, 0) <> coalesce(present.active, 0)
ORDER BY tenant.id
"""


def _wrong_capacity(capacity: _Capacity) -> Violation:
    sentence = (
        f"the tenant {capacity.tenant} has {capacity.active} jobs queued or running, but the service counts "
        f"{capacity.counted} against its queue limit. {WRITER_HINT}"
    )
    return Violation("capacity", None, sentence)


# --- What was looked at -----------------------------------------------------------------------------------------

LOOKED_AT = f"""
SELECT
    (SELECT count(*) FROM aijobs_tenantcapacity WHERE active > 0) AS tenants,
    (SELECT count(*) FROM aijobs_job WHERE status = 'running') AS running,
    (SELECT count(*) FROM (
        SELECT FROM aijobs_job WHERE status = 'queued' AND released_at IS NOT NULL LIMIT {EVENTS_OF}
    ) released) AS released,
    (SELECT count(*) FROM (
        SELECT FROM unnest(%(types)s::text[]) AS kind(name) CROSS JOIN LATERAL (
            SELECT FROM aijobs_job
            WHERE type = kind.name AND completed_at > now() - interval '{RECENT_SECONDS} seconds' LIMIT {EVENTS_OF}
        ) each LIMIT {EVENTS_OF}
    ) ended) AS ended
"""

PRESENT = (_lost_leases, _unreleased, _unconsumed)
RECORDED = (_wrong_ends, _wrong_sequences)
