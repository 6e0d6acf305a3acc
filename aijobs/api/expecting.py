"""When a job will probably start and be done, as the API shows it."""

from datetime import datetime

from pydantic import BaseModel, Field

from aijobs.engine.forecasts import Forecast


class QueueView(BaseModel):
    position: int | None = Field(
        description="How many jobs that are due go before this one, of all tenants: those of higher priority, and "
        "those of its own priority that were handed out before it or are going to be. It is 0 for a running job, and "
        "null while the job waits for another one of its batch. More than 2,000 of your own jobs count as 2,000.",
        examples=[12],
    )
    estimated_start_at: datetime | None = Field(
        description="When a worker will probably take the job; for a running job, when one has. It is null, as the "
        "others are, if no worker is there, or if the job waits for another one."
    )
    estimated_completion_at: datetime | None = Field(description="Half of such jobs are done by then.")
    p90_completion_at: datetime | None = Field(
        description="Nine of ten such jobs are done by then: for this, the service holds earlier forecasts against "
        "what came. Until a type has run, it goes by what is usual for the type, and the bounds are wide."
    )


def show_queue(forecast: Forecast) -> dict[str, object]:
    """A `QueueView`."""
    return {
        "position": forecast.position,
        "estimated_start_at": forecast.start_at,
        "estimated_completion_at": forecast.median_at,
        "p90_completion_at": forecast.p90_at,
    }
