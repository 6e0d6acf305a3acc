"""A run's time that passes without being waited for."""

from aijobs.outbound.pace import Pace


class Leaping(Pace):
    """Waits take their time from the run at once; `waits` are those that took some."""

    def __init__(self, seconds: float = 3600) -> None:
        super().__init__(seconds)
        self.waits: list[float] = []

    def wait(self, seconds: float) -> None:
        super().wait(min(seconds, 0) if seconds < self.left else seconds)
        self._deadline -= seconds
        if seconds > 0:
            self.waits.append(seconds)
