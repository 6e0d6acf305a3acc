"""How a run can end: a closed set of values. `lifecycle.record` writes each of them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Completed:
    """The handler has answered."""

    # As JSON's own types.
    result: object
    # What was processed, and of how many where that is known.
    progress: tuple[int, int | None]
    # Runs in the transaction that ends the job, and returns the result to store in place of `result`.
    effect: Callable[[], object] | None = None
    # Whether the effect may come while the tenant is suspended; else the job waits with it.
    while_suspended: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """The handler has failed; `code` and `message` are shown to the caller."""

    code: str
    message: str
    # Whether trying again may help: while the budget lasts the job then waits for its next attempt.
    transient: bool
    # Seconds that an upstream asked for: the least wait.
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class HandedBack:
    """The worker does not do it, or not now: it stops, what it was given is of another release, the tenant is
    suspended, or an upstream lets the job go on later only.

    It costs no attempt.
    """

    # Seconds until another worker may take it, released by the sweeper; None: at once, published by the caller.
    delay: float | None = None


@dataclass(frozen=True, slots=True)
class LeaseLost:
    """Nothing was heard of the worker for as long as the lease lasts."""


@dataclass(frozen=True, slots=True)
class Stopped:
    """The handler has let itself be stopped, because somebody asked for it."""

    # What was processed until then; None: what the row says.
    progress: tuple[int, int | None] | None = None
    # What was found until then, as JSON's own types, where the handler can say.
    result: object = None


Outcome: TypeAlias = Completed | Failed | HandedBack | LeaseLost | Stopped
