"""How long a run may take at somebody outside."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aijobs.outbound.failures import OutOfTime


class Pace:
    """How long a run may take outside. All its waits go through here, so that none outlasts the run.

    So does every call, which waits for its turn right before it is sent.
    """

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._may_call: Callable[[], bool] = _always

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self._deadline - time.monotonic()

    @contextmanager
    def only_while(self, may_call: Callable[[], bool]) -> Iterator[None]:
        """Within, each call is sent only if this still says so after its wait."""
        self._may_call = may_call
        try:
            yield
        finally:
            self._may_call = _always

    def wait(self, seconds: float) -> None:
        """Sleep. Raises OutOfTime: at once where the deadline comes first, and after it where no call may be sent."""
        if seconds >= self.left:
            raise OutOfTime("OUT_OF_TIME", "The rate limit left no time for this call. Try again later.")
        if seconds > 0:
            time.sleep(seconds)
        if not self._may_call():
            raise OutOfTime(
                "NOT_SENT",
                "The call was not sent, because the tenant was suspended or another worker has taken over. The "
                "service goes on with it.",
            )


class Patience(Pace):
    """Of a run that ends when it ends, but sleeps for a few seconds at most: what takes longer is another run's."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self._seconds = seconds

    @property
    def left(self) -> float:
        return self._seconds


def _always() -> bool:
    return True
