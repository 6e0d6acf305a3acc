"""What is due, what runs and who takes it: what forecasts rest on. The sweeper measures it with the statistics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from pydantic import TypeAdapter

from aijobs import registry, sql
from aijobs.engine.forecasting import (
    MOST_SCORES,
    Basis,
    Deep,
    Lane,
    Times,
    correction_of,
    mixed,
    score_of,
    work_of,
)
from aijobs.models.workers import SILENT_SECONDS
from aijobs.states import QUEUES, Priority

# How far back to look for what lanes keep busy, and for what is in a lane that is empty now.
LATELY_SECONDS = 300.0
# Of the moments at which jobs came to the broker.
MARKS = [(number + 0.5) / 20 for number in range(20)]
# Tenants with more jobs in a lane than their window holds. Those beyond are taken for tenants without a window.
MOST_DEEP = 200


@dataclass(frozen=True, slots=True)
class Workload:
    """`times`: of each type, how long its last runs took, or what is usual for it where there are none."""

    basis: Basis = field(default_factory=Basis)
    times: Mapping[str, Times] = field(default_factory=dict)

    def run_of(self, type_name: str) -> Times:
        return self.times.get(type_name) or usual(type_name)


def usual(type_name: str) -> Times:
    kind = registry.find(type_name)
    return Times.of_range(*(kind.limits.typical_range if kind else (1, 60)))


@dataclass(frozen=True, slots=True)
class _Due:
    """Jobs of a type in a lane; or, without a type, all of a tenant that has more than its window holds."""

    lane: int
    type: str | None
    jobs: float
    tenant: int | None
    window: int | None


@dataclass(frozen=True, slots=True)
class _Released:
    lane: int
    jobs: int
    marks: list[float]


@dataclass(frozen=True, slots=True)
class _Running:
    type: str
    elapsed: float


@dataclass(frozen=True, slots=True)
class _Places:
    queues: list[str]
    places: int


@dataclass(frozen=True, slots=True)
class _Ended:
    lane: int
    type: str
    jobs: float
    seconds: float


@dataclass(frozen=True, slots=True)
class _Score:
    ended: float
    median: float
    p90: float
    missed: bool


def measure(runs: Mapping[str, Sequence[int]]) -> Workload:
    """`runs`: jobs per bucket of each type's last runs."""
    parameters = {
        "window": settings.AIJOBS_RELEASE_WINDOW,
        "marks": MARKS,
        "deep": MOST_DEEP,
        "silent": SILENT_SECONDS,
        "lately": LATELY_SECONDS,
        "scores": MOST_SCORES,
    }
    load = Workload(times={name: Times.of_buckets(buckets) for name, buckets in runs.items() if any(buckets)})
    running = work_of(load.run_of(row.type).left(row.elapsed) for row in sql.rows(_Running, RUNNING, parameters))
    last = sql.rows(_Score, SCORES, parameters)
    scores = [score_of(row.ended, row.median, row.p90) for row in last]
    missed = sum(row.missed for row in last) / max(len(last), 1)
    basis = Basis(_lanes(load, parameters), running, correction_of(scores, missed))
    return Workload(basis, load.times)


def _lanes(load: Workload, parameters: Mapping[str, object]) -> dict[int, Lane]:
    due = sql.rows(_Due, DUE, parameters)
    released = {row.lane: row for row in sql.rows(_Released, RELEASED, parameters)}
    ended = sql.rows(_Ended, ENDED, parameters)
    workers = sql.rows(_Places, PLACES, parameters)
    lanes: dict[int, Lane] = {}
    for lane in Priority:
        here = {row.type: row.jobs for row in due if row.lane == lane and row.type}
        # What comes into an empty lane is probably what has been in it.
        mix = here or {row.type: row.jobs for row in ended if row.lane == lane}
        broker = released.get(lane, _Released(lane, 0, []))
        lanes[lane] = Lane(
            places=sum(row.places for row in workers if QUEUES[lane] in row.queues),
            jobs=round(sum(here.values())),
            released=broker.jobs,
            released_at=tuple(broker.marks),
            one=mixed(mix, {name: load.run_of(name) for name in mix}),
            busy=sum(row.seconds for row in ended if row.lane == lane) / LATELY_SECONDS,
            deep={
                row.tenant: Deep(round(row.jobs), row.window)
                for row in due
                if row.lane == lane and row.tenant and row.window is not None
            },
        )
    return lanes


# As JSON, in the statistics' row.
WORKLOAD = TypeAdapter(Workload)


# The lanes of all tenants with active jobs, and where looks into them begin.
LANES = """
lanes AS MATERIALIZED (
    SELECT capacity.tenant_id, lanes.number AS lane, coalesce(bound.due_from, '-infinity') AS due_from,
        coalesce(bound.started_from, '-infinity') AS started_from,
        coalesce(tenant.release_window, %(window)s::int) AS size
    FROM aijobs_tenantcapacity capacity JOIN aijobs_tenant tenant ON tenant.id = capacity.tenant_id
    CROSS JOIN (VALUES (0), (1), (2)) AS lanes(number)
    LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = capacity.tenant_id AND bound.lane = lanes.number
    WHERE capacity.active > 0 AND tenant.suspended_at IS NULL
)
"""
_RELEASED = """
SELECT job.type, job.released_at FROM aijobs_job job
WHERE job.tenant_id = lanes.tenant_id AND job.lane = lanes.lane AND job.status = 'queued'
  AND job.released_at IS NOT NULL AND job.run_after >= lanes.due_from
"""
_WAITING = """
FROM aijobs_job job
WHERE job.tenant_id = lanes.tenant_id AND job.lane = lanes.lane AND job.status = 'queued'
  AND job.released_at IS NULL AND NOT job.blocked AND job.run_after BETWEEN lanes.due_from AND now()
"""
# Types stand in no index: of what waits, the first of each tenant speak for the others. What waits is counted once
# for both: of 100,000 jobs that is nearly all that the statement costs.
DUE = f"""
WITH {LANES}, waiting AS MATERIALIZED (
    SELECT lanes.*, due.jobs FROM lanes CROSS JOIN LATERAL (SELECT count(*) AS jobs {_WAITING}) due WHERE due.jobs > 0
)
SELECT lane, type, sum(jobs)::float AS jobs, NULL::bigint AS tenant, NULL::int AS window FROM (
    SELECT lanes.lane, job.type, 1 AS jobs FROM lanes CROSS JOIN LATERAL ({_RELEASED}) job
    UNION ALL
    SELECT lanes.lane, job.type, lanes.jobs::float / count(*) OVER (PARTITION BY lanes.tenant_id, lanes.lane)
    FROM waiting lanes CROSS JOIN LATERAL (
        SELECT job.type {_WAITING} ORDER BY job.tenant_id, job.lane, job.run_after LIMIT 20
    ) job
) each GROUP BY lane, type
UNION ALL (
    SELECT lanes.lane, NULL, (lanes.jobs + released.jobs)::float AS jobs, lanes.tenant_id, lanes.size
    FROM waiting lanes CROSS JOIN LATERAL (SELECT count(*) AS jobs FROM ({_RELEASED}) job) released
    ORDER BY jobs DESC LIMIT %(deep)s::int
)
"""  # noqa: S608  # of constants
RELEASED = f"""
WITH {LANES}
SELECT lanes.lane, count(*) AS jobs, percentile_disc(%(marks)s::float[]) WITHIN GROUP (
    ORDER BY extract(epoch FROM job.released_at)::float
) AS marks
FROM lanes CROSS JOIN LATERAL ({_RELEASED}) job GROUP BY lanes.lane
"""  # noqa: S608
RUNNING = f"""
WITH {LANES}
SELECT job.type, extract(epoch FROM now() - job.started_at)::float AS elapsed
FROM lanes CROSS JOIN LATERAL (
    SELECT job.type, job.started_at FROM aijobs_job job
    WHERE job.tenant_id = lanes.tenant_id AND job.lane = lanes.lane AND job.status = 'running'
      AND job.started_at >= lanes.started_from
) job
"""  # noqa: S608
PLACES = """
SELECT queues, sum(places)::int AS places FROM aijobs_worker
WHERE seen_at > now() - make_interval(secs => %(silent)s::float) GROUP BY queues
"""
ENDED = """
SELECT lane, type, sum(count)::float AS jobs, sum(running_seconds)::float AS seconds FROM aijobs_minuterollup
WHERE start >= date_trunc('minute', now() - make_interval(secs => %(lately)s::float)) AND start <= now()
  AND "end" <> 'cancelled'
GROUP BY lane, type
"""
# One whose p90 has passed is as late as it is now, at the least.
SCORES = """
SELECT extract(epoch FROM coalesce(ended_at, now()) - made_at)::float AS ended,
    extract(epoch FROM median_at - made_at)::float AS median, extract(epoch FROM p90_at - made_at)::float AS p90,
    coalesce(ended_at, now()) > promised_at AS missed
FROM aijobs_forecast WHERE ended_at IS NOT NULL OR p90_at < now()
ORDER BY coalesce(ended_at, now()) DESC LIMIT %(scores)s::int
"""
