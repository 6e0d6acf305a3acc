"""One action on all jobs that match a filter: asked for, carried out in short steps, stopped.

A step looks through a stretch of ids, in order, and acts on the jobs in it that match: so it is short however many
jobs there are, and whatever of them match. The cursor goes on in the transaction that acts, or, where an action has
transactions of its own, after ones that a second time do nothing more. So a worker may be killed at any moment, and
two may carry out the same action at once: whoever is second finds that the cursor has gone on.
"""

import logging
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from django.db import OperationalError, transaction
from django.db.models import F, QuerySet
from django.utils.timezone import now

from aijobs import idempotency, identifiers, retrying, sql
from aijobs.auth import KEY_PREFIX, TenantAccess
from aijobs.engine import lifecycle, priorities, queueing, results, statements
from aijobs.errors import (
    ApiError,
    BulkActionNotFound,
    EmptyFilter,
    InvalidFilter,
    JobNotCancellable,
    JobNotQueued,
    TooManyBulkActions,
    TryAgain,
)
from aijobs.filtering import JobFilter
from aijobs.models import Batch, BulkAction, Job, Tenant
from aijobs.states import BulkKind, BulkState, PausedBy, Priority, Status

logger = logging.getLogger(__name__)

# Ids that a step looks through, and jobs that it acts on: 5 ms for the ones, 20 to 150 ms for the others.
STRETCH = 5_000
JOBS_A_STEP = 100
# Of retries so many are in one transaction, which other dispatches of their tenants may have to wait for.
RETRY_SECONDS = 0.1
RETRIED_AT_ONCE = 10
# A list or a page says "more than 10,000".
MOST_COUNTED = 10_000
COUNT_SECONDS = 1

# What an action is for. A retry has to be asked for by status where it is to repeat what completed.
APPLIES_TO: dict[str, tuple[Status, ...]] = {
    BulkKind.CANCEL: (Status.QUEUED, Status.RUNNING),
    BulkKind.SET_PRIORITY: (Status.QUEUED,),
    BulkKind.RETRY: (Status.FAILED, Status.CANCELLED, Status.COMPLETED),
    # Of those that were cancelled, the ones that were stopped while they were running may have one.
    BulkKind.DELETE_RESULT: (Status.COMPLETED, Status.CANCELLED),
}
UNLESS_ASKED: dict[str, tuple[Status, ...]] = {**APPLIES_TO, BulkKind.RETRY: (Status.FAILED, Status.CANCELLED)}


def narrowed(kind: BulkKind, wanted: JobFilter) -> JobFilter:
    """The filter, with the statuses that the action is for. Raises EmptyFilter, InvalidFilter."""
    if wanted.is_empty:
        raise EmptyFilter()
    statuses = [each for each in UNLESS_ASKED[kind] if not wanted.status]
    statuses += [each for each in APPLIES_TO[kind] if each in wanted.status]
    if not statuses:
        named, possible = (" and ".join(each) for each in (wanted.status, APPLIES_TO[kind]))
        message = f"names {named} jobs, and this action is only for {possible} ones"
        told = "The filter is not valid. The details say which part of it."
        raise InvalidFilter(told, details=[{"path": "filter.status", "message": message}])
    return wanted.model_copy(update={"status": [each.value for each in statuses]})


def count(kind: BulkKind, tenant_id: int | None, wanted: JobFilter) -> int | None:
    """How many jobs match now, up to one more than MOST_COUNTED; None where that takes longer than a second.

    Raises EmptyFilter, InvalidFilter.
    """
    exact = narrowed(kind, wanted)
    parts = exact.apart(Job.objects.of(tenant_id)) if tenant_id else [exact.together(Job.objects.all())]
    counted = 0
    until = time.monotonic() + COUNT_SECONDS
    try:
        with transaction.atomic():
            for part in parts:
                # Of all parts together. For PostgreSQL 0 would be for ever.
                left = max(1, round((until - time.monotonic()) * 1_000))
                sql.execute(statements.PATIENCE_OF_ALL, {"wait": f"{left}ms"})
                counted += part.order_by()[: MOST_COUNTED + 1 - counted].count()
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        return None
    return counted


def get(bulk_id: UUID | None, tenant_id: int) -> BulkAction:
    """Raises BulkActionNotFound, also for another tenant's, and for staff's, which may be of all tenants."""
    action = BulkAction.objects.filter(tenant_id=tenant_id, id=bulk_id).first() if bulk_id else None
    if action is None:
        raise BulkActionNotFound()
    return action


def request(
    kind: BulkKind, tenant_id: int | None, wanted: JobFilter, requested_by: str, priority: Priority | None = None
) -> BulkAction:
    """Have an action carried out on all jobs that match and exist by now. Raises EmptyFilter, InvalidFilter."""
    return request_once(identifiers.new_id(), kind, tenant_id, wanted, requested_by, priority)[0]


def request_once(
    bulk_id: UUID,
    kind: BulkKind,
    tenant_id: int | None,
    wanted: JobFilter,
    requested_by: str,
    priority: Priority | None = None,
) -> tuple[BulkAction, bool]:
    """As `request`; with the same id a second time, it is the first one's action. Whether it is new."""
    expected = count(kind, tenant_id, wanted)
    values = _values(kind, tenant_id, wanted, requested_by, priority, expected)
    return BulkAction.objects.get_or_create(id=bulk_id, defaults=values)


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What an Idempotency-Key replays: kept with the action, so that it exists if and only if that does."""

    key: str
    fingerprint: bytes
    # What the answer is, once there is the action.
    write: Callable[[BulkAction], str]


def request_as_tenant(
    kind: BulkKind,
    tenant_id: int,
    wanted: JobFilter,
    requested_by: str,
    priority: Priority | None = None,
    first_answer: FirstAnswer | None = None,
) -> BulkAction:
    """As `request`, while few of the tenant's are running.

    Raises TooManyBulkActions, EmptyFilter, InvalidFilter, and IdempotencyConflict where the key of `first_answer` is
    taken.
    """
    expected = count(kind, tenant_id, wanted)
    values = _values(kind, tenant_id, wanted, requested_by, priority, expected)
    with transaction.atomic():
        # One after the other: none of two at once may be one too many.
        sql.execute(statements.PATIENCE, {"wait": "1s"})
        sql.execute(statements.LOCK_TENANT, {"tenant": tenant_id})
        if BulkAction.objects.filter(tenant_id=tenant_id, state=BulkState.RUNNING).count() >= TooManyBulkActions.most:
            raise TooManyBulkActions()
        action = BulkAction.objects.create(id=identifiers.new_id(), **values)
        if first_answer:
            answer = first_answer.write(action)
            idempotency.keep(tenant_id, first_answer.key, first_answer.fingerprint, answer)
        return action


def _values(
    kind: BulkKind,
    tenant_id: int | None,
    wanted: JobFilter,
    requested_by: str,
    priority: Priority | None,
    expected: int | None,
) -> dict[str, Any]:
    return {
        "tenant_id": tenant_id,
        "action": kind,
        "priority": priority,
        "filter": narrowed(kind, wanted).model_dump(mode="json", exclude_defaults=True),
        "requested_by": requested_by,
        "expected": expected,
        # What is created from this millisecond on is not touched.
        "until": identifiers.first_id_at(now()),
    }


def who(name: str) -> PausedBy:
    """Whose name it is: keys are known by their first characters."""
    return PausedBy.KEY if name.startswith(KEY_PREFIX) else PausedBy.STAFF


def stop(bulk_id: UUID, stopped_by: str) -> bool:
    """Do no more of it; what was done stays done. Whether it was still running."""
    running = BulkAction.objects.filter(id=bulk_id, state=BulkState.RUNNING)
    return bool(running.update(state=BulkState.STOPPED, stopped_by=stopped_by, finished_at=now(), message=""))


def carry_out(seconds: float) -> None:
    """Go on with all that run, one step each in turn, until there is nothing to do or the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until and (waiting := list(_running())):
        # Of those that wait, each is asked once a call.
        if not sum(_advanced(action) for action in waiting if time.monotonic() < until):
            break


def _running() -> QuerySet[BulkAction]:
    running = BulkAction.objects.filter(state=BulkState.RUNNING)
    return running.order_by(F("stepped_at").asc(nulls_first=True))[:20]


def _advanced(action: BulkAction) -> bool:
    """Whether a step was done. What cannot be carried out ends here: it would else be tried for ever."""
    try:
        return step(action)
    except (sql.LockTimeout, TryAgain):
        # Somebody holds a row for long: the next call tries again.
        return _put_behind(action)
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        return _put_behind(action)
    except sql.CONNECTION_ERRORS:
        raise
    except Exception:
        logger.exception("the bulk action %s failed", action)
        message = "The service could not go on. Its log says why."
        running = BulkAction.objects.filter(id=action.id, state=BulkState.RUNNING)
        running.update(state=BulkState.FAILED, finished_at=now(), message=message)
        return True


def _put_behind(action: BulkAction) -> bool:
    """Behind all others that run, which would else wait for this one at each call. Nothing was done."""
    # Not where another worker is at it: that moves it by itself.
    free = BulkAction.objects.select_for_update(skip_locked=True).filter(id=action.id, state=BulkState.RUNNING)
    BulkAction.objects.filter(id__in=free.values("id")).update(stepped_at=now())
    return False


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The next jobs that match, and how far that looked: to `cursor`, where it `is_last` to the end."""

    jobs: list[Job]
    cursor: UUID | None
    is_last: bool

    def up_to(self, number: int) -> "_Stretch":
        """Only the first of the jobs, of which there are more."""
        return _Stretch(self.jobs[:number], self.jobs[number - 1].id, is_last=False)


def step(action: BulkAction) -> bool:
    """Look through the next stretch, and act on the jobs in it that match. Whether anything was done."""
    stretch = _next(action)
    if action.action == BulkKind.RETRY:
        return _retry(action, stretch)
    if action.action == BulkKind.CANCEL and (member := _first_in_order(stretch.jobs)) is not None:
        return _at_once(action, stretch.up_to(member), _cancel) if member else _cancel_member(action, stretch)
    return _at_once(action, stretch, ACTS[BulkKind(action.action)])


def _next(action: BulkAction) -> _Stretch:
    wanted = JobFilter.model_validate_json(orjson.dumps(action.filter))
    matching, last = wanted.stretch(action.tenant_id, STRETCH, after=action.cursor, until=action.until)
    rows = matching.select_related("batch").only("id", "tenant_id", "depends_on", "batch__sequential")
    jobs = list(rows[: JOBS_A_STEP + 1])
    stretch = _Stretch(jobs, last or action.cursor, is_last=last is None)
    return stretch.up_to(JOBS_A_STEP) if len(jobs) > JOBS_A_STEP else stretch


def _first_in_order(jobs: Sequence[Job]) -> int | None:
    """Where the first member of a batch with an order is."""
    return next((place for place, job in enumerate(jobs) if job.batch and _is_ordered(job, job.batch)), None)


def _is_ordered(job: Job, batch: Batch) -> bool:
    return batch.sequential or job.depends_on is not None


def _advance(
    action: BulkAction, stretch: _Stretch, done: int = 0, refused: Counter[str] | None = None, message: str = ""
) -> bool:
    """Whether it was ours to go on: not where another worker was first, or somebody has stopped it.

    What was `done` before is counted also where it was stopped meanwhile.
    """
    present = BulkAction.objects.filter(id=action.id, cursor=action.cursor)
    progress = {
        "cursor": stretch.cursor,
        "stepped_at": now(),
        "done": F("done") + done,
        "refused": dict(Counter(action.refused) + (refused or Counter())),
    }
    ended = {"state": BulkState.COMPLETED, "finished_at": now()} if stretch.is_last else {}
    if present.filter(state=BulkState.RUNNING).update(message=message, **progress, **ended):
        return True
    if done:
        # Behind these jobs in any case, so that nobody counts them once more.
        passed = {"cursor": stretch.jobs[-1].id} if stretch.is_last else {}
        present.filter(state=BulkState.STOPPED).update(**{**progress, **passed})
    return False


def _at_once(action: BulkAction, stretch: _Stretch, act: Callable[[BulkAction, int, list[UUID]], int]) -> bool:
    """Act on jobs in one transaction, with the cursor."""
    by_tenant: dict[int, list[UUID]] = defaultdict(list)
    for job in stretch.jobs:
        by_tenant[job.tenant_id].append(job.id)
    with transaction.atomic():
        sql.execute(statements.PATIENCE_OF_ALL, {"wait": "1s"})
        # First, so that whoever else is at it waits here, and finds that the cursor has gone on.
        if not _advance(action, stretch):
            return False
        # In the same order for everybody: two that lock rows of the same tenants never wait for each other.
        done = sum(act(action, tenant, by_tenant[tenant]) for tenant in sorted(by_tenant))
        _note(action, done, len(stretch.jobs) - done)
    if action.action == BulkKind.SET_PRIORITY:
        for tenant in sorted(by_tenant):
            queueing.refill(tenant)
    return True


def _note(action: BulkAction, done: int, refused: int) -> None:
    """What became of a step's jobs. Some have changed since they were looked up."""
    refusals = Counter(action.refused) + Counter({REFUSAL[BulkKind(action.action)]: refused})
    BulkAction.objects.filter(id=action.id).update(done=F("done") + done, refused=dict(refusals))


def _cancel(action: BulkAction, tenant_id: int, ids: list[UUID]) -> int:
    return lifecycle.request_cancel_of_all(ids, tenant_id, who(action.requested_by))


def _set_priority(action: BulkAction, tenant_id: int, ids: list[UUID]) -> int:
    return priorities.change(ids, tenant_id, Priority(action.priority or 0))


def _delete_result(action: BulkAction, tenant_id: int, ids: list[UUID]) -> int:
    return results.delete(ids, tenant_id)


ACTS = {
    BulkKind.CANCEL: _cancel,
    BulkKind.SET_PRIORITY: _set_priority,
    BulkKind.DELETE_RESULT: _delete_result,
}
# Why a job that matched was left as it is.
REFUSAL = {
    BulkKind.CANCEL: JobNotCancellable.code,
    BulkKind.SET_PRIORITY: JobNotQueued.code,
    BulkKind.DELETE_RESULT: "NO_RESULT",
}


def _cancel_member(action: BulkAction, stretch: _Stretch) -> bool:
    """Cancel the first of the jobs, whose batch has an order, and with it those that the batch cancels then."""
    [job, *others] = stretch.jobs
    with transaction.atomic():
        sql.execute(statements.PATIENCE_OF_ALL, {"wait": "1s"})
        if not _advance(action, stretch.up_to(1) if others else stretch):
            return False
        try:
            with transaction.atomic():
                ended = lifecycle.request_cancel_within(job.id, job.tenant_id, who(action.requested_by))
        except ApiError:
            _note(action, 0, 1)
            return True
        _note(action, 1 + Job.objects.filter(batch=job.batch, cancelled_by_id=job.id).count(), 0)
    lifecycle.follow_up(ended, job.tenant_id)
    return True


def _retry(action: BulkAction, stretch: _Stretch) -> bool:
    """A few in a transaction, each with a key: a second time, after a crash, answers with the first one's job.

    For so long at the most: on a busy machine a hundred of them would keep the sweeper for seconds.
    """
    until = time.monotonic() + RETRY_SECONDS
    present = Tenant.objects.in_bulk({job.tenant_id for job in stretch.jobs})
    tenants = {pk: TenantAccess.of(tenant) for pk, tenant in present.items()}
    firsts = range(0, len(stretch.jobs), RETRIED_AT_ONCE)
    waiting = deque(stretch.jobs[first : first + RETRIED_AT_ONCE] for first in firsts)
    seen = 0
    refused: Counter[str] = Counter()
    while waiting:
        some = waiting.popleft()
        try:
            refused += retrying.retry_all({job.id: tenants[job.tenant_id] for job in some}, action.public_id)
        except retrying.LATER as later:
            if len(some) > 1:
                # The first of them may not have to wait.
                waiting.extendleft([job] for job in reversed(some))
                continue
            so_far = stretch.up_to(seen) if seen else _Stretch([], action.cursor, is_last=False)
            return (
                _advance(action, so_far, seen - refused.total(), refused, f"It waits: {later.message}") and seen > 0
            )
        seen += len(some)
        if time.monotonic() >= until and waiting:
            stretch = stretch.up_to(seen)
            break
    return _advance(action, stretch, seen - refused.total(), refused)
