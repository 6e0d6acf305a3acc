"""What both clients decide alike, before and after they wait."""

import time
from dataclasses import dataclass, field

import httpx

from .errors import ApiError, JobCancelled, JobFailed, JobUnfinished
from .retrying import LATER
from .shapes import ENDS, Job, Json

TIMEOUT_SECONDS = 30.0
# Pauses of one request, all together.
PATIENCE_SECONDS = 120.0
# No event of a job has such a number: who waits for one beyond it waits for the end.
UNTIL_THE_END = 2**31 - 1
# One request waits for so long, then it is sent again: proxies cut what says nothing for a minute.
WAIT_SECONDS = 30.0
# Who cannot wait polls, and need not be patient. After so long, unless the service says when, it asks to wait again.
WAIT_PATIENCE_SECONDS = 5.0
POLLING_SECONDS = 30.0
# Before the next question, where one was answered before its time: the process that waits is about to end.
EARLY_PAUSE_SECONDS = 1.0


def headers_of(api_key: str, tenant: str | None) -> dict[str, str]:
    return {
        "Authorization": f"Bearer {api_key}",
        "User-Agent": "aijobs-client/0.1",
        **({"X-Tenant-ID": tenant} if tenant else {}),
    }


def polling_after(failure: ApiError | httpx.TransportError) -> float:
    """For how many seconds to poll, which tells the same, later. Raises the failure where polling does not help.

    There is no events process, or it does not answer.
    """
    if isinstance(failure, httpx.TransportError):
        return POLLING_SECONDS
    if failure.status not in LATER:
        raise failure
    return POLLING_SECONDS if failure.retry_after is None else failure.retry_after


def result_of(job: Job) -> Json:
    """What a completed job found. Raises JobFailed, JobCancelled."""
    if job["status"] == "failed":
        raise JobFailed(job)
    if job["status"] == "cancelled":
        raise JobCancelled(job)
    return job.get("result")


@dataclass(slots=True)
class Waiting:
    """For one job's end, for at most so many seconds; None: for ever."""

    seconds: float | None
    _began: float = field(default_factory=time.monotonic, init=False)

    def left(self, most: float) -> float:
        """Seconds of the time that is left, and never more than `most`."""
        if self.seconds is None:
            return most
        return max(0.0, min(most, self._began + self.seconds - time.monotonic()))

    def pause(self, asked: float, since: float) -> float:
        """Before the next wait: none where the one before, asked for so long at that moment, took its time."""
        return max(0.0, min(EARLY_PAUSE_SECONDS, since + asked - time.monotonic()))

    def is_over(self, job: Job) -> bool:
        """Whether the job has ended. Raises JobUnfinished where the time has."""
        if job["status"] in ENDS:
            return True
        if self.seconds is not None and not self.left(1.0):
            raise JobUnfinished(job, self.seconds)
        return False
