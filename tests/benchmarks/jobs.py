"""Job types that do nothing: what remains is the price of the lifecycle."""

import time

from aijobs.registry import Context, JobType, Params, Result, register
from tests.jobs import LIMITS


class Nothing(Params):
    pass


class Words(Params):
    """About as much as a real job's params."""

    note: str
    skus: list[str]


class Began(Result):
    """The clock of this machine at the handler's first line, in seconds."""

    at: float


def noop(params: Nothing, context: Context) -> Began:
    """Does nothing, and says when."""
    return Began(at=time.time())


def noop_of_words(params: Words, context: Context) -> Began:
    """The same, for params of a usual size."""
    return Began(at=time.time())


for name, params, result, limits, handler in (
    ("bench_noop", Nothing, Began, LIMITS, "noop"),
    ("bench_params", Words, Began, LIMITS, "noop_of_words"),
):
    register(
        JobType(
            name=name,
            description=f"Of the tests: {handler}.",
            params=params,
            result=result,
            limits=limits,
            run=f"tests.benchmarks.jobs.{handler}",
            example={"params": {}, "result": {}},
        )
    )
