"""The words of the lifecycle, and which transitions are legal. Data only: lifecycle.py carries them out."""

from django.db.models import IntegerChoices, TextChoices


class Status(TextChoices):
    # Waiting: in a batch for its turn, in PostgreSQL for its window or backoff, or in the broker for a worker.
    QUEUED = "queued"
    # Claimed by a worker, which holds a lease.
    RUNNING = "running"
    # The result is stored.
    COMPLETED = "completed"
    # Failed after all retries.
    FAILED = "failed"
    # Cancelled before a worker took it.
    CANCELLED = "cancelled"


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED}),
    # Back to queued: a retry, a hand-back at shutdown, a lost worker.
    Status.RUNNING: frozenset({Status.COMPLETED, Status.FAILED, Status.QUEUED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}


class Priority(IntegerChoices):
    """Also the lanes; a larger number is served first."""

    LOW = 0, "low"
    NORMAL = 1, "normal"
    HIGH = 2, "high"

    @classmethod
    def from_name(cls, name: str) -> "Priority":
        """Raises KeyError for a name that is none."""
        return cls[name.upper()]


QUEUES: dict[Priority, str] = {priority: f"ai-jobs.{priority.label}" for priority in Priority}
CONTROL_QUEUE = "ai-jobs.control"


class EventKind(TextChoices):
    """What happened to a job; one event for every transition of its status."""

    QUEUED = "queued"
    STARTED = "started"
    RETRIED = "retried"
    HANDED_BACK = "handed_back"
    LEASE_LOST = "lease_lost"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class OnFailure(TextChoices):
    """What a sequential batch does when a member does not complete."""

    STOP = "stop"
    CONTINUE = "continue"


class BatchStatus(TextChoices):
    """The status of a batch, which follows from the statuses of its jobs. It is never stored."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class BulkKind(TextChoices):
    """What is done to all jobs that match."""

    CANCEL = "cancel"
    RETRY = "retry"
    SET_PRIORITY = "set_priority"
    DELETE_RESULT = "delete_result"


class BulkState(TextChoices):
    """A bulk action runs from when it is asked for."""

    RUNNING = "running"
    # Every job that matched has been looked at.
    COMPLETED = "completed"
    # Somebody stopped it. What was done stays done.
    STOPPED = "stopped"
    # The service could not go on with it.
    FAILED = "failed"
