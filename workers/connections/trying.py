"""A connection tried out while somebody waits: at most one at a time in a process."""

import threading
from collections.abc import Callable
from typing import TypedDict

from aijobs.errors import ApiError
from aijobs.outbound.failures import OutboundError

# Somebody waits for the answer, and so does one of the API's threads.
TEST_SECONDS = 10.0


class TestRunning(ApiError):
    code, status = "TEST_RUNNING", 429
    default_message = "Another connection is being tested. Try again in a moment."
    advice = "Wait for the seconds in `Retry-After`, and test the connection again."


class Tested(TypedDict):
    ok: bool
    code: str | None
    message: str


# A process of the API has a few threads for all tenants, and a server that never answers keeps one for ten seconds.
_one_test = threading.BoundedSemaphore(1)


def told_by(check: Callable[[], str]) -> Tested:
    """What it found, or what is wrong. Raises TestRunning while this process tries another connection."""
    if not _one_test.acquire(blocking=False):
        raise TestRunning(retry_after=int(TEST_SECONDS))
    try:
        return {"ok": True, "code": None, "message": check()}
    except OutboundError as error:
        return {"ok": False, "code": error.code, "message": error.message}
    finally:
        _one_test.release()
