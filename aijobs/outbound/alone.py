"""The turns of one process, for as long as the store that all processes share is away."""

import time
from collections import deque
from dataclasses import dataclass, field
from threading import Lock


@dataclass(slots=True)
class _Turns:
    last: float = 0.0
    # Those of a minute, the newest last.
    recent: deque[float] = field(default_factory=deque)


class Turns:
    """When the threads of this process had, and have, their turns: by the process's own clock, under one lock."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._turns: dict[str, _Turns] = {}

    def given(self, name: str, wait: float, most: int | None, minute: float) -> None:
        """A turn that the shared store gave."""
        with self._lock:
            _note(self._of(name, minute), time.monotonic() + wait, most)

    def take(self, name: str, interval: float, left: float, most: int | None, minute: float) -> float:
        """The seconds until the next turn, an interval after now and after the last one; it is kept for the caller if
        it comes within `left`. In a minute there are at most `most`, also of those that the shared store gave."""
        now = time.monotonic()
        with self._lock:
            turns = self._of(name, minute)
            turn = max(now, turns.last) + interval
            if most is not None and len(turns.recent) >= most:
                turn = max(turn, turns.recent[-most] + minute)
            if turn - now < left:
                _note(turns, turn, most)
        return turn - now

    def _of(self, name: str, minute: float) -> _Turns:
        """What is longer ago than a minute says nothing any more."""
        old = time.monotonic() - minute
        for each in [each for each, turns in self._turns.items() if turns.last < old]:
            del self._turns[each]
        return self._turns.setdefault(name, _Turns())


def _note(turns: _Turns, turn: float, most: int | None) -> None:
    turns.last = max(turns.last, turn)
    if most is not None:
        turns.recent.append(turn)
        while len(turns.recent) > most:
            turns.recent.popleft()
