"""Ctrl-C and SIGTERM, of which one that arrives twice is one."""

import signal
import time
from types import FrameType

SAME_INTERRUPT_SECONDS = 1.0


class Interrupts:
    """The first Ctrl-C or SIGTERM stops everything; a later Ctrl-C hurries.

    One that follows at once is the same: `uv run`, a shell or a service manager signal us and our parent, which
    passes it on.
    """

    def __init__(self) -> None:
        self.first: float | None = None
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, self.handle)

    def handle(self, number: int, frame: FrameType | None) -> None:
        moment = time.monotonic()
        if self.first is None:
            self.first = moment
            raise KeyboardInterrupt
        if number == signal.SIGINT and moment > self.first + SAME_INTERRUPT_SECONDS:
            raise KeyboardInterrupt
