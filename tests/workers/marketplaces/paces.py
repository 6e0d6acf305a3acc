"""Runs whose time does not hang on how fast the machine is."""

from collections.abc import Callable

from aijobs.outbound.pace import Pace


class Leaping(Pace):
    """Waits take their time from the run at once, and nothing else takes any; `waits` are those that took some."""

    def __init__(self, seconds: float = 3600) -> None:
        super().__init__(seconds)
        self._seconds = seconds
        self.waits: list[float] = []

    @property
    def left(self) -> float:
        return self._seconds - sum(self.waits)

    def wait(self, seconds: float) -> None:
        super().wait(min(seconds, 0) if seconds < self.left else seconds)
        if seconds > 0:
            self.waits.append(seconds)


class Ending(Pace):
    """Each call has a second, and the run is over with the one that hangs, which `is_over` tells: a slow machine may
    take as long as it likes for what comes before."""

    def __init__(self, is_over: Callable[[], bool]) -> None:
        super().__init__(3600)
        self._is_over = is_over

    @property
    def left(self) -> float:
        return 0.0 if self._is_over() else 1.0
