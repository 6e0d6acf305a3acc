"""Job types that do nothing: what remains is the price of the lifecycle."""

import time

from aijobs.registry import Context, Params, Result
from tests.jobs import LIMITS, register_for_tests


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


register_for_tests("bench_noop", Nothing, Began, LIMITS, "tests.benchmarks.jobs.noop")
register_for_tests("bench_params", Words, Began, LIMITS, "tests.benchmarks.jobs.noop_of_words")
