"""Each endpoint as a value: what is sent, and how its answer is read. The sync and the async client send the same."""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar, Unpack

import httpx

from .retrying import retry_after_of
from .shapes import Batch, BatchAccepted, Job, JobFilter, JobOptions, JobTemplate
from .streams import Place

T = TypeVar("T")
JOBS = "/api/ai-jobs"
# The service answers a wait after at most so long; what is beyond that is the network's.
LONGEST_WAIT_SECONDS = 60
WAIT_GRACE_SECONDS = 15.0
# Between two questions, where the service does not say when to ask next.
POLL_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request that may be sent again without harm: it reads, it is repeatable, or it has an Idempotency-Key."""

    method: Literal["GET", "POST", "PATCH", "DELETE"]
    path: str
    read: Callable[[httpx.Response], T]
    query: Mapping[str, str | list[str]] = field(default_factory=dict)
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)
    # How long the service may take to answer; None for the client's own limit.
    seconds: float | None = None

    def request(self, http: httpx.Client | httpx.AsyncClient) -> httpx.Request:
        return http.build_request(
            self.method,
            self.path,
            params=self.query or None,
            json=self.body,
            headers=self.headers,
            timeout=httpx.USE_CLIENT_DEFAULT if self.seconds is None else self.seconds,
        )


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list, and the cursor of the next one."""

    jobs: list[Job]
    next_cursor: str | None


def dispatch(
    type: str, params: Mapping[str, Any], idempotency_key: str | None = None, **options: Unpack[JobOptions]
) -> Call[Job]:
    return Call("POST", JOBS, _data, body={"type": type, "params": params, **options}, headers=_once(idempotency_key))


def dispatch_batch(
    jobs: Sequence[JobTemplate],
    sequential: bool,
    on_failure: Literal["stop", "continue"] | None,
    idempotency_key: str | None = None,
) -> Call[BatchAccepted]:
    body = {"jobs": list(jobs), "sequential": sequential, **({"on_failure": on_failure} if on_failure else {})}
    return Call("POST", f"{JOBS}/batch", _data, body=body, headers=_once(idempotency_key))


def get(job_id: str) -> Call[Job]:
    return Call("GET", _job(job_id), _data)


def poll(job_id: str) -> Call[tuple[Job, float]]:
    """The job, and in how many seconds to ask again."""
    return Call("GET", _job(job_id), lambda response: (_data(response), retry_after_of(response) or POLL_SECONDS))


def get_batch(batch_id: str) -> Call[Batch]:
    return Call("GET", _batch(batch_id), _data)


def page(wanted: JobFilter, include: Sequence[str], cursor: str | None, limit: int) -> Call[Page]:
    query = query_of(wanted) | {"limit": str(limit)}
    if include:
        query["include"] = ",".join(include)
    if cursor:
        query["cursor"] = cursor
    return Call("GET", JOBS, _page, query=query)


def wait(job_id: str, seq: int, seconds: float) -> Call[Job]:
    """Answered as soon as the job's log is beyond `seq`, or it has ended, or after so long."""
    query = {"seq": str(seq), "timeout": f"{min(max(seconds, 0.0), LONGEST_WAIT_SECONDS):g}"}
    return Call("GET", f"{_job(job_id)}/wait", _data, query=query, seconds=seconds + WAIT_GRACE_SECONDS)


def cancel(job_id: str) -> Call[Job]:
    return Call("POST", f"{_job(job_id)}/cancel", _data)


def cancel_batch(batch_id: str) -> Call[None]:
    return Call("DELETE", _batch(batch_id), _nothing)


def retry(job_id: str, idempotency_key: str | None = None) -> Call[Job]:
    return Call("POST", f"{_job(job_id)}/retry", _data, headers=_once(idempotency_key))


def retry_failed(batch_id: str, idempotency_key: str | None = None) -> Call[BatchAccepted]:
    return Call("POST", f"{_batch(batch_id)}/retry-failed", _data, headers=_once(idempotency_key))


def stream(job_id: str, after: int) -> Place:
    return Place(f"{_job(job_id)}/events", {}, str(after) if after else "")


def events(wanted: JobFilter, after: str) -> Place:
    return Place(f"{JOBS}/events", query_of(wanted), after)


def query_of(wanted: JobFilter) -> dict[str, str | list[str]]:
    """A filter as the list's query: several values are separated by commas, tags are repeated."""
    return {
        name: ",".join(value) if isinstance(value, list) and name != "tag" else value
        for name, value in wanted.items()
        if isinstance(value, str | list)
    }


def _job(job_id: str) -> str:
    return f"{JOBS}/{_id('job', job_id)}"


def _batch(batch_id: str) -> str:
    return f"{JOBS}/batch/{_id('batch', batch_id)}"


def _id(kind: Literal["job", "batch"], text: str) -> str:
    """As it stands in a path, where no text, a slash or `events` would be the address of something else.

    Raises ValueError.
    """
    if not isinstance(text, str) or not re.fullmatch(f"{kind}_[A-Za-z0-9]+", text):
        raise ValueError(
            f"{text!r} is not a {kind} ID. Use one that the service has given, for example "
            f"{kind}_01JQZ4X5M8N9P0Q1R2S3T4V5W6."
        )
    return text


def _once(key: str | None) -> dict[str, str]:
    """However often it is sent, it is done once."""
    return {"Idempotency-Key": key or secrets.token_urlsafe(24)}


def _data(response: httpx.Response) -> Any:
    return response.json()["data"]


def _page(response: httpx.Response) -> Page:
    answer = response.json()
    return Page(answer["data"], answer["pagination"]["next_cursor"])


def _nothing(response: httpx.Response) -> None:
    """There is nothing in it."""
