"""What a job has committed before it is over, for a later attempt to go on with.

Its parts, as they are computed; and its decision, before anything is written outside.
"""

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel

from aijobs.registry import Context, Result
from workers.changes.models import StoredDecision, StoredPart

P = TypeVar("P", bound=BaseModel)
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


def parts(context: Context, model: type[P]) -> list[P]:
    """What earlier attempts of the job have computed, in its order."""
    rows = StoredPart.objects.filter(job=context.job_id).order_by("id")
    return [model.model_validate(row.part) for row in rows]


def keep(context: Context, part: BaseModel) -> None:
    """Raises TransitionRefused where the run is over, and RunSuspended."""
    with context.owned():
        StoredPart.objects.create(job_id=context.job_id, part=part.model_dump(mode="json"))


def drop_parts(job_id: UUID) -> None:
    """To be called in the transaction that stores the result."""
    StoredPart.objects.filter(job=job_id).delete()
