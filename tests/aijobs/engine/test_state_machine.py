"""Random walks through the lifecycle: whatever the order of events, the promises hold."""

from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.utils.timezone import now
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from aijobs import batches
from aijobs.engine import lifecycle, priorities, queueing
from aijobs.engine.lifecycle import Run
from aijobs.engine.outcomes import Stopped
from aijobs.engine.priorities import Move
from aijobs.errors import JobNotCancellable, JobNotQueued, TransitionRefused
from aijobs.models import Job, JobEvent, TenantCapacity
from aijobs.models.jobs import UNSTARTED_TO_EXPIRE
from aijobs.states import TERMINAL, TRANSITIONS, EventKind, OnFailure, PausedBy, Priority, Status
from tests import engine
from tests.drawing import forms
from tests.factories import TenantFactory

REMARKS = {EventKind.CHANGED, EventKind.CANCEL_REQUESTED}


class Lifecycle(RuleBasedStateMachine):
    """One tenant's jobs under callers, workers (also dead and doubled ones), sweepers and time."""

    def __init__(self) -> None:
        super().__init__()
        self.tenant = TenantFactory(release_window=3)
        self.ids: list[UUID] = []
        self.batches: list[UUID] = []
        # Every run that was ever given out: late ones must be refused.
        self.runs: list[Run] = []

    @rule(count=st.integers(1, 4))
    def dispatch(self, count: int) -> None:
        self.ids += engine.dispatch(self.tenant, count)

    @rule(count=st.integers(1, 4), sequential=st.booleans(), on_failure=st.sampled_from(OnFailure))
    def dispatch_batch(self, count: int, sequential: bool, on_failure: OnFailure) -> None:
        batch_id, ids = engine.dispatch_batch(self.tenant, count, sequential=sequential, on_failure=on_failure)
        self.batches.append(batch_id)
        self.ids += ids

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        """Any message, also stale, early and doubled."""
        run = lifecycle.claim(data.draw(st.sampled_from(self.ids)), engine.WORKER)
        if run is not None:
            self.runs.append(run)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), how=st.sampled_from(["complete", "transient", "permanent", "renew", "stop"]))
    def report(self, data: st.DataObject, how: str) -> None:
        """Any run reports, also one that no longer owns its job."""
        run = data.draw(st.sampled_from(self.runs))
        owned = Job.objects.filter(id=run.id, status=Status.RUNNING, attempt=run.attempt)
        owns = (owned.filter(cancel_requested_at__isnull=False) if how == "stop" else owned).exists()
        try:
            if how == "complete":
                engine.complete(run)
            elif how == "renew":
                asked = lifecycle.renew(run.id, run.attempt, 1, 2)
                assert asked == owned.filter(cancel_requested_at__isnull=False).exists()
            elif how == "stop":
                lifecycle.record(run, Stopped((1, 2)))
            else:
                engine.fail(run, transient=how == "transient")
        except TransitionRefused:
            assert not owns
        else:
            assert owns

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.ids))
        try:
            lifecycle.cancel(job_id, self.tenant.pk)
        except JobNotCancellable:
            assert engine.statuses([job_id])[0] in (Status.RUNNING, Status.COMPLETED, Status.FAILED)
        else:
            assert engine.statuses([job_id]) == [Status.CANCELLED]

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def request_cancel(self, data: st.DataObject) -> None:
        job_id = data.draw(st.sampled_from(self.ids))
        try:
            lifecycle.request_cancel(job_id, self.tenant.pk, PausedBy.KEY)
        except JobNotCancellable:
            assert engine.statuses([job_id])[0] in (Status.COMPLETED, Status.FAILED)
        else:
            job = Job.objects.get(id=job_id)
            assert job.status == Status.CANCELLED or (job.status == Status.RUNNING and job.cancel_requested_at)

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def expire(self, data: st.DataObject) -> None:
        """Time is over for a job, and the sweeper is late or not: it is not started any more."""
        job_id = data.draw(st.sampled_from(self.ids))
        Job.objects.filter(id=job_id).update(expires_at=now() - engine.LONG_AGO)
        never_started = Job.objects.filter(id=job_id, status=Status.QUEUED, attempt=0).exists()
        run = lifecycle.claim(job_id, engine.WORKER)
        assert run is None or not never_started
        self.runs += [run] if run else []

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), minutes=st.sampled_from([-1, 10]))
    def move(self, data: st.DataObject, minutes: int) -> None:
        job_id = data.draw(st.sampled_from(self.ids))
        try:
            priorities.change_one(job_id, self.tenant.pk, None, Move(now() + timedelta(minutes=minutes)))
        except JobNotQueued:
            assert engine.statuses([job_id]) != [Status.QUEUED]
        else:
            job = Job.objects.get(id=job_id)
            assert job.released_at is None or minutes < 0

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), priority=st.sampled_from(Priority))
    def set_priority(self, data: st.DataObject, priority: Priority) -> None:
        job_id = data.draw(st.sampled_from(self.ids))
        try:
            priorities.set_priority(job_id, self.tenant.pk, priority)
        except JobNotQueued:
            assert engine.statuses([job_id]) != [Status.QUEUED]
        else:
            assert Job.objects.filter(id=job_id, status=Status.QUEUED, priority=priority, lane=priority).exists()

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def cancel_batch(self, data: st.DataObject) -> None:
        batch_id = data.draw(st.sampled_from(self.batches))
        batches.cancel(batch_id, self.tenant.pk)
        assert not Job.objects.filter(batch_id=batch_id, status=Status.QUEUED).exists()

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def lose_worker(self, data: st.DataObject) -> None:
        engine.let_lease_expire(data.draw(st.sampled_from(self.ids)))

    @rule()
    def sweep(self) -> None:
        lifecycle.reclaim_expired()
        lifecycle.cancel_expired()
        assert not Job.objects.filter(UNSTARTED_TO_EXPIRE, id__in=self.ids, expires_at__lt=now()).exists()
        queueing.release_due()

    @rule()
    def shut_down(self) -> None:
        lifecycle.hand_back(engine.WORKER)

    @rule()
    def let_time_pass(self) -> None:
        engine.let_backoff_pass(self.ids)

    @invariant()
    def events_tell_the_story(self) -> None:
        """Contiguous, legal, at most one end, and the row says what the last event says."""
        # Asked for at once, since this is looked at after every step.
        told: dict[UUID, list[JobEvent]] = defaultdict(list)
        for event in JobEvent.objects.filter(job_id__in=self.ids).order_by("seq"):
            told[event.job_id].append(event)
        for job in Job.objects.filter(id__in=self.ids):
            events = told[job.id]
            assert [event.seq for event in events] == list(range(1, job.event_seq + 1))
            states = [engine.AFTER[event.kind] for event in events]
            assert states[0] == Status.QUEUED
            # Two kinds of event change nothing of it.
            steps = pairwise(state for state, event in zip(states, events, strict=True) if event.kind not in REMARKS)
            assert all(after in TRANSITIONS[before] for before, after in steps)
            assert sum(state in TERMINAL for state in states) <= 1
            assert states[-1] == job.status
            assert sum(event.kind == EventKind.STARTED for event in events) == job.attempt
            # Who was asked to stop is not tried again.
            assert job.cancel_requested_at is None or job.status != Status.QUEUED

    @invariant()
    def capacity_is_exact(self) -> None:
        active = Job.objects.filter(tenant=self.tenant, status__in=[Status.QUEUED, Status.RUNNING]).count()
        counted = TenantCapacity.objects.filter(tenant=self.tenant).first()
        assert (counted.active if counted else 0) == active

    @invariant()
    def batches_keep_their_order(self) -> None:
        """The first open member is never blocked, and every later one is."""
        blocked: dict[UUID | None, list[bool]] = defaultdict(list)
        for job in Job.objects.filter(batch_id__in=self.batches, batch__sequential=True).order_by("position"):
            if job.status not in TERMINAL:
                blocked[job.batch_id].append(job.blocked)
        for still_open in blocked.values():
            assert still_open == [index > 0 for index in range(len(still_open))]

    def teardown(self) -> None:
        """Whatever happened, sweeping and working ends every job."""
        for _ in range(40):
            self.let_time_pass()
            engine.let_lease_expire(*self.ids)
            self.sweep()
            for job_id in Job.objects.filter(id__in=self.ids, status=Status.QUEUED).values_list("id", flat=True):
                if run := lifecycle.claim(job_id, engine.WORKER):
                    engine.complete(run)
            if not Job.objects.filter(id__in=self.ids, status__in=[Status.QUEUED, Status.RUNNING]).exists():
                break
        else:
            raise AssertionError(f"jobs never end: {engine.statuses(self.ids)}")
        self.events_tell_the_story()
        self.capacity_is_exact()


@pytest.mark.django_db
@forms(6, 300)
def test_promises_hold_in_any_order_of_events(examples: int) -> None:
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Shrinking replays hundreds of walks against the database: the first failing one is told as it is.
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
