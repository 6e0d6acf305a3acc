"""What has been dispatched since the last measurement: forecasts know of it before the sweeper does.

Each process knows of what it has dispatched itself.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from django.utils.timezone import now

from aijobs.auth import TenantAccess
from aijobs.engine import statistics
from aijobs.engine.forecasting import Arrived, Line, Run, Since, Turn, Work
from aijobs.engine.queueing import window_of
from aijobs.engine.workload import Workload
from aijobs.states import Priority

NO_WORK = Work()
# What was dispatched before a measurement is kept for so long: another thread may still hold the one before that.
KEPT_SECONDS = 5.0


class Dispatched(NamedTuple):
    """A job that was due when it was dispatched."""

    id: UUID
    type: str
    lane: Priority
    tenant: TenantAccess
    at: datetime


class Arrivals:
    """Jobs that came after a measurement."""

    def __init__(self, load: Workload, jobs: Iterable[Dispatched] = ()) -> None:
        self.load = load
        self.jobs: list[Dispatched] = []
        self._since = Since(load.basis)
        self._runs: dict[str, Run] = {}
        # By tenant and lane: all its jobs; and those that wait for its window or limit, which hold up none of others.
        self._own: dict[tuple[int, Priority], Work] = {}
        self._beyond: dict[tuple[int, Priority], Work] = {}
        # For how many seconds tenants with a limit had nothing to do in a lane and in higher ones.
        self._idle: dict[tuple[int, Priority], float] = {}
        self._before: dict[tuple[UUID, Priority], Arrived] = {}
        for job in jobs:
            self.note(job)

    def note(self, job: Dispatched) -> None:
        """The job has been dispatched. It is ignored where it has been measured, and where nobody measures."""
        passed = self.passed(job.at)
        if passed < -KEPT_SECONDS or not self._since.lines:
            return
        self.jobs.append(job)
        if passed < 0:
            return
        lane, tenant, place = job.lane, job.tenant, (job.tenant.id, job.lane)
        self._before[job.id, lane] = self.before(lane, tenant.id, 0.0)
        run = self.run_of(job.type).work
        own, beyond = self._own.get(place, NO_WORK), self._beyond.get(place, NO_WORK)
        has_room = self._taken(tenant, lane) + own.jobs - beyond.jobs < window_of(tenant)
        if tenant.max_running is not None:
            self._let_idle(tenant, lane, passed)
        self._since.add(lane, run, passed, shared=has_room)
        self._own[place] = own + run
        if not has_room:
            self._beyond[place] = beyond + run

    def line(self, lane: Priority) -> Line | None:
        """None where no process takes from the lane."""
        return self._since.lines.get(lane)

    def run_of(self, type_name: str) -> Run:
        if type_name not in self._runs:
            self._runs[type_name] = Run(self.load.run_of(type_name))
        return self._runs[type_name]

    def passed(self, at: datetime) -> float:
        """Seconds since the measurement."""
        return at.timestamp() - self.load.measured_at

    def measured(self, tenant: TenantAccess, lane: Priority) -> int:
        """A tenant's jobs that were due in a lane, where they are counted apart from those of others."""
        deep = self.load.basis.lane(lane).deep.get(tenant.id)
        return deep.jobs if deep else 0

    def of_tenant(self, tenant: TenantAccess, lane: Priority) -> float:
        """How many jobs of a tenant have come into a lane."""
        return self._own.get((tenant.id, lane), NO_WORK).jobs

    def turn(self, tenant: TenantAccess, lane: Priority, own: int, passed: float) -> Turn | None:
        """Of a tenant with a limit: for a new job behind so many that were measured, and behind all that came."""
        if tenant.max_running is None:
            return None
        basis = self.load.basis
        ahead = basis.ahead_of(tenant.id, lane, own) + self._sum(self._own, lane, tenant.id)
        served = passed - self._idle.get((tenant.id, lane), 0.0)
        return Turn(tenant.max_running, basis.running_of.get(tenant.id, ()), ahead, served)

    def before(self, lane: Priority, tenant_id: int, passed: float) -> Arrived:
        """What is before a new job of a tenant: what is within windows, and all of its own."""
        return self._since.before(lane, passed, self._sum(self._beyond, lane, tenant_id))

    def above(self, lane: Priority) -> Arrived:
        """What is before a job that was there already, of those within windows."""
        return self._since.above(lane)

    def before_noted(self, job_id: UUID, lane: Priority, passed: float) -> Arrived | None:
        """What was before a job that was noted. None of any other."""
        noted = self._before.get((job_id, lane))
        return noted and noted.later(passed)

    def _sum(self, works: Mapping[tuple[int, Priority], Work], lane: Priority, tenant_id: int) -> Work:
        """Of a tenant's lane and its higher ones."""
        found = [works.get((tenant_id, each)) for each in Priority if each >= lane] if works else []
        return sum(filter(None, found), NO_WORK)

    def _taken(self, tenant: TenantAccess, lane: Priority) -> int:
        """What was measured of its window: or, with a limit, of that."""
        running = self.load.basis.running_of.get(tenant.id, ()) if tenant.max_running is not None else ()
        return self.measured(tenant, lane) + len(running)

    def _let_idle(self, tenant: TenantAccess, lane: Priority, passed: float) -> None:
        for other in [each for each in Priority if each <= lane]:
            if turn := self.turn(tenant, other, self.measured(tenant, other), passed):
                place = (tenant.id, other)
                self._idle[place] = max(self._idle.get(place, 0.0), passed - turn.until_free.mean)


class _Current:
    def __init__(self) -> None:
        self._lock = Lock()
        self._arrivals = Arrivals(Workload())

    def arrivals(self) -> Arrivals:
        load = statistics.snapshot().workload
        if load.measured_at != self._arrivals.load.measured_at:
            with self._lock:
                if load.measured_at != self._arrivals.load.measured_at:
                    self._arrivals = Arrivals(load, self._arrivals.jobs)
        return self._arrivals

    def note(self, jobs: Iterable[Dispatched]) -> None:
        """It reads no new measurement: what asks the database may fail, and the jobs are dispatched."""
        with self._lock:
            for job in jobs:
                self._arrivals.note(job)


_current = _Current()


def current() -> Arrivals:
    """Since the last measurement that this process knows of."""
    return _current.arrivals()


def note(tenant: TenantAccess, jobs: Iterable[tuple[UUID, str, Priority]]) -> None:
    """Jobs that have been dispatched by this process just now, and are due."""
    at = now()
    _current.note(Dispatched(*job, tenant, at) for job in jobs)
