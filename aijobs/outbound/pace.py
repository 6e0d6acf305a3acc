"""How long a run may take at somebody outside."""

import time

from aijobs.outbound.failures import OutOfTime


class Pace:
    """How long a run may take outside. All its waits go through here, so that none outlasts the run."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds until the deadline; negative after it."""
        return self._deadline - time.monotonic()

    def wait(self, seconds: float) -> None:
        """Sleep. Raises OutOfTime at once where the deadline comes first."""
        if seconds >= self.left:
            raise OutOfTime("OUT_OF_TIME", "The job had no time left for this within the rate limit.")
        if seconds > 0:
            time.sleep(seconds)
