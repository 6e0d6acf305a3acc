"""What is due, what runs and who takes it: what forecasts rest on. The sweeper measures it with the statistics."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.timezone import now
from pydantic import TypeAdapter

from aijobs import registry, sql
from aijobs.engine.forecasting import (
    MOST_SCORES,
    Basis,
    Deep,
    Lane,
    Times,
    Work,
    correction_of,
    mixed,
    score_of,
    work_of,
)
from aijobs.models.workers import SILENT_SECONDS
from aijobs.states import QUEUES, Priority

# How far back to look for what lanes keep busy, and for what is in a lane that is empty now; but not beyond the first
# minute with a job, so that what has just begun is not taken for a fraction of itself.
LATELY_SECONDS = 300.0
LEAST_SECONDS = 60.0
# Of the moments at which jobs came to the broker.
MARKS = [(number + 0.5) / 20 for number in range(20)]
# Tenants with more jobs in a lane than their window holds. Those beyond are taken for tenants without a window.
MOST_DEEP = 200


@dataclass(frozen=True, slots=True)
class Workload:
    """`times`: of each type, how long its last runs took, or what is usual for it where there are none.

    `measured_at`: in seconds since 1970.
    """

    basis: Basis = field(default_factory=Basis)
    times: Mapping[str, Times] = field(default_factory=dict)
    measured_at: float = 0.0

    def run_of(self, type_name: str) -> Times:
        return self.times.get(type_name) or usual(type_name)

    def one_of(self, weights: Mapping[str, float]) -> Work:
        """A job of these types, which are so frequent."""
        return mixed(weights, {name: self.run_of(name) for name in weights})

    def left_of(self, type_name: str, elapsed: float) -> Work:
        """Of a run of that type that has taken so many seconds."""
        return work_of([self.run_of(type_name).left(elapsed)])


def usual(type_name: str) -> Times:
    kind = registry.find(type_name)
    return Times.of_range(*(kind.limits.typical_range if kind else (1, 60)))


@dataclass(frozen=True, slots=True)
class _Due:
    """Jobs of a type in a lane: of one tenant (see Deep), or of all others."""

    lane: int
    type: str
    jobs: float
    tenant: int | None
    window: int | None
    most: int | None


@dataclass(frozen=True, slots=True)
class _Released:
    lane: int
    jobs: int
    marks: list[float]


@dataclass(frozen=True, slots=True)
class _Running:
    """`limited`: the tenant, where it may have so many running only."""

    type: str
    elapsed: float
    limited: int | None


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
    # Since the first minute in which any job ended.
    lately: float

    @property
    def busy(self) -> float:
        """Processes that these jobs kept busy: the first of them began about a run before the time began."""
        return self.seconds / (max(self.lately, LEAST_SECONDS) + self.seconds / self.jobs)


@dataclass(frozen=True, slots=True)
class _Score:
    ended: float
    median: float
    p90: float
    missed: bool


def measure(runs: Mapping[str, Sequence[int]]) -> Workload:
    """`runs`: jobs per bucket of each type's last runs."""
    measured_at = now().timestamp()
    parameters = {
        "window": settings.AIJOBS_RELEASE_WINDOW,
        "marks": MARKS,
        "deep": MOST_DEEP,
        "silent": SILENT_SECONDS,
        "lately": LATELY_SECONDS,
        "scores": MOST_SCORES,
    }
    load = Workload(times={name: Times.of_buckets(buckets) for name, buckets in runs.items() if any(buckets)})
    running = [(load.left_of(row.type, row.elapsed), row.limited) for row in sql.rows(_Running, RUNNING, parameters)]
    running_of: dict[int, list[Work]] = {}
    for left, tenant in running:
        if tenant is not None:
            running_of.setdefault(tenant, []).append(left)
    last = sql.rows(_Score, SCORES, parameters)
    scores = [score_of(row.ended, row.median, row.p90) for row in last]
    missed = sum(row.missed for row in last) / max(len(last), 1)
    all_running = tuple(left for left, _ in running)
    of_limited = {tenant: tuple(each) for tenant, each in running_of.items()}
    basis = Basis(_lanes(load, parameters), all_running, correction_of(scores, missed), of_limited)
    return Workload(basis, load.times, measured_at)


def _lanes(load: Workload, parameters: Mapping[str, object]) -> dict[int, Lane]:
    due = sql.rows(_Due, DUE, parameters)
    released = {row.lane: row for row in sql.rows(_Released, RELEASED, parameters)}
    ended = sql.rows(_Ended, ENDED, parameters)
    workers = sql.rows(_Places, PLACES, parameters)
    lanes: dict[int, Lane] = {}
    for lane in Priority:
        here = [row for row in due if row.lane == lane]
        # What comes into an empty lane is probably what has been in it.
        mix = _by_type(here) or {row.type: row.jobs for row in ended if row.lane == lane}
        broker = released.get(lane, _Released(lane, 0, []))
        lanes[lane] = Lane(
            places=sum(row.places for row in workers if QUEUES[lane] in row.queues),
            jobs=round(sum(row.jobs for row in here)),
            released=broker.jobs,
            released_at=tuple(broker.marks),
            one=load.one_of(mix),
            busy=sum(row.busy for row in ended if row.lane == lane),
            deep=_deep(load, here),
        )
    return lanes


def _deep(load: Workload, here: Iterable[_Due]) -> dict[int, Deep]:
    by_tenant: dict[tuple[int, int, int | None], list[_Due]] = {}
    for row in here:
        if row.tenant is not None and row.window is not None:
            by_tenant.setdefault((row.tenant, row.window, row.most), []).append(row)
    return {
        tenant: Deep(round(sum(row.jobs for row in rows)), window, load.one_of(_by_type(rows)), most)
        for (tenant, window, most), rows in by_tenant.items()
    }


def _by_type(rows: Iterable[_Due]) -> dict[str, float]:
    jobs: dict[str, float] = {}
    for row in rows:
        jobs[row.type] = jobs.get(row.type, 0.0) + row.jobs
    return jobs


# As JSON, in the statistics' row.
WORKLOAD = TypeAdapter(Workload)


# The lanes of all tenants with active jobs, and where looks into them begin. Nobody waits for what a suspended tenant
# has queued, but what it has running takes places.
_LANES = """
lanes AS MATERIALIZED (
    SELECT capacity.tenant_id, lanes.number AS lane, coalesce(bound.due_from, '-infinity') AS due_from,
        coalesce(bound.started_from, '-infinity') AS started_from,
        least(coalesce(tenant.release_window, %(window)s::int), tenant.max_running) AS size,
        tenant.max_running AS most
    FROM aijobs_tenantcapacity capacity JOIN aijobs_tenant tenant ON tenant.id = capacity.tenant_id
    CROSS JOIN (VALUES (0), (1), (2)) AS lanes(number)
    LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = capacity.tenant_id AND bound.lane = lanes.number
    WHERE capacity.active > 0{}
)
"""
LANES = _LANES.format(" AND tenant.suspended_at IS NULL")
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
# Types stand in no index: of what waits, the first of each tenant speak for the others. What waits is counted
# once: of 100,000 jobs that is nearly all that the statement costs.
DUE = f"""
WITH {LANES}, waiting AS MATERIALIZED (
    SELECT lanes.*, due.jobs FROM lanes CROSS JOIN LATERAL (SELECT count(*) AS jobs {_WAITING}) due
    WHERE due.jobs > 0 OR lanes.most IS NOT NULL
), deep AS MATERIALIZED (
    SELECT tenant_id, lane, size, most FROM waiting ORDER BY jobs DESC LIMIT %(deep)s::int
)
SELECT lane, type, sum(jobs)::float AS jobs, deep.tenant_id AS tenant, deep.size AS window, deep.most FROM (
    SELECT lanes.tenant_id, lanes.lane, job.type, 1 AS jobs FROM lanes CROSS JOIN LATERAL ({_RELEASED}) job
    UNION ALL
    SELECT lanes.tenant_id, lanes.lane, job.type,
        lanes.jobs::float / count(*) OVER (PARTITION BY lanes.tenant_id, lanes.lane)
    FROM waiting lanes CROSS JOIN LATERAL (
        SELECT job.type {_WAITING} ORDER BY job.tenant_id, job.lane, job.run_after LIMIT 20
    ) job
) each LEFT JOIN deep USING (tenant_id, lane) GROUP BY lane, type, deep.tenant_id, deep.size, deep.most
"""  # noqa: S608  # of constants
RELEASED = f"""
WITH {LANES}
SELECT lanes.lane, count(*) AS jobs, percentile_disc(%(marks)s::float[]) WITHIN GROUP (
    ORDER BY extract(epoch FROM job.released_at)::float
) AS marks
FROM lanes CROSS JOIN LATERAL ({_RELEASED}) job GROUP BY lanes.lane
"""  # noqa: S608
RUNNING = f"""
WITH {_LANES.format("")}
SELECT job.type, extract(epoch FROM now() - job.started_at)::float AS elapsed,
    CASE WHEN lanes.most IS NOT NULL THEN lanes.tenant_id END AS limited
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
SELECT lane, type, sum(count)::float AS jobs, sum(running_seconds)::float AS seconds,
    extract(epoch FROM now() - min(min(start)) OVER ())::float AS lately
FROM aijobs_minuterollup
WHERE start >= date_trunc('minute', now() - make_interval(secs => %(lately)s::float)) AND start <= now()
  AND "end" <> 'cancelled'
GROUP BY lane, type
"""
# Those that are late and not done yet would be too many of these while jobs wait for longer than a hundred take to
# end: in simulations of full load 93 to 95 % were done by a p90 that counted them, and 90 to 92 % by this one.
SCORES = """
SELECT extract(epoch FROM ended_at - made_at)::float AS ended,
    extract(epoch FROM median_at - made_at)::float AS median, extract(epoch FROM p90_at - made_at)::float AS p90,
    ended_at > promised_at AS missed
FROM aijobs_forecast WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT %(scores)s::int
"""
