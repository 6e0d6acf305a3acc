"""How a job ends, and what goes on then: the next member of its batch, or those that depend on it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

from aijobs import graphs, sql
from aijobs.engine import queueing, statements
from aijobs.engine.lifecycle.runs import Run
from aijobs.engine.queueing import Released
from aijobs.errors import JobNotFound, TransitionRefused
from aijobs.models import Job
from aijobs.states import OnFailure, Status

REQUESTED = "REQUESTED"
EXPIRED = "EXPIRED"
BATCH_CANCELLED = "BATCH_CANCELLED"
PREDECESSOR = {Status.FAILED: "PREDECESSOR_FAILED", Status.CANCELLED: "PREDECESSOR_CANCELLED"}


@dataclass(frozen=True, slots=True)
class Ended:
    """A job is over, or waits again. `released`: what this released, to publish: the next member, or itself.

    `unblocked`: how many members wait for a place in their window now, for which that is to be refilled.
    """

    terminal: bool
    released: Released | None = None
    unblocked: int = 0


def follow_up(ended: Ended, tenant_id: int) -> None:
    """Let go on what may go on now, after the commit. The sweeper does it later where this does not happen."""
    if ended.released:
        queueing.publish([ended.released])
    if ended.unblocked:
        queueing.refill(tenant_id)


_MEMBERS = Job.objects.select_related("batch").only("position", "depends_on", "status", "attempt", "batch")


@dataclass(frozen=True, slots=True)
class Member:
    """A queued job, as its batch needs it when it ends."""

    id: UUID
    batch_id: UUID | None
    sequential: bool
    graph: bool
    on_failure: str | None
    position: int | None

    @property
    def ordered(self) -> bool:
        return self.sequential or self.graph

    @classmethod
    def locked(cls, job_id: UUID, tenant_id: int) -> "Member":
        """In the caller's transaction, which then holds the batch's row where the batch has an order.

        Raises JobNotFound, also for another tenant's.
        """
        member = cls._find(job_id, tenant_id)
        if member.ordered:
            take_batch(member.batch_id)
        return member

    @classmethod
    def _find(cls, job_id: UUID, tenant_id: int) -> "Member":
        job = _MEMBERS.of(tenant_id).filter(id=job_id).first()
        if job is None:
            raise JobNotFound()
        return cls._of(job)

    @classmethod
    def unstarted(cls, ids: Sequence[UUID], batch_id: UUID) -> "list[Member]":
        """Those of a batch's members that nobody has started, in order. Then the batch's row is held, and theirs."""
        take_batch(batch_id)
        held = list(_MEMBERS.select_for_update(of=("self",), no_key=True).filter(id__in=ids).order_by("id"))
        unstarted = [job for job in held if job.status == Status.QUEUED and job.attempt == 0]
        return [cls._of(job) for job in sorted(unstarted, key=lambda job: job.position or 0)]

    @classmethod
    def _of(cls, job: Job) -> "Member":
        batch = job.batch
        return cls(
            id=job.id,
            batch_id=job.batch_id,
            sequential=batch is not None and batch.sequential,
            graph=job.depends_on is not None,
            on_failure=batch.on_failure if batch else None,
            position=job.position,
        )


def lock_batch(member: Run | Member, needed: bool) -> AbstractContextManager[object]:
    """A transaction that holds the batch's row, where the batch needs one; else autocommit."""
    return _locked(member.batch_id) if needed and member.batch_id else nullcontext()


@contextmanager
def _locked(batch_id: UUID) -> Iterator[None]:
    with transaction.atomic():
        take_batch(batch_id)
        yield


def take_batch(batch_id: UUID | None) -> None:
    """A statement of its own: the next one's snapshot then sees what the previous holder committed."""
    sql.execute(statements.LOCK_BATCH, {"batch": batch_id})


def end(
    ids: Sequence[UUID],
    status: Status,
    attempt: int | None = None,
    *,
    result: str | None = None,
    cost: float | None = None,
    progress: tuple[int, int | None] | None = None,
    code: str = "",
    message: str = "",
    reason: str = "",
    caused_by: UUID | None = None,
    source: Status | None = None,
    lease_lost: bool = False,
    requested: bool = False,
    required: bool = True,
) -> int:
    """From `source` to a terminal status: that is running where there is an attempt, else queued.

    Raises TransitionRefused when refused and `required`. Returns how many jobs ended.
    """
    if len(ids) > 1:
        # By their ids, as all others do who want several: an UPDATE takes them as its plan finds them.
        sql.execute(statements.LOCK_JOBS, {"ids": list(ids)})
    ended = sql.execute(
        statements.END if len(ids) == 1 else statements.END_ALL,
        {
            "id": ids[0] if ids else None,
            "ids": list(ids),
            "source": source or (Status.QUEUED if attempt is None else Status.RUNNING),
            "attempt": attempt,
            "lease_lost": lease_lost,
            "requested": requested,
            "status": status,
            "result": result,
            "cost": cost,
            "processed": progress and progress[0],
            "total": progress and progress[1],
            "code": code,
            "message": message,
            "reason": reason,
            "caused_by": caused_by,
        },
    )
    if required and not ended:
        raise TransitionRefused(
            f"job {ids[0]} is not {'queued' if attempt is None else f'running attempt {attempt}'} any more"
        )
    return ended


def advance(member: Run | Member, status: Status) -> Ended:
    """After a member of a batch with an order has ended, under the batch's lock: whose turn it is, or whose end."""
    if member.graph:
        return _advance_in_graph(member, status)
    if not member.sequential:
        return Ended(terminal=True)
    if status != Status.COMPLETED and member.on_failure == OnFailure.STOP:
        later = Job.objects.filter(batch=member.batch_id, status=Status.QUEUED, position__gt=member.position)
        _cancel_because_of(member, status, later.values_list("id", flat=True))
        return Ended(terminal=True)
    unblocked = sql.rows(Released, statements.UNBLOCK_NEXT, {"batch": member.batch_id})
    return Ended(terminal=True, released=unblocked[0] if unblocked else None)


def _advance_in_graph(member: Run | Member, status: Status) -> Ended:
    """The end of those that depend on this one where the batch stops; else the turn of those that wait no more."""
    members = Job.objects.filter(batch=member.batch_id).values_list("position", "id", "status", "depends_on")
    graph = graphs.Graph.of((position or 0, job_id, status, on or []) for position, job_id, status, on in members)
    if status != Status.COMPLETED and member.on_failure == OnFailure.STOP:
        _cancel_because_of(member, status, graph.waiting_for(member.position or 0))
        return Ended(terminal=True)
    ready = graph.ready()
    return Ended(terminal=True, unblocked=sql.execute(statements.UNBLOCK, {"ids": ready}) if ready else 0)


def _cancel_because_of(member: Run | Member, status: Status, ids: Iterable[UUID]) -> None:
    if others := sorted(ids):
        end(others, Status.CANCELLED, reason=PREDECESSOR[status], caused_by=member.id)
