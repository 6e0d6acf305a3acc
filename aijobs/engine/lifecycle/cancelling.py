"""Cancelling: what is queued ends at once, and what runs is asked to stop."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from django.db import OperationalError, transaction

from aijobs import sql
from aijobs.engine import hints, statements
from aijobs.engine.lifecycle.ending import (
    BATCH_CANCELLED,
    EXPIRED,
    REQUESTED,
    Ended,
    Member,
    advance,
    end,
    follow_up,
)
from aijobs.engine.looking import look_again
from aijobs.errors import BatchNotFound, JobNotCancellable, JobNotFound, TryAgain
from aijobs.models import Job
from aijobs.states import TERMINAL, PausedBy, Status

Done = TypeVar("Done")


def cancel(job_id: UUID, tenant_id: int) -> None:
    """Cancel a queued job; once more on a cancelled one does nothing.

    Raises JobNotFound, JobNotCancellable, TryAgain.
    """
    follow_up(_patiently(lambda: _cancel(job_id, tenant_id)), tenant_id)


def _cancel(job_id: UUID, tenant_id: int) -> Ended:
    member = Member.locked(job_id, tenant_id)
    return look_again(lambda: _cancel_queued(member, tenant_id))


def _cancel_queued(member: Member, tenant_id: int) -> Ended | None:
    if end([member.id], Status.CANCELLED, reason=REQUESTED, required=False):
        hints.tell(tenant_id, member.id)
        return advance(member, Status.CANCELLED)
    status = Job.objects.of(tenant_id).filter(id=member.id).values_list("status", flat=True).first()
    if status is None:
        # Pruned at this moment.
        raise JobNotFound()
    if status == Status.CANCELLED:
        return Ended(terminal=True)
    if status != Status.QUEUED:
        raise JobNotCancellable(f"The job is {status}; only a queued job can be cancelled.")
    return None


def request_cancel(job_id: UUID, tenant_id: int, by: PausedBy) -> None:
    """Cancel a queued job at once, and have a running one stop at its handler's next checkpoint.

    A running job may still complete or fail; it is not tried again. Once more does nothing. Raises JobNotFound,
    JobNotCancellable, TryAgain.
    """
    follow_up(_patiently(lambda: request_cancel_within(job_id, tenant_id, by)), tenant_id)


def request_cancel_within(job_id: UUID, tenant_id: int, by: PausedBy) -> Ended:
    """As `request_cancel`, in the caller's transaction, which is to be followed up."""
    member = Member.locked(job_id, tenant_id)
    hints.tell(tenant_id, job_id)
    return look_again(lambda: _cancel_or_ask(member, tenant_id, by))


def _cancel_or_ask(member: Member, tenant_id: int, by: PausedBy) -> Ended | None:
    if end([member.id], Status.CANCELLED, reason=REQUESTED, required=False):
        return advance(member, Status.CANCELLED)
    if sql.execute(statements.REQUEST_CANCEL, {"id": member.id, "tenant": tenant_id, "by": by}):
        return Ended(terminal=False)
    job = Job.objects.of(tenant_id).only("status", "cancel_requested_at").filter(id=member.id).first()
    if job is None:
        # Pruned at this moment.
        raise JobNotFound()
    if job.status == Status.CANCELLED or (job.status == Status.RUNNING and job.cancel_requested_at):
        return Ended(terminal=False)
    if Status(job.status) in TERMINAL:
        raise JobNotCancellable(f"The job is {job.status}; only a job that is queued or running can be cancelled.")
    return None


def request_cancel_of_all(ids: Sequence[UUID], tenant_id: int, by: PausedBy) -> int:
    """As `request_cancel_within`, for those of a tenant's jobs that have not ended. Returns how many those were.

    None of them may be a member of a batch with an order: for that such a one is cancelled by itself.
    """
    cancelled = end(ids, Status.CANCELLED, reason=REQUESTED, required=False)
    # Those that were claimed meanwhile are among them.
    asked = sql.execute(statements.REQUEST_CANCEL_OF_ALL, {"ids": list(ids), "tenant": tenant_id, "by": by})
    for job_id in ids:
        hints.tell(tenant_id, job_id)
    return cancelled + asked


def cancel_batch(batch_id: UUID, tenant_id: int) -> None:
    """Cancel what is still queued of a batch. A running member finishes, and gets no further attempt.

    Raises BatchNotFound, TryAgain.
    """
    _patiently(lambda: _cancel_batch(batch_id, tenant_id))


def _cancel_batch(batch_id: UUID, tenant_id: int) -> None:
    if not sql.execute(statements.CANCEL_BATCH, {"batch": batch_id, "tenant": tenant_id}):
        raise BatchNotFound()
    queued = Job.objects.filter(batch_id=batch_id, status=Status.QUEUED).values_list("id", flat=True)
    ids = list(queued.order_by("id"))
    if ids:
        end(ids, Status.CANCELLED, reason=BATCH_CANCELLED, required=False)
        hints.tell(tenant_id)


@dataclass(frozen=True, slots=True)
class _Unstarted:
    id: UUID
    tenant_id: int
    # Of a member of a batch with an order.
    batch_id: UUID | None


def cancel_expired() -> int:
    """Cancel what was not started by its `expires_at`. Returns how many of those were cancelled for it."""
    together: dict[tuple[int, UUID | None], list[UUID]] = defaultdict(list)
    for job in sql.rows(_Unstarted, statements.UNSTARTED, {}):
        together[job.tenant_id, job.batch_id].append(job.id)
    return sum(_expire(sorted(ids), tenant, batch) for (tenant, batch), ids in together.items())


def _expire(ids: Sequence[UUID], tenant_id: int, batch_id: UUID | None) -> int:
    """In one transaction that waits for nobody for long: the next sweep looks again.

    After members of a batch with an order the others follow, as after any member that was cancelled.
    """
    try:
        with transaction.atomic():
            sql.execute(statements.PATIENCE, {"wait": "100ms"})
            members = Member.unstarted(ids, batch_id) if batch_id else []
            expiring = [member.id for member in members] if batch_id else ids
            expired = end(expiring, Status.CANCELLED, 0, source=Status.QUEUED, reason=EXPIRED, required=False)
            ended = [advance(member, Status.CANCELLED) for member in members]
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        return 0
    for each in ended:
        follow_up(each, tenant_id)
    return expired


def _patiently(change: Callable[[], Done]) -> Done:
    """A transaction whose statements wait a second at most, and runs once more where a deadlock has undone it.

    Raises TryAgain, with nothing written.
    """
    try:
        try:
            return _with_patience(change)
        except OperationalError as error:
            if not sql.is_undone(error):
                raise
        return _with_patience(change)
    except OperationalError as error:
        if not sql.is_given_up(error):
            raise
        raise TryAgain(retry_after=1) from None


def _with_patience(change: Callable[[], Done]) -> Done:
    with transaction.atomic():
        # Each statement too: those who hold its rows may let go one after the other.
        sql.execute(statements.PATIENCE_OF_ALL, {"wait": "1s"})
        return change()
