"""What the client raises. What keeps it from reaching the service at all is an `httpx.TransportError`."""

from .shapes import Job, Json


class ApiError(Exception):
    """The service refused: its code, its message, and the HTTP status.

    `request_id` is what to tell the operator. `retry_after`: the service's own advice, in seconds.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Json = None,
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{message} ({code}, HTTP {status})")
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.request_id = request_id
        self.retry_after = retry_after


class JobFailed(Exception):
    """The job of which a result was asked has failed."""

    def __init__(self, job: Job) -> None:
        error = job.get("error", {"code": "UNKNOWN", "message": "The job failed.", "retry_count": 0})
        super().__init__(f"{job['id']} failed: {error['message']} ({error['code']})")
        self.job = job
        self.error = error


class JobCancelled(Exception):
    """The job of which a result was asked was cancelled."""

    def __init__(self, job: Job) -> None:
        super().__init__(f"{job['id']} was cancelled.")
        self.job = job


class JobUnfinished(TimeoutError):
    """The job has not ended within the time that the caller gave; it goes on."""

    def __init__(self, job: Job, seconds: float) -> None:
        super().__init__(f"{job['id']} is still {job['status']} after {seconds:g} s.")
        self.job = job
