"""What the API answers in place of what was asked for, and the failures that a job type's handler raises.

An `ApiError` is raised where the rule is; the envelope turns it into `{"error": {"code", "message", "details"?}}`.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypedDict


class FieldError(TypedDict, total=False):
    """One wrong field: where it is (`params.skus.3`), and what is wrong with it."""

    path: str
    message: str
    job: int


Details = Mapping[str, object] | Sequence[FieldError]


class ApiError(Exception):
    """An answer other than 2xx. Subclasses fix the code and the HTTP status; an instance says the particulars."""

    code: ClassVar[str]
    status: ClassVar[int]
    default_message: ClassVar[str]

    def __init__(
        self,
        message: str | None = None,
        details: Details | None = None,
        *,
        retry_after: int | None = None,
    ) -> None:
        self.message = message or self.default_message
        self.details = details
        self.retry_after = retry_after
        super().__init__(self.message)


class InvalidRequest(ApiError):
    code, status, default_message = (
        "INVALID_REQUEST",
        400,
        "The service cannot read the request.",
    )


class Unauthenticated(ApiError):
    code, status = "UNAUTHENTICATED", 401
    default_message = "Send a valid API key as 'Authorization: Bearer <key>'."


class InsufficientScope(ApiError):
    code, status = "INSUFFICIENT_SCOPE", 403
    default_message = "The API key lacks the scope that this request needs. Use a key that has it."


class TenantMismatch(ApiError):
    code, status = "TENANT_MISMATCH", 403
    default_message = (
        "The API key does not belong to this tenant. Name one of its tenants in X-Tenant-ID, or use another key."
    )


class TenantSuspended(ApiError):
    code, status = "TENANT_SUSPENDED", 403
    default_message = "This tenant is suspended. Ask the operator of the service to resume it."


class JobNotFound(ApiError):
    code, status, default_message = "JOB_NOT_FOUND", 404, "Job ID does not exist."


class BatchNotFound(ApiError):
    code, status, default_message = "BATCH_NOT_FOUND", 404, "Batch ID does not exist."


class JobNotCancellable(ApiError):
    code, status = "JOB_NOT_CANCELLABLE", 409
    default_message = "Only a queued job can be cancelled."


class TryAgain(ApiError):
    code, status = "TRY_AGAIN", 409
    default_message = "Something else is changing this job or batch, so nothing was cancelled. Try again in a moment."


class IdempotencyConflict(ApiError):
    code, status = "IDEMPOTENCY_CONFLICT", 409
    # All dispatches of a tenant wait for one row: whose turn it is, nobody can tell.
    default_message = (
        "The service is still working on another request of this tenant, perhaps on one with this Idempotency-Key. "
        "Try again in a moment: with the same key that is safe."
    )


class IdempotencyKeyReused(ApiError):
    code, status = "IDEMPOTENCY_KEY_REUSED", 422
    default_message = "This Idempotency-Key was used with a different body. Use a new key for a new request."


class PayloadTooLarge(ApiError):
    code, status, default_message = "PAYLOAD_TOO_LARGE", 413, "The body is larger than 1 MiB. Send less at once."


class UnsupportedMediaType(ApiError):
    code, status = "UNSUPPORTED_MEDIA_TYPE", 415
    default_message = "This endpoint does not accept a body of this Content-Type."


class InvalidJobType(ApiError):
    code, status, default_message = "INVALID_JOB_TYPE", 422, "Unknown job type."


class InvalidParams(ApiError):
    code, status, default_message = "INVALID_PARAMS", 422, "Some fields are not valid. The details say which."


class InvalidFilter(ApiError):
    code, status = "INVALID_FILTER", 422
    default_message = "Some query parameters are not valid. The details say which."


class InvalidBatch(ApiError):
    code, status, default_message = "INVALID_BATCH", 422, "A batch must have 1 to 20 jobs."


class QueueFull(ApiError):
    code, status, default_message = "QUEUE_FULL", 429, "Job queue is at capacity; retry later."


class ServiceUnavailable(ApiError):
    code, status, default_message = (
        "SERVICE_UNAVAILABLE",
        503,
        "The database does not answer. Try again in a moment.",
    )


class DatabaseBusy(ApiError):
    code, status = "DATABASE_BUSY", 503
    default_message = "The database was too busy to finish this request. Try again in a moment."


class JobFailure(Exception):
    """What a handler raises when a job cannot be done. `code` and `message` are shown to the caller as they are."""

    def __init__(self, code: str, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(f"{code}: {message}")


class PermanentFailure(JobFailure):
    """Trying again cannot help: the job ends `failed` at once."""


class TransientFailure(JobFailure):
    """Trying again may help. `retry_after`: seconds an upstream asked for, kept as the least wait."""

    def __init__(self, code: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(code, message)
        self.retry_after = retry_after


class RunSuspended(Exception):
    """The run's tenant is suspended, and the run was about to change something: it waits, which costs it nothing."""


class TransitionRefused(Exception):
    """The job is not in the state, or not in the attempt, that the writer thought: somebody else was first.

    A run that meets it no longer owns its job. Nothing may be written any more.
    """
