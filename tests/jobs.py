"""Test-only job types: real handlers whose ends the tests choose. Registered by the app in tests/settings.py."""

import time

from billiard.exceptions import SoftTimeLimitExceeded
from pydantic import Field

from aijobs.errors import PermanentFailure, TransientFailure
from aijobs.registry import Context, Limits, Params, Result, job_type

LIMITS = Limits(
    soft_seconds=20,
    hard_seconds=30,
    attempts=3,
    backoff_seconds=0.1,
    backoff_cap_seconds=0.2,
    typical_seconds=1,
    typical_range=(1, 2),
)
# A second type with limits short enough to wait for.
HASTY = Limits(
    soft_seconds=1,
    hard_seconds=2,
    attempts=2,
    backoff_seconds=0.05,
    backoff_cap_seconds=0.1,
    typical_seconds=1,
    typical_range=(1, 2),
)


class ProbeParams(Params):
    """What the handler shall do."""

    label: str = Field(default="", max_length=100)
    sleep: float = Field(default=0.0, ge=0, le=60)
    stubborn: bool = Field(default=False, description="Go on after the soft time limit.")
    fail: str | None = Field(default=None, description="permanent, transient, bug, or None.")


class ProbeResult(Result):
    label: str
    slept: float


@job_type("test_probe", params=ProbeParams, result=ProbeResult, limits=LIMITS, example={"params": {}, "result": {}})
def probe(params: ProbeParams, context: Context) -> ProbeResult:
    """Does what its params say."""
    return _run(params, context)


@job_type("test_hasty", params=ProbeParams, result=ProbeResult, limits=HASTY, example={"params": {}, "result": {}})
def hasty(params: ProbeParams, context: Context) -> ProbeResult:
    """The same, under limits of one and two seconds."""
    return _run(params, context)


def _run(params: ProbeParams, context: Context) -> ProbeResult:
    context.progress(0, 1)
    _sleep(params)
    if params.fail == "permanent":
        raise PermanentFailure("PROBE_FAILED", "asked to fail")
    if params.fail == "transient":
        raise TransientFailure("PROBE_BUSY", "asked to fail for now")
    if params.fail == "bug":
        raise RuntimeError("secret=hunter2")
    context.progress(1, 1)
    return ProbeResult(label=params.label, slept=params.sleep)


def _sleep(params: ProbeParams) -> None:
    until = time.monotonic() + params.sleep
    while (left := until - time.monotonic()) > 0:
        try:
            time.sleep(left)
        except SoftTimeLimitExceeded:
            if not params.stubborn:
                raise
