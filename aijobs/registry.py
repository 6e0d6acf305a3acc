"""The job types. Each registers itself in the job.py of its own folder under workers/jobs/.

A type names its handler by dotted path, and only a worker resolves it: the web process knows params and results, and
loads neither numpy nor anything else that handlers need.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from decimal import Decimal
from typing import Generic, Protocol, TypeVar, cast
from uuid import UUID

from django.utils.module_loading import import_string
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from aijobs.errors import FieldError, InvalidJobType, InvalidParams
from aijobs.presenting import Picture
from aijobs.shapes import RequestModel


class Params(RequestModel):
    """Base of every type's params."""

    model_config = ConfigDict(frozen=True)


class Result(BaseModel):
    """Base of every type's result: what the contract calls `result`, stored as JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)


P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Result)
Body = TypeVar("Body", bound=RequestModel)


class Context(Protocol):
    """What a handler may use of its run; workers/context.py is the one implementation."""

    @property
    def job_id(self) -> UUID: ...
    @property
    def tenant_id(self) -> int: ...
    @property
    def attempt(self) -> int:
        """The fence: it grows with every run of the job."""

    @property
    def failures(self) -> int:
        """How many of the job's runs have failed. Unlike `attempt`, it counts none that was handed back."""

    def progress(self, processed: int, total: int | None = None) -> None:
        """Say how far the job is. Cheap: written with the lease, at most once a second. A `checkpoint` as well."""

    def checkpoint(self) -> None:
        """Where the handler may end. For free: call it, or `progress`, once in a second or a few of work.

        Raises TransitionRefused where the run no longer owns its job, and RunCancelled where somebody has asked the
        job to stop; the handler lets them pass. What it has committed by then stays.
        """

    def when_stopped(self, so_far: Callable[[], Result]) -> None:
        """How to tell what was found until a checkpoint that stops the job: the job then has that as its result."""

    def commit_with(self, effect: Callable[[R], R], *, while_suspended: bool = False) -> None:
        """Run `effect(result)` in the transaction that completes the job; it returns the result to store.

        For side effects in our own database: a second run can neither repeat nor recompute them. The effect
        itself may run more than once (after a lost connection), each time from nothing. While the tenant is
        suspended the job waits with it, unless `while_suspended` says that it is none that has to wait.
        """

    def owned(self) -> AbstractContextManager[None]:
        """A transaction in which this run still owns its job, for a decision that outlives the run.

        Whoever takes the job back, suspends its tenant or asks it to stop waits for its end. Raises
        TransitionRefused, RunSuspended and RunCancelled, which the handler lets pass.
        """


Handler = Callable[[P, Context], R]
Admission = Callable[[P, int], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """How long and how often a type may run. All durations in seconds."""

    # SoftTimeLimitExceeded is raised in the handler, then the process is killed; both are WORKER_TIMEOUT.
    soft_seconds: int
    hard_seconds: int
    # Runs in all, the first included.
    attempts: int
    # Exponential backoff with full jitter: random between 0 and min(cap, backoff * 2 ** (failures - 1)).
    backoff_seconds: float
    backoff_cap_seconds: float
    # What the contract promises, and what an estimate uses until there are measured runs.
    typical_seconds: int
    typical_range: tuple[int, int]

    def __post_init__(self) -> None:
        if not 0 < self.soft_seconds < self.hard_seconds or self.attempts < 1:
            raise ValueError(f"impossible limits: {self}")


@dataclass(frozen=True, slots=True)
class JobType(Generic[P, R]):
    name: str
    # In a sentence, for the API's documentation.
    description: str
    params: type[P]
    result: type[R]
    limits: Limits
    # The dotted path of the handler: `run(params, context) -> result`.
    run: str
    # Example values for the documentation: params and result as the API shows them.
    example: Mapping[str, object]
    # `admit(params, tenant_id)` refuses at dispatch for a reason in the database, by an ApiError. Local reads only.
    admit: Admission[P] | None = None
    # The dotted path of `estimate_cost(params, tenant_id) -> Decimal`: what a job costs at most, in US dollars, for a
    # type whose jobs cost anything. Local reads only.
    estimate_cost: str = ""
    # The dotted path of the presenter: `present(result) -> pictures`, see presenting.py. Without: tables only.
    present: str = ""


# While releases roll, jobs of the new one meet workers of the old one: what those do not know they leave to others.
# What nobody has known for a day fails.
UNKNOWN_FOR_SECONDS = 86_400.0

# By name. Filled at start, see `register`.
TYPES: dict[str, JobType[Params, Result]] = {}


def register(kind: JobType[P, R]) -> None:
    """Make a job type known: done by the job.py of every folder in workers/jobs/, when Django starts."""
    if kind.name in TYPES:
        raise ValueError(f"job type {kind.name!r} is registered twice")
    TYPES[kind.name] = cast("JobType[Params, Result]", kind)


def cost_of(name: str, result: object) -> float | None:
    """What a result of this type says that the job has cost, in US dollars: the field `cost`, where it has one."""
    kind = find(name)
    cost = result.get("cost") if kind and "cost" in kind.result.model_fields and isinstance(result, dict) else None
    return cost if isinstance(cost, int | float) else None


def handler_of(kind: JobType[P, R]) -> Handler[P, R]:
    """The type's handler, with all that it imports: for workers only."""
    return cast("Handler[P, R]", import_string(kind.run))


def present(kind: JobType[P, R], result: str) -> list[Picture]:
    """Pictures of a stored result. Raises ValidationError for one that this release would not make."""
    if not kind.present:
        return []
    presenter = cast("Callable[[R], Iterable[Picture]]", import_string(kind.present))
    return list(presenter(kind.result.model_validate_json(result)))


def most_cost_of(kind: JobType[P, R], params: bytes | str, tenant_id: int) -> Decimal | None:
    """What a job with these params costs at most, in US dollars. None for a type whose jobs cost nothing."""
    if not kind.estimate_cost:
        return None
    estimate = cast("Callable[[P, int], Decimal]", import_string(kind.estimate_cost))
    return estimate(parse_params(kind, params), tenant_id)


def all_types() -> list[JobType[Params, Result]]:
    return sorted(TYPES.values(), key=lambda each: each.name)


def find(name: str) -> JobType[Params, Result] | None:
    """The type of that name, if this release has it: a stored job may be of one that it has not."""
    return TYPES.get(name)


def get(name: object) -> JobType[Params, Result]:
    """The type of that name. Raises InvalidJobType, whose details list the known ones."""
    found = TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        errors = [{"path": "type", "message": InvalidJobType.default_message}]
        raise InvalidJobType(details={"known_types": sorted(TYPES), "errors": errors})
    return found


def parse_params(kind: JobType[P, R], params: bytes | str) -> P:
    """Build the type's Params from JSON. Raises InvalidParams with one entry per wrong field.

    Validation is in JSON mode, at dispatch and again in the worker: strict models refuse a date from a dict.
    """
    try:
        return kind.params.model_validate_json(params)
    except ValidationError as error:
        raise InvalidParams(details=field_errors(error, "params")) from None


def read_body(model: type[Body], document: Mapping[str, object]) -> Body:
    """A body as the model reads it. Raises InvalidParams."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidParams(details=field_errors(error)) from None


def field_errors(error: ValidationError, prefix: str = "") -> list[FieldError]:
    """One entry per wrong field, its path joined with dots."""
    return [
        {
            "path": ".".join(str(part) for part in (prefix, *each["loc"]) if part != ""),
            "message": _said(each),
        }
        for each in error.errors(include_url=False, include_input=False)
    ]


def _said(problem: ErrorDetails) -> str:
    """A text's only pattern is that of `RequestModel`: all others are a `Form`, which says in words what it wants."""
    if problem["type"] == "string_pattern_mismatch":
        return "must not contain the character U+0000"
    context = problem.get("ctx", {})
    if context.get("min_length") == 1:
        return "must not be empty"
    if words := _IN_WORDS.get(problem["type"]):
        return words.format(**context)
    return problem["msg"].removeprefix("Value error, ")


# Where pydantic speaks of its own types, and what callers know instead.
_IN_WORDS = {
    "bool_type": "must be true or false",
    "dict_type": "must be an object",
    "extra_forbidden": "is not a field here",
    "int_from_float": "must be a whole number",
    "int_type": "must be a whole number",
    "list_type": "must be a list",
    "literal_error": "must be {expected}",
    "missing": "is required",
    "model_type": "must be an object",
    "string_too_long": "must have at most {max_length} characters",
    "string_too_short": "must have at least {min_length} characters",
    "string_type": "must be a text",
    "too_long": "must have at most {max_length} entries",
    "too_short": "must have at least {min_length} entries",
}
