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
    """An answer other than 2xx. Subclasses fix the code and the HTTP status; an instance says the particulars.

    `advice` says in sentences what to do about it: the guide at /api/docs/guide lists every subclass with it. Where a
    sentence names a limit, the subclass has it as `most`, and whoever raises it compares with that.
    """

    code: ClassVar[str]
    status: ClassVar[int]
    default_message: ClassVar[str]
    advice: ClassVar[str]

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
    advice = (
        "Read the message: it names the part of the request that cannot be read. Correct it and send the request "
        "again."
    )


class Unauthenticated(ApiError):
    code, status = "UNAUTHENTICATED", 401
    default_message = "Send a valid API key as 'Authorization: Bearer <key>'."
    advice = (
        "Check that the header is there, and that the key is whole, not expired and not revoked. Ask the operator "
        "for a new key if it is."
    )


class InsufficientScope(ApiError):
    code, status = "INSUFFICIENT_SCOPE", 403
    default_message = "The API key lacks the scope that this request needs. Use a key that has it."
    advice = "The message names the scope. Ask the operator for a key that has it."


class TenantMismatch(ApiError):
    code, status = "TENANT_MISMATCH", 403
    default_message = (
        "The API key does not belong to this tenant. Name one of its tenants in X-Tenant-ID, or use another key."
    )
    advice = (
        "Send the name of one of the key's tenants, exactly as it is written. If the key belongs to one tenant "
        "only, leave the header out."
    )


class TenantSuspended(ApiError):
    code, status = "TENANT_SUSPENDED", 403
    default_message = "This tenant is suspended. Ask the operator of the service to resume it."
    advice = "Nothing is lost: queued jobs wait. Ask the operator why the tenant is suspended."


class JobNotFound(ApiError):
    code, status, default_message = "JOB_NOT_FOUND", 404, "Job ID does not exist."
    advice = "Check the ID, and that your key belongs to the tenant that dispatched the job."


class BatchNotFound(ApiError):
    code, status, default_message = "BATCH_NOT_FOUND", 404, "Batch ID does not exist."
    advice = "Check the ID, and that your key belongs to the tenant that dispatched the batch."


class ScheduleNotFound(ApiError):
    code, status, default_message = "SCHEDULE_NOT_FOUND", 404, "Schedule ID does not exist."
    advice = (
        "Check the ID, and that your key belongs to the schedule's tenant. A deleted schedule is not found either."
    )


class Forbidden(ApiError):
    code, status, default_message = "FORBIDDEN", 403, "You are not allowed to do this."
    advice = "In the admin, reload the page and try again. Elsewhere, use a key that may do this."


class NotFound(ApiError):
    code, status = "NOT_FOUND", 404
    default_message = "There is nothing at this address. The API's documentation is at /api/docs."
    advice = "Check the path: `GET /api/` lists all of them."


class MethodNotAllowed(ApiError):
    code, status = "METHOD_NOT_ALLOWED", 405
    default_message = "This address does not have the method of the request. The Allow header says which it has."
    advice = "Use one of the methods in the `Allow` header of the answer."


class NotAcceptable(ApiError):
    code, status = "NOT_ACCEPTABLE", 406
    default_message = "There is no such form of the schema."
    advice = "Only `/api/schema` answers this: it has JSON and YAML."


class RequestTimeout(ApiError):
    code, status = "REQUEST_TIMEOUT", 408
    default_message = "The body of the request did not arrive in time. Send the request again."
    advice = "Send the whole body at once, over a connection that does not pause for half a minute."


class JobNotCancellable(ApiError):
    code, status = "JOB_NOT_CANCELLABLE", 409
    default_message = "Only a queued job can be cancelled."
    advice = "`POST /api/ai-jobs/:id/cancel` asks a running job to stop. A job that has ended needs no cancelling."


class JobNotRetryable(ApiError):
    code, status = "JOB_NOT_RETRYABLE", 409
    default_message = "Only a job that has ended can be retried."
    advice = "Let the job end, or cancel it while it is queued. Then retry it."


class BatchNotRetryable(ApiError):
    code, status = "BATCH_NOT_RETRYABLE", 409
    default_message = "Only a batch whose jobs have ended, and have not all completed, can be retried."
    advice = "Let the batch end, or cancel it. If all of its jobs have completed, there is nothing to retry."


class JobNotQueued(ApiError):
    code, status = "JOB_NOT_QUEUED", 409
    default_message = "Only a queued job can get another priority or another moment to run at."
    advice = "A job that runs, or has ended, has no place in a queue any more: nothing needs to be done."


class EmptyFilter(ApiError):
    code, status = "EMPTY_FILTER", 422
    default_message = (
        "The filter is empty, so it would match every job, or every job of the tenant. Name a status, a type, a "
        "time or another condition."
    )
    advice = "Say which jobs you mean, for example by `status` and `type`."


class BulkActionNotFound(ApiError):
    code, status, default_message = "BULK_ACTION_NOT_FOUND", 404, "Bulk action ID does not exist."
    advice = "Check the ID, and that your key belongs to the tenant that asked for the bulk action."


class TooManyBulkActions(ApiError):
    code, status, most = "TOO_MANY_BULK_ACTIONS", 409, 5
    default_message = (
        f"A tenant can have {most} bulk actions running at a time. Wait until one has ended, or stop one."
    )
    advice = "`GET /api/ai-jobs/bulk` lists them. One action with a wider filter does the same as several."


class TryAgain(ApiError):
    code, status = "TRY_AGAIN", 409
    default_message = "Something else is changing this job or batch, so nothing was changed. Try again in a moment."
    advice = "Send the same request again after a second."


class ScheduleExists(ApiError):
    code, status = "SCHEDULE_EXISTS", 409
    default_message = "You already have a schedule with this name. Change that one, or use another name."
    advice = "If you have just created it, nothing is wrong. `GET /api/ai-jobs/schedules` lists your schedules."


class TooManySchedules(ApiError):
    code, status, most = "TOO_MANY_SCHEDULES", 409, 200
    default_message = f"A tenant can have {most} schedules. Delete one that you do not need."
    advice = "Delete a schedule that you do not need, or dispatch several jobs in one batch with one schedule."


class BackfillChanged(ApiError):
    code, status = "BACKFILL_CHANGED", 409
    default_message = "The number of due times without a dispatch is not the one that you sent."
    advice = "Ask for the count once more, without `count`, and send the new one if you still want the backfill."


class WebhookNotFound(ApiError):
    code, status, default_message = "WEBHOOK_NOT_FOUND", 404, "Webhook ID does not exist."
    advice = "Check the ID, and that your key belongs to the webhook's tenant. A deleted webhook is not found either."


class DeliveryNotFound(ApiError):
    code, status, default_message = "DELIVERY_NOT_FOUND", 404, "Delivery ID does not exist, or is another webhook's."
    advice = "Check both IDs. Deliveries are kept for 30 days."


class TooManyWebhooks(ApiError):
    code, status, most = "TOO_MANY_WEBHOOKS", 409, 20
    default_message = f"A tenant can have {most} webhooks. Delete one that you do not need."
    advice = "Delete a webhook that you do not need, or have one receive the events of two."


class WebhookNotActive(ApiError):
    code, status = "WEBHOOK_NOT_ACTIVE", 409
    default_message = "The webhook is paused or disabled, so the service sends nothing to it."
    advice = "Resume it if it is paused, or set `enabled` to true. What waits for it is sent then."


class DeliveryPending(ApiError):
    code, status = "DELIVERY_PENDING", 409
    default_message = "This delivery has not ended: the service is still trying to send it."
    advice = "Wait until its status is `delivered` or `failed`. The delivery says when the next attempt is due."


class TooManyReplays(ApiError):
    code, status, most = "TOO_MANY_REPLAYS", 409, 1_000
    default_message = f"A webhook can have {most:,} pings and replays that are not sent yet."
    advice = "Wait until those that you have asked for are sent: `GET /api/webhooks/:id/deliveries` shows them."


class ReplayChanged(ApiError):
    code, status = "REPLAY_CHANGED", 409
    default_message = "The number of deliveries in this range is not the one that you sent."
    advice = "Ask for the count once more, without `count`, and send the new one if you still want the replay."


class IdempotencyConflict(ApiError):
    code, status = "IDEMPOTENCY_CONFLICT", 409
    # All dispatches of a tenant wait for one row: whose turn it is, nobody can tell.
    default_message = (
        "The service is still working on another request of this tenant, perhaps on one with this Idempotency-Key. "
        "Try again in a moment: with the same key that is safe."
    )
    advice = "Send the same request with the same key again after a second: no second job is made."


class IdempotencyKeyReused(ApiError):
    code, status = "IDEMPOTENCY_KEY_REUSED", 422
    default_message = (
        "This Idempotency-Key was used for another request: at another address, or with another body. Use a new key "
        "for a new request."
    )
    advice = (
        "Use one key for one request: a new key for every new address and body, and the same key only to send the "
        "same request again."
    )


class PayloadTooLarge(ApiError):
    code, status, default_message = "PAYLOAD_TOO_LARGE", 413, "The body is larger than 1 MiB. Send less at once."
    advice = "Send less at once: split a long list into several jobs. Imports may be larger."


class ExportBusy(ApiError):
    code, status = "EXPORT_BUSY", 429
    default_message = (
        "A file of this tenant is being written already. Send the request again when you have it, or after the "
        "seconds in Retry-After."
    )
    advice = "Export one file after the other: several at a time would keep those of other tenants waiting."


class TooManyExports(ApiError):
    code, status = "TOO_MANY_EXPORTS", 503
    default_message = (
        "The service is writing as many files for other tenants as it does at a time. Send the request again after "
        "the seconds in Retry-After."
    )
    advice = (
        "Send the request again after the seconds in `Retry-After`: files are written for the callers who ask next "
        "when one is done."
    )


class UnsupportedMediaType(ApiError):
    code, status = "UNSUPPORTED_MEDIA_TYPE", 415
    default_message = "This endpoint does not accept a body of this Content-Type."
    advice = "Send JSON with `Content-Type: application/json`. The message names what an import takes."


class InvalidJobType(ApiError):
    code, status, default_message = "INVALID_JOB_TYPE", 422, "Unknown job type."
    advice = "Use one of the types in the details. `GET /api/ai-jobs/types` describes them."


class InvalidParams(ApiError):
    code, status, default_message = "INVALID_PARAMS", 422, "Some fields are not valid. The details say which."
    advice = "Correct the fields that the details name: each entry has a `path` and a `message`."


class InvalidFilter(ApiError):
    code, status = "INVALID_FILTER", 422
    default_message = "Some query parameters are not valid. The details say which."
    advice = "Correct or remove the query parameters that the details name."


class InvalidBatch(ApiError):
    code, status, most = "INVALID_BATCH", 422, 20
    default_message = f"A batch must have 1 to {most} jobs."
    advice = f"Send `jobs` as a list of 1 to {most} jobs, and more of them in further batches."


class DependencyCycle(ApiError):
    code, status = "DEPENDENCY_CYCLE", 422
    default_message = "Some jobs of the batch wait for each other, so that none of them could ever start."
    advice = "The message names the jobs in order. Take one of these dependencies out of `depends_on`."


class QueueFull(ApiError):
    code, status, default_message = "QUEUE_FULL", 429, "Job queue is at capacity; retry later."
    advice = (
        "Nothing was accepted. Wait for the seconds in `Retry-After`, and send the same request again. Without that "
        "header, waiting does not help: the batch has more jobs than the tenant, or all tenants together, can have "
        "queued or running."
    )


class RateLimited(ApiError):
    code, status = "RATE_LIMITED", 429
    default_message = "This API key sends more requests than it may. Wait, and send fewer."
    advice = (
        "Wait for the seconds in `Retry-After`. The `RateLimit` header of every answer says how many requests are "
        "left, so that your program can slow down before. Ask the operator if you need more."
    )


class TooManyStreams(ApiError):
    code, status = "TOO_MANY_STREAMS", 429
    default_message = (
        "This tenant has as many open streams and waits as it may have. Close one that you do not need, or poll."
    )
    advice = "Follow all jobs of a tenant with one stream, `GET /api/ai-jobs/events`, and close what you do not read."


class InternalError(ApiError):
    code, status = "INTERNAL_ERROR", 500
    default_message = (
        "Something went wrong in the service. Try again, and if it happens again, tell the operator the X-Request-ID."
    )
    advice = "This is a fault of the service. Its log has the cause beside the `X-Request-ID` of the answer."


class ServiceUnavailable(ApiError):
    code, status, default_message = (
        "SERVICE_UNAVAILABLE",
        503,
        "The database does not answer. Try again in a moment.",
    )
    advice = (
        "Wait for the seconds in `Retry-After` and try again; send a dispatch with an `Idempotency-Key`, so that "
        "it is safe."
    )


class DatabaseBusy(ApiError):
    code, status = "DATABASE_BUSY", 503
    default_message = "The database was too busy to finish this request. Try again in a moment."
    advice = (
        "Wait for the seconds in `Retry-After` and try again; send a dispatch with an `Idempotency-Key`, so that "
        "it is safe."
    )


class StreamingUnavailable(ApiError):
    code, status = "STREAMING_UNAVAILABLE", 503
    default_message = (
        "The service has no streams and waits at the moment. Poll the job, or ask for the events with "
        "`Accept: application/json`."
    )
    advice = (
        "Poll `GET /api/ai-jobs/{job_id}`, or ask for the events as pages with `Accept: application/json`: both "
        "work all the same. Try again after the seconds in `Retry-After`."
    )


def all_errors() -> list[type[ApiError]]:
    """Every error that the loaded code can answer, by status and code."""
    found: list[type[ApiError]] = []
    waiting = ApiError.__subclasses__()
    while waiting:
        each = waiting.pop()
        found.append(each)
        waiting += each.__subclasses__()
    return sorted(found, key=lambda each: (each.status, each.code))


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


class RunPostponed(Exception):
    """The run has done what it could for now, and a later one goes on with it: that costs no attempt."""

    def __init__(self, seconds: float) -> None:
        """`seconds`: until then an upstream asks the service to wait."""
        self.seconds = seconds
        super().__init__(f"postponed for {seconds:g} seconds")


class RunSuspended(Exception):
    """The run's tenant is suspended, and the run was about to change something: it waits, which costs it nothing."""


class RunCancelled(Exception):
    """Somebody has asked the job to stop: raised where the handler can, which lets it pass."""


class TransitionRefused(Exception):
    """The job is not in the state, or not in the attempt, that the writer thought: somebody else was first.

    A run that meets it no longer owns its job. Nothing may be written any more.
    """
