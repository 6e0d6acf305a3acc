"""Job types that do nothing: what remains is the price of the lifecycle. And some that compute."""

import hashlib
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


BLOCK = bytes(1_000_000)


def noop(params: Nothing, context: Context) -> Began:
    """Does nothing, and says when."""
    return Began(at=time.time())


def noop_of_words(params: Words, context: Context) -> Began:
    """The same, for params of a usual size."""
    return Began(at=time.time())


class Rounds(Params):
    """How long to compute."""

    rounds: int


def compute(params: Rounds, context: Context) -> Began:
    """Hashes a megabyte so many times: it takes as long as the machine lets it."""
    began = time.time()
    for done in range(params.rounds):
        hash_once()
        context.progress(done, params.rounds)
    return Began(at=began)


def hash_once() -> None:
    hashlib.blake2b(BLOCK).digest()


def hash_for(seconds: float) -> int:
    """How many rounds that is."""
    until, rounds = time.monotonic() + seconds, 0
    while time.monotonic() < until:
        hash_once()
        rounds += 1
    return rounds


register_for_tests("bench_noop", Nothing, Began, LIMITS, "tests.benchmarks.jobs.noop")
register_for_tests("bench_params", Words, Began, LIMITS, "tests.benchmarks.jobs.noop_of_words")
for name in ("bench_quick", "bench_usual", "bench_long"):
    register_for_tests(name, Rounds, Began, LIMITS, "tests.benchmarks.jobs.compute")
