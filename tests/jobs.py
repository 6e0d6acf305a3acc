"""Test-only job types: real handlers whose ends the tests choose. Registered by the app in tests/settings.py."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, cast

import psutil
from billiard.exceptions import SoftTimeLimitExceeded
from pydantic import Field

from aijobs.errors import PermanentFailure, TransientFailure
from aijobs.registry import Context, JobType, Limits, Params, Result, register
from workers.context import JobContext

# Longer than any handler here is asked to take: a sleep as long as its limit ends by whichever comes first.
LIMITS = Limits(
    soft_seconds=60,
    hard_seconds=90,
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
    until: str = Field(default="", description="Go on when this file is there.")
    stubborn: bool = Field(default=False, description="Go on after the soft time limit.")
    fail: str | None = Field(default=None, description="permanent, transient, bug, or None.")


class ProbeResult(Result):
    label: str
    slept: float


def probe(params: ProbeParams, context: Context) -> ProbeResult:
    """Does what its params say."""
    return _run(params, context)


def hasty(params: ProbeParams, context: Context) -> ProbeResult:
    """The same, under limits of one and two seconds."""
    return _run(params, context)


def _run(params: ProbeParams, context: Context) -> ProbeResult:
    context.progress(0, 1)
    _sleep(params)
    while params.until and not Path(params.until).exists():
        time.sleep(0.02)
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


# Where the handlers below write down every run of theirs: one line at its begin, one at its end.
RUNS_FILE = "AIJOBS_TEST_RUNS"
MEMORY_LIMIT = 64 * 1024 * 1024


class CountedParams(Params):
    """How a counted run shall go."""

    sleep: float = Field(default=0.0, ge=0, le=60)
    once: bool = Field(default=False, description="Sleep at the first attempt only.")
    fail: Literal["permanent", "first", "always"] | None = Field(default=None, description="At all, and how often.")


class CountedResult(Result):
    attempt: int


class PoisonParams(Params):
    """What shall be wrong with the job."""

    way: Literal["hang", "sleep", "memory", "killed", "raise"]


def counted(params: CountedParams, context: Context) -> CountedResult:
    """Sleeps, and counts its runs."""
    attempt = _attempt(context)
    with _counted(context):
        time.sleep(0 if params.once and attempt > 1 else params.sleep)
    if params.fail == "permanent":
        raise PermanentFailure("COUNTED_FAILED", "asked to fail")
    if params.fail == "always" or (params.fail == "first" and attempt == 1):
        raise TransientFailure("COUNTED_BUSY", "asked to fail for now")
    return CountedResult(attempt=attempt)


def poison(params: PoisonParams, context: Context) -> CountedResult:
    """Never ends well."""
    with _counted(context):
        POISONS[params.way]()
    return CountedResult(attempt=_attempt(context))


def _hang() -> None:
    """Neither a soft limit nor anything else of Python stops it."""
    while True:
        try:
            time.sleep(60)
        except SoftTimeLimitExceeded:
            continue


def _exhaust_memory() -> None:
    """As a container with a limit has it: the allocation fails. The limit is of this process, and lifted again."""
    limits = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (psutil.Process().memory_info().vms + MEMORY_LIMIT, limits[1]))
    try:
        bytearray(4 * MEMORY_LIMIT)
    finally:
        resource.setrlimit(resource.RLIMIT_AS, limits)


def _raise() -> None:
    raise RuntimeError("poison")


POISONS = {
    "hang": _hang,
    "sleep": lambda: time.sleep(60),
    "memory": _exhaust_memory,
    # As the kernel does where memory runs out.
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "raise": _raise,
}


def _attempt(context: Context) -> int:
    return cast("JobContext", context).run.attempt


@contextmanager
def _counted(context: Context) -> Iterator[None]:
    _write_down("begin", context)
    try:
        yield
    finally:
        _write_down("end", context)


def _write_down(what: str, context: Context) -> None:
    """One short write to a file opened for appending: lines of several processes do not mix."""
    if path := os.environ.get(RUNS_FILE):
        line = f"{what} {context.job_id} {_attempt(context)} {os.getpid()} {time.time():.6f}\n"
        file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)


def register_for_tests(name: str, params: type[Params], result: type[Result], limits: Limits, run: str) -> None:
    """A job type without examples; `run` is the handler's dotted path."""
    register(
        JobType(
            name=name,
            description=f"Of the tests: {run.rpartition('.')[2]}.",
            params=params,
            result=result,
            limits=limits,
            run=run,
            example={"params": {}, "result": {}},
        )
    )


register_for_tests("test_probe", ProbeParams, ProbeResult, LIMITS, "tests.jobs.probe")
register_for_tests("test_hasty", ProbeParams, ProbeResult, HASTY, "tests.jobs.hasty")
register_for_tests("test_counted", CountedParams, CountedResult, LIMITS, "tests.jobs.counted")
register_for_tests("test_poison", PoisonParams, CountedResult, HASTY, "tests.jobs.poison")
