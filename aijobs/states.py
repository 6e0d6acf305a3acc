"""The words of the lifecycle, and which transitions are legal. Data only: the lifecycle carries them out."""

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
    # Cancelled before a worker took it, or stopped on request while one had it.
    CANCELLED = "cancelled"


TERMINAL = frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED})

TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.RUNNING, Status.CANCELLED}),
    # Back to queued: a retry, a hand-back at shutdown, a lost worker. Cancelled: where somebody asked it to stop.
    Status.RUNNING: frozenset({Status.COMPLETED, Status.FAILED, Status.QUEUED, Status.CANCELLED}),
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
    """What happened to a job: one event for every transition of its status, and for what else callers ask of it.

    Its public name is the same word after "job.", in streams, pages and webhooks alike.
    """

    QUEUED = "queued"
    STARTED = "started"
    RETRIED = "retried"
    HANDED_BACK = "handed_back"
    LEASE_LOST = "lease_lost"
    # Another priority or moment, while it is queued.
    CHANGED = "changed"
    # A running job is to stop at its next checkpoint.
    CANCEL_REQUESTED = "cancel_requested"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def public_name(self) -> str:
        return f"job.{self.value}"

    @property
    def status_after(self) -> Status:
        """The job's status from then on."""
        return _STATUS_AFTER[self]


_STATUS_AFTER: dict[EventKind, Status] = {
    EventKind.QUEUED: Status.QUEUED,
    EventKind.STARTED: Status.RUNNING,
    EventKind.RETRIED: Status.QUEUED,
    EventKind.HANDED_BACK: Status.QUEUED,
    EventKind.LEASE_LOST: Status.QUEUED,
    EventKind.CHANGED: Status.QUEUED,
    EventKind.CANCEL_REQUESTED: Status.RUNNING,
    EventKind.COMPLETED: Status.COMPLETED,
    EventKind.FAILED: Status.FAILED,
    EventKind.CANCELLED: Status.CANCELLED,
}


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


class TemplateKind(TextChoices):
    """What a schedule dispatches each time."""

    JOB = "job"
    BATCH = "batch"


class Overlap(TextChoices):
    """What a schedule does when it comes due while jobs that it dispatched are still queued or running."""

    # The due time is left out.
    SKIP = "skip"
    # It dispatches all the same.
    ALLOW = "allow"
    # One due time waits until they have ended; those that come due meanwhile are left out.
    QUEUE_ONE = "queue_one"


class Missed(TextChoices):
    """What a schedule does about due times at which the service was not running."""

    # They are left out.
    SKIP = "skip"
    # The last of them is made up for, if it is not older than the schedule's window.
    CATCH_UP_ONCE = "catch_up_once"


class RunTrigger(TextChoices):
    """Why a schedule dispatched, or was to dispatch."""

    DUE = "due"
    RUN_NOW = "run_now"
    BACKFILL = "backfill"


class RunOutcome(TextChoices):
    """What came of a due time. Only the dispatched ones have a job or a batch."""

    DISPATCHED = "dispatched"
    # Left out, by the schedule's rule or because its tenant is suspended.
    SKIPPED = "skipped"
    # The service was not running, or was late by more than the schedule allows.
    MISSED = "missed"
    # The service tried, and the template or the queue refused.
    FAILED = "failed"


class DeliveryStatus(TextChoices):
    """What has become of a webhook delivery."""

    # Waiting to be sent: for the first time, again after a failure, or for its job's earlier ones.
    PENDING = "pending"
    # The endpoint answered 2xx.
    DELIVERED = "delivered"
    # No attempt is left, or the endpoint is gone.
    FAILED = "failed"


class PausedBy(TextChoices):
    KEY = "api_key"
    STAFF = "staff"
    SERVICE = "service"
