"""The client's types are those of the service's schema."""

import pytest
from pydantic import BaseModel

from aijobs.api.batches import BatchAccepted as BatchAcceptedView
from aijobs.api.batches import BatchRetried, BatchView
from aijobs.api.events import EventView
from aijobs.api.job_shapes import JobView
from aijobs.client import shapes
from aijobs.dispatching import JobRequest
from aijobs.filtering import JobFilter


@pytest.mark.parametrize(
    ("typed", "views"),
    [
        (shapes.Job, [JobView]),
        (shapes.Batch, [BatchView]),
        (shapes.BatchAccepted, [BatchAcceptedView, BatchRetried]),
        (shapes.Event, [EventView]),
        (shapes.JobFilter, [JobFilter]),
    ],
    ids=lambda value: "" if isinstance(value, list) else value.__name__,
)
def test_a_type_has_the_fields_of_the_schema(typed: type, views: list[type[BaseModel]]) -> None:
    assert sorted(typed.__annotations__) == sorted({name for view in views for name in view.model_fields})


def test_a_job_of_a_batch_takes_what_the_service_takes() -> None:
    taken = set(JobRequest.model_fields) | {"depends_on"}
    assert set(shapes.JobTemplate.__annotations__) == taken
    assert set(shapes.JobOptions.__annotations__) == taken - {"type", "params", "depends_on"}
