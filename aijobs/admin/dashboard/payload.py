"""The front page's answer as JSON. It has moments and no ages, so it stays the same where nothing has happened."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from aijobs import identifiers
from aijobs.admin.dashboard import addresses, ended, live, verdict
from aijobs.admin.dashboard.ended import Ends, Failures, Latencies, Recent, Week
from aijobs.admin.dashboard.live import Live, Process, Tenant, Unmet, Upcoming
from aijobs.engine.figures import percentile
from aijobs.states import CONTROL_QUEUE, Priority

Json = dict[str, Any]
PERCENTILES = {"p50": 0.5, "p95": 0.95}
MOST_FAILURES = 10


def build() -> Json:
    """Everything that the page shows, in three statements."""
    now = live.read()
    recent = ended.recent(now.now, now.marketplaces)
    week = ended.week(now.now)
    return {
        "used": now.used,
        "concerns": [_concern(each) for each in verdict.concerns(now, recent, week)],
        "running": now.running,
        "places": verdict.job_places(now),
        "lanes": [_lane(lane, now, recent) for lane in sorted(Priority, reverse=True)],
        "minutes": {"first": int(recent.first_minute.timestamp()), "ends": recent.minutes},
        "types": list(_types(recent, week)),
        "failures": [_failure(each) for each in recent.failures[:MOST_FAILURES]],
        "tenants": [_tenant(each) for each in now.tenants],
        "workers": [_worker(each) for each in now.processes],
        "schedules": [_upcoming(each) for each in now.upcoming],
        "unmet": [_unmet(each) for each in now.unmet],
    }


def _concern(concern: verdict.Concern) -> Json:
    return {
        "level": concern.level,
        "sentence": concern.sentence,
        "advice": concern.advice,
        "link": concern.link,
    }


def _lane(lane: Priority, now: Live, recent: Recent) -> Json:
    depth, drained = now.depths.get(lane, 0), recent.drained.get(lane, 0.0)
    return {
        "lane": lane.label,
        "depth": depth,
        "due_since": _seconds(now.oldest.get(lane)),
        "per_minute": round(drained, 1),
        "empty_in_minutes": round(depth / drained, 1) if depth and drained else None,
    }


def _types(recent: Recent, week: Week) -> Iterator[Json]:
    """Those that ended within the last hour, those with most jobs first; then those of last week."""
    names = sorted({*recent.ended, *week.ended}, key=lambda name: (-_count(recent.ended, name), name))
    for name in names:
        ends = recent.ended.get(name, Ends())
        yield {
            "type": name,
            "ended": ends.ended,
            "failed": ends.failed,
            "failed_last_week": round(verdict.rate(week.ended[name]), 4) if name in week.ended else None,
            "times": {kind: _times(name, kind, recent.latencies) for kind in ("waiting", "running")},
            "last_week": {kind: _times(name, kind, week.latencies) for kind in ("waiting", "running")},
            "link": addresses.jobs(type=name),
        }


def _count(ends: Mapping[str, Ends], name: str) -> int:
    return ends[name].ended if name in ends else 0


def _times(name: str, kind: str, latencies: Latencies) -> Json:
    buckets = latencies.get((name, kind), ())
    percentiles = {label: percentile(buckets, share) for label, share in PERCENTILES.items()}
    return {label: None if seconds is None else round(seconds, 3) for label, seconds in percentiles.items()}


def _failure(failures: Failures) -> Json:
    places = sorted(failures.marketplaces.items(), key=lambda each: (-each[1], each[0]))
    return {
        "code": failures.code,
        "count": failures.count,
        "hourly_before": round(failures.before / 24, 1),
        "marketplaces": [name for name, _ in places[:3]],
        "link": addresses.jobs(status="failed", code=failures.code, created="day"),
    }


def _tenant(tenant: Tenant) -> Json:
    return {
        "tenant": tenant.name,
        "active": tenant.active,
        "running": tenant.running,
        "limit": _limit(tenant),
        "link": addresses.jobs(tenant=tenant.name),
    }


def _limit(tenant: Tenant) -> str:
    """Why it waits, or "" where it does not."""
    if tenant.suspended:
        return "suspended"
    if tenant.max_running is not None and tenant.running >= tenant.max_running:
        return f"{tenant.running} of {tenant.max_running} running"
    return f"{tenant.active} of {tenant.queue_limit} jobs" if tenant.active >= tenant.queue_limit else ""


def _worker(process: Process) -> Json:
    """When it was seen is said only of one that is silent: of the others it would change with every answer."""
    return {
        "name": process.name,
        "host": process.host,
        "queues": _purpose(process),
        "places": process.places,
        "holds": process.holds,
        "held": [_held(*each) for each in process.held],
        "version": process.version,
        "last_claim": _seconds(process.last_claim_at),
        "silent_since": None if process.alive else _seconds(process.seen_at),
    }


def _held(job_id: UUID, type_name: str) -> Json:
    return {
        "job": identifiers.encode(identifiers.JOB_PREFIX, job_id),
        "type": type_name,
        "link": addresses.job(job_id),
    }


def _purpose(process: Process) -> Sequence[str]:
    return [queue.removeprefix(CONTROL_QUEUE.partition(".")[0] + ".") for queue in process.queues]


def _upcoming(schedule: Upcoming) -> Json:
    return {
        "schedule": schedule.name,
        "tenant": schedule.tenant,
        "due": _seconds(schedule.due_at),
        "held": schedule.held,
        "link": addresses.schedule(schedule.id),
    }


def _unmet(run: Unmet) -> Json:
    return {
        "schedule": run.name,
        "tenant": run.tenant,
        "due": _seconds(run.due_at),
        "outcome": run.outcome,
        "detail": run.detail,
        "link": addresses.schedule(run.id),
    }


def _seconds(moment: datetime | None) -> int | None:
    """As the browser counts them."""
    return None if moment is None else int(moment.timestamp())
