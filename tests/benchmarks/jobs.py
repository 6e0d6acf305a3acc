"""Job types that do nothing: what remains is the price of the lifecycle."""

import time

from aijobs.registry import Context, Params, Result, job_type
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


@job_type("bench_noop", params=Nothing, result=Began, limits=LIMITS, example={"params": {}, "result": {}})
def noop(params: Nothing, context: Context) -> Began:
    """Does nothing, and says when."""
    return Began(at=time.time())


@job_type("bench_params", params=Words, result=Began, limits=LIMITS, example={"params": {}, "result": {}})
def noop_of_words(params: Words, context: Context) -> Began:
    """The same, for params of a usual size."""
    return Began(at=time.time())
