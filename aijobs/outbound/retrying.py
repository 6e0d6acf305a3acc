"""Calls that are made again where a moment's pause may help and the run has the time."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from aijobs.outbound.failures import OutOfTime, Unavailable
from aijobs.outbound.pace import Pace

T = TypeVar("T")
# The seconds before the next try, by the number of those made and by what the failure itself asks for.
Pause = Callable[[int, float], float]


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call is made in all, and `after` which failures it is made again.

    Uncertain and OutOfTime are never among them: what may have arrived is not sent twice.
    """

    tries: int
    pause: Pause
    after: type[Unavailable] = Unavailable


def doubling(seconds: float) -> Pause:
    """At random between `seconds` and twice that, and twice as long each time; longer where the failure asks so."""

    def pause(tried: int, asked: float) -> float:
        return max(asked, random.uniform(1, 2) * seconds * (1 << tried - 1))  # noqa: S311  # spreads load

    return pause


def spread(tried: int, asked: float) -> float:
    """At random between what the failure asks for and a multiple of it, which grows with every try.

    For a limit that many share. All who wait for it are told the same: together they would find it used up again.
    """
    return asked * random.uniform(1, 1 + tried)  # noqa: S311  # spreads load


def retried(attempt: Callable[[], T], retries: Retries, pace: Pace) -> T:
    """What the attempt returns. Raises what the last one raised, as OutOfTime where the run ends before the pause."""
    for tried in range(1, retries.tries):
        try:
            return attempt()
        except retries.after as problem:
            seconds = retries.pause(tried, problem.retry_after or 0.0)
            if seconds >= pace.left:
                raise OutOfTime(problem.code, problem.message, problem.retry_after) from None
        pace.wait(seconds)
    return attempt()
