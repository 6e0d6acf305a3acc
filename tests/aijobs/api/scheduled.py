"""What tests of schedules send."""

from typing import Any

from tests.aijobs.api.answers import PROBE, data_of
from tests.clients import Caller

PATH = "/api/ai-jobs/schedules"
NIGHTLY: dict[str, Any] = {"name": "nightly", "cron": "30 2 * * 1-5", "timezone": "Europe/Berlin", "job": PROBE}


def created(who: Caller, **changes: object) -> dict[str, Any]:
    """A schedule that must be accepted; None leaves a field out."""
    body = {name: value for name, value in {**NIGHTLY, **changes}.items() if value is not None}
    data: dict[str, Any] = data_of(who.post(PATH, body), 201)
    return data
