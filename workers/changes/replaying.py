"""A job's decision, committed before anything is written outside: a later attempt goes on with it."""

from collections.abc import Callable
from typing import TypeVar

from aijobs.registry import Context, Result
from workers.changes.models import StoredDecision

R = TypeVar("R", bound=Result)


def stored(context: Context, model: type[R]) -> R | None:
    """What an earlier attempt of the job has committed."""
    found = StoredDecision.objects.filter(job=context.job_id).first()
    return model.model_validate(found.result) if found else None


def commit(context: Context, decide: Callable[[], R]) -> R:
    """Decide and commit, in one transaction that holds the job. Raises TransitionRefused where the run is over."""
    with context.owned():
        result = decide()
        StoredDecision.objects.create(job_id=context.job_id, result=result.model_dump(mode="json"))
    return result
