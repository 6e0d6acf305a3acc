"""The judge of every chaos test: what the service promises, as rules over a history. Each violation is one line."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from uuid import UUID

from aijobs import registry
from aijobs.states import TERMINAL, TRANSITIONS, EventKind, OnFailure, Status
from tests.chaos.history import Batch, Event, History, Job, Run
from tests.engine import AFTER

SPENDS_BUDGET = {EventKind.RETRIED, EventKind.LEASE_LOST, EventKind.FAILED}
# After these a process may still be at work on the attempt: what it writes is refused.
TAKEN_AWAY = {EventKind.LEASE_LOST, EventKind.HANDED_BACK}
# A failure may also be the sweeper's verdict.
WRITTEN_BY_ITS_WORKER = {EventKind.COMPLETED, EventKind.RETRIED}
# Types whose handler writes its runs down.
COUNTED = {"test_counted", "test_poison"}
PREDECESSOR = "PREDECESSOR_"

Violations = Iterator[str]


def violations(history: History) -> list[str]:
    """Everything in which a history breaks the promises; empty when it keeps them."""
    events: dict[UUID, list[Event]] = defaultdict(list)
    for event in sorted(history.events, key=lambda event: event.seq):
        events[event.job_id].append(event)
    runs: dict[UUID, list[Run]] = defaultdict(list)
    for run in history.runs:
        runs[run.job_id].append(run)
    found = [*_acceptance(history)]
    for job in history.jobs:
        found += _event_log(job, events[job.id])
        found += _budget(job, events[job.id])
        found += _runs(job, events[job.id], runs[job.id])
    for batch in history.batches:
        members = sorted((job for job in history.jobs if job.batch_id == batch.id), key=lambda job: job.position or 0)
        if batch.sequential:
            found += _order(members, events)
            found += _stop_or_continue(batch, members, events)
    found += _capacity(history)
    found += _prices(history)
    return found


def _acceptance(history: History) -> Violations:
    """Every accepted job is there and ended as it may; nothing is there that nobody was told of."""
    stored = {job.id: job for job in history.jobs}
    for job_id, allowed in history.accepted.items():
        if job_id not in stored:
            yield f"{job_id}: accepted, and lost"
        elif stored[job_id].status not in TERMINAL:
            yield f"{job_id}: not terminal, but {stored[job_id].status}"
        elif stored[job_id].status not in allowed:
            job = stored[job_id]
            yield f"{job_id}: ended {job.status} ({job.error_code or job.cancel_reason}), not {sorted(allowed)}"
    for job_id in stored.keys() - history.accepted.keys():
        yield f"{job_id}: stored, and nobody was told so"


def _event_log(job: Job, events: list[Event]) -> Violations:
    """Contiguous, legal, one end which is the last, attempts counted up; the row says what the last event says."""
    if [event.seq for event in events] != list(range(1, len(events) + 1)) or len(events) != job.event_seq:
        yield f"{job.id}: seq is {[event.seq for event in events]}, and the row's {job.event_seq}"
    if not events:
        return
    states = [AFTER[event.kind] for event in events]
    told = [event.kind for event in events]
    if told[0] != EventKind.QUEUED:
        yield f"{job.id}: begins with {told[0]}"
    for before, after in pairwise(states):
        if after not in TRANSITIONS[before]:
            yield f"{job.id}: {before} → {after} is no transition: {told}"
    ends = [state for state in states if state in TERMINAL]
    if len(ends) != 1 or states[-1] not in TERMINAL:
        yield f"{job.id}: not one terminal event at the end: {told}"
    if states[-1] != job.status:
        yield f"{job.id}: the row is {job.status}, the last event {told[-1]}"
    yield from _attempts(job, events)


def _attempts(job: Job, events: list[Event]) -> Violations:
    """Attempts start as 1, 2, 3, …, and none while another holds the lease."""
    started = [event.attempt for event in events if event.kind == EventKind.STARTED]
    if started != list(range(1, len(started) + 1)) or len(started) != job.attempt:
        yield f"{job.id}: attempts started as {started}, and the row's is {job.attempt}"
    holder: int | None = None
    for event in events:
        if event.kind == EventKind.STARTED:
            if holder is not None:
                yield f"{job.id}: attempt {event.attempt} started in the lease of attempt {holder}"
            holder = event.attempt
        else:
            if holder is not None and event.attempt != holder:
                yield f"{job.id}: attempt {event.attempt} wrote {event.kind} in the lease of attempt {holder}"
            holder = None


def _budget(job: Job, events: list[Event]) -> Violations:
    """Failures are what the events say, and never more than the type may have."""
    spent = sum(event.kind in SPENDS_BUDGET for event in events)
    if spent != job.failures:
        yield f"{job.id}: {spent} events spent budget, the row says {job.failures}"
    if (kind := registry.find(job.type)) and job.failures > kind.limits.attempts:
        yield f"{job.id}: {job.failures} failures, and {kind.limits.attempts} attempts are allowed"


def _runs(job: Job, events: list[Event], runs: list[Run]) -> Violations:
    """What the handlers saw: an attempt runs at most once, within its lease, and a completed job's to its end."""
    if job.type not in COUNTED:
        return
    for attempt, count in Counter(run.attempt for run in runs).items():
        if count > 1:
            yield f"{job.id}: attempt {attempt} ran {count} times"
    last = [run for run in runs if run.attempt == job.attempt and run.ended]
    if job.status == Status.COMPLETED and not last:
        yield f"{job.id}: completed by attempt {job.attempt}, which never ran to its end"
    leases = _leases(events)
    for run in runs:
        if run.attempt not in leases:
            yield f"{job.id}: attempt {run.attempt} ran, and no event says that it started"
            continue
        started, over = leases[run.attempt]
        if run.began < started.at:
            yield f"{job.id}: attempt {run.attempt} ran before it started"
        if over and over.kind in WRITTEN_BY_ITS_WORKER and run.ended is None:
            yield f"{job.id}: attempt {run.attempt} wrote {over.kind}, and its run never ended"
    yield from _overlaps(job, runs, leases)


def _overlaps(job: Job, runs: list[Run], leases: dict[int, tuple[Event, Event | None]]) -> Violations:
    """Two runs at once are only those of an attempt that was taken from a worker which did not know."""
    for before, after in pairwise(sorted(runs, key=lambda run: run.attempt)):
        _, over = leases.get(before.attempt, (None, None))
        taken_away = over is not None and over.kind in TAKEN_AWAY
        if before.ended and after.began < before.ended and not taken_away and after.attempt != before.attempt:
            yield f"{job.id}: attempts {before.attempt} and {after.attempt} ran at once"


def _leases(events: list[Event]) -> dict[int, tuple[Event, Event | None]]:
    """Attempt → its start and what ended it."""
    following: list[Event | None] = [*events[1:], None]
    return {
        event.attempt: (event, after)
        for event, after in zip(events, following, strict=True)
        if event.kind == EventKind.STARTED
    }


def _order(members: list[Job], events: Mapping[UUID, list[Event]]) -> Violations:
    """No member of a sequential batch starts before the one before it has ended."""
    for before, after in pairwise(members):
        starts = [event.at for event in events[after.id] if event.kind == EventKind.STARTED]
        ends = [event.at for event in events[before.id] if AFTER[event.kind] in TERMINAL]
        if starts and (not ends or min(starts) < max(ends)):
            yield f"{after.id}: started before {before.id}, its predecessor in batch {after.batch_id}, had ended"


def _stop_or_continue(batch: Batch, members: list[Job], events: Mapping[UUID, list[Event]]) -> Violations:
    """With `stop` nothing runs after a member that did not complete, with `continue` everything does."""
    stopped_by: Job | None = None
    for job in members:
        by_predecessor = job.cancel_reason.startswith(PREDECESSOR)
        if stopped_by is not None and batch.on_failure == OnFailure.STOP:
            if job.status != Status.CANCELLED or any(e.kind == EventKind.STARTED for e in events[job.id]):
                yield f"{job.id}: {job.status}, and {stopped_by.id} before it had ended {stopped_by.status}"
        elif by_predecessor:
            yield f"{job.id}: cancelled for a predecessor ({job.cancel_reason}), and none of them stopped the batch"
        if job.status != Status.COMPLETED and not (batch.cancelled and job.status == Status.CANCELLED):
            stopped_by = stopped_by or job


def _capacity(history: History) -> Violations:
    """What ended has given its place back."""
    for tenant, active in history.active.items():
        if active != 0:
            yield f"tenant {tenant}: {active} jobs counted as active, and all have ended"


def _prices(history: History) -> Violations:
    """A completed job's changes are there once, others' not at all; each follows the one before it."""
    written = Counter(change.job_id for change in history.changes)
    for pair, count in Counter((change.job_id, change.product_id) for change in history.changes).items():
        if count > 1:
            yield f"{pair[0]}: changed the price of product {pair[1]} {count} times"
    for job in history.jobs:
        if written[job.id] != job.applied:
            yield f"{job.id}: {job.status}, says {job.applied} prices written, and {written[job.id]} are"
    current = dict(history.imported)
    for change in sorted(history.changes, key=lambda change: change.id):
        if change.before != current.get(change.product_id):
            yield f"{change.job_id}: changed product {change.product_id} from a price that it did not have"
        current[change.product_id] = change.after
    for product, price in current.items():
        if history.prices.get(product) != price:
            yield f"product {product}: costs {history.prices.get(product)}, and its last change says {price}"
