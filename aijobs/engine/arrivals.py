"""What has been dispatched since the last measurement: forecasts know of it before the sweeper does.

Each process knows of what it has dispatched itself.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from threading import Lock
from typing import NamedTuple
from uuid import UUID

from aijobs import identifiers
from aijobs.auth import TenantAccess
from aijobs.engine import statistics
from aijobs.engine.forecasting import Arrived, Line, Since, Work, work_of
from aijobs.engine.queueing import window_of
from aijobs.engine.workload import Workload
from aijobs.states import Priority


class Dispatched(NamedTuple):
    """A job that was due when it was dispatched."""

    id: UUID
    type: str
    lane: Priority
    tenant: TenantAccess
    at: datetime


class Arrivals:
    """Jobs that came after a measurement, in order."""

    def __init__(self, load: Workload, jobs: Iterable[Dispatched] = ()) -> None:
        self.load = load
        self.jobs: list[Dispatched] = []
        self._since = Since(load.basis)
        # By tenant and lane: the work of its jobs, and how many of them are within its window.
        self._own: dict[tuple[int, Priority], Work] = {}
        self._within: dict[tuple[int, Priority], int] = {}
        self._before: dict[tuple[UUID, Priority], Arrived] = {}
        for job in jobs:
            self.note(job)

    def note(self, job: Dispatched) -> None:
        """The job has been dispatched. It is ignored where it has been measured, and where nobody measures."""
        passed = self.passed(job.at)
        if passed < 0 or not self._since.lines:
            return
        self.jobs.append(job)
        self._before[job.id, job.lane] = self.before(job.lane, job.tenant.id, 0.0)
        run, place = work_of([self.load.run_of(job.type)]), (job.tenant.id, job.lane)
        deep = self.load.basis.lane(job.lane).deep.get(job.tenant.id)
        within = self._within.get(place, 0)
        has_room = (deep.jobs if deep else 0) + within < window_of(job.tenant)
        self._since.add(job.lane, run, passed, shared=has_room)
        self._own[place] = self._own.get(place, Work()) + run
        self._within[place] = within + has_room

    def line(self, lane: Priority) -> Line | None:
        """None where no process takes from the lane."""
        return self._since.lines.get(lane)

    def passed(self, at: datetime) -> float:
        """Seconds since the measurement."""
        return at.timestamp() - self.load.measured_at

    def own(self, tenant_id: int, lane: Priority) -> Work:
        """A tenant's jobs in a lane and in higher ones."""
        return sum((self._own.get((tenant_id, each), Work()) for each in Priority if each >= lane), Work())

    def before(self, lane: Priority, tenant_id: int, passed: float) -> Arrived:
        """What is before a new job of a tenant: what is within windows, and all of its own."""
        shared = self._since.before(lane, passed)
        beyond = Work()
        for place in [(tenant_id, each) for each in Priority if each >= lane]:
            if own := self._own.get(place):
                beyond += own.part(own.jobs - self._within[place])
        return replace(shared, work=shared.work + beyond)

    def before_noted(self, job_id: UUID, lane: Priority, passed: float) -> Arrived | None:
        """What was before a job that was noted. None of any other."""
        noted = self._before.get((job_id, lane))
        return noted and noted.later(passed)


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
        self.arrivals()
        with self._lock:
            for job in jobs:
                self._arrivals.note(job)


_current = _Current()


def current() -> Arrivals:
    """Since the last measurement that this process knows of."""
    return _current.arrivals()


def note(tenant: TenantAccess, jobs: Iterable[tuple[UUID, str, Priority]]) -> None:
    """Jobs that have been dispatched by this process, and are due."""
    _current.note(Dispatched(*job, tenant, identifiers.created_at(job[0])) for job in jobs)
