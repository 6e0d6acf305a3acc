"""What tests of the API read out of its answers, and put into its rows."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection

from aijobs import identifiers
from aijobs.engine import broker
from tests import engine

T = TypeVar("T")
JOB_ID = re.compile(r"job_[0-7][0-9A-HJKMNP-TV-Z]{25}")
BATCH_ID = re.compile(r"batch_[0-7][0-9A-HJKMNP-TV-Z]{25}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NO_JOB = "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
NO_BATCH = "batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
NO_BULK = "bulk_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
NO_SCHEDULE = "schedule_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
NO_WEBHOOK = "wh_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
NO_DELIVERY = "whd_01JQZ4X5M8N9P0Q1R2S3T4V5W6"
# For each parameter of a path, a value that a test's tenant does not have.
UNKNOWN = {
    "job_id": NO_JOB,
    "batch_id": NO_BATCH,
    "schedule_id": NO_SCHEDULE,
    "bulk_id": NO_BULK,
    "webhook_id": NO_WEBHOOK,
    "delivery_id": NO_DELIVERY,
    "change_id": "1",
    "name": "amazon_us",
}
PROBE = {"type": "test_probe", "params": {}}


def data_of(response: Any, status: int = 200) -> Any:
    """The data of an answer that must be a success."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    assert response["X-Request-ID"]
    body = response.json()
    assert body.keys() <= {"data", "pagination"}
    return body["data"]


def error_of(response: Any, status: int, code: str) -> dict[str, Any]:
    """The error of an answer that must be this refusal."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/json"
    assert response["X-Request-ID"]
    body = response.json()
    assert body.keys() == {"error"}
    error: dict[str, Any] = body["error"]
    assert error.keys() <= {"code", "message", "details"}
    assert error["code"] == code
    assert error["message"]
    return error


def paths_of(error: dict[str, Any]) -> list[str]:
    """Which fields an error is about."""
    return [each["path"] for each in error["details"]]


def uuid_of(public_id: str) -> UUID:
    prefix = public_id.partition("_")[0] + "_"
    decoded = identifiers.decode(prefix, public_id)
    assert decoded is not None
    return decoded


def run_to_the_end(public_id: str, result: object = None) -> None:
    engine.complete(engine.start(uuid_of(public_id)), result)


def patiently(ask: Callable[[], Any]) -> Any:
    """As clients do: once more where the service, on a busy machine, says so."""
    while (answer := ask()).status_code in (409, 503) and "Retry-After" in answer:
        pass
    return answer


def at_once(count: int, call: Callable[[int], T], threads: int = 12) -> list[T]:
    """Call from many threads, each giving back its connections to the database and the broker."""

    def one(number: int) -> T:
        try:
            return call(number)
        finally:
            connection.close()
            # Left to the collector of garbage, it would be a warning in a test that has nothing to do with it.
            broker.disconnect()

    with ThreadPoolExecutor(threads) as executor:
        return list(executor.map(one, range(count)))
