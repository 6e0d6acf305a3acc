"""What a dispatch would come to, with `validate_only`."""

from decimal import Decimal

from pydantic import BaseModel, Field

from aijobs.api.expecting import QueueView, show_queue
from aijobs.dispatching import AnyWanted, Checked
from aijobs.shapes import PriorityName


class Cost(BaseModel):
    most: float = Field(
        description="What it costs at most, in US dollars, by the prices in the assistants' settings."
    )


class ValidatedJob(BaseModel):
    type: str
    priority: PriorityName
    queue: QueueView = Field(description="When it would probably start and be done if you dispatched it now.")
    cost: Cost | None = Field(description="It is null for a job that costs nothing by its type.")


class Quota(BaseModel):
    limit: int = Field(description="How many jobs of the tenant may be queued or running.")
    active: int = Field(description="How many are.")
    left: int = Field(description="How many more the service takes now.")


class Validation(BaseModel):
    replays: bool = Field(
        description="Whether the Idempotency-Key has an answer already: a dispatch would repeat it, and add no job. "
        "The rest is empty then."
    )
    jobs: list[ValidatedJob] = Field(description="The jobs that a dispatch would add, in their order.")
    cost: Cost | None = Field(description="Of all jobs together. It is null if none of them costs anything.")
    quota: Quota | None


class ValidationAnswer(BaseModel):
    data: Validation


def show_checked(wanted: AnyWanted, checked: Checked) -> dict[str, object]:
    """A `Validation`."""
    known = [cost for cost in checked.costs if cost is not None]
    return {
        "replays": False,
        "jobs": [
            {
                "type": job.type,
                "priority": job.priority.label,
                "queue": show_queue(forecast),
                "cost": _show_cost(cost),
            }
            for job, cost, forecast in zip(wanted.jobs, checked.costs, checked.forecasts, strict=True)
        ],
        "cost": _show_cost(sum(known, Decimal(0)) if known else None),
        "quota": {"limit": checked.limit, "active": checked.active, "left": checked.left},
    }


def show_replay() -> dict[str, object]:
    """A `Validation`."""
    return {"replays": True, "jobs": [], "cost": None, "quota": None}


def _show_cost(cost: Decimal | None) -> dict[str, object] | None:
    return None if cost is None else {"most": cost}
