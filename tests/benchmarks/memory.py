"""What groups of processes hold in memory at most, looked at now and then. Linux only."""

import threading
from collections.abc import Iterator, Mapping
from types import TracebackType

import psutil

POLL_SECONDS = 0.25


class Memory:
    """Looks at groups, each a process with its children, for as long as its context lasts."""

    def __init__(self, groups: Mapping[str, psutil.Process]) -> None:
        self._groups = groups
        self._largest = dict.fromkeys(groups, 0)
        self._together = dict.fromkeys(groups, 0)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory")

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def peaks(self) -> Iterator[tuple[str, str]]:
        """Of each group: of its largest process, and of all of them together."""
        for name in self._groups:
            yield f"{name}, peak of the largest process", megabytes(self._largest[name])
            yield f"{name}, peak of all processes together", megabytes(self._together[name])

    def _watch(self) -> None:
        while not self._over.wait(POLL_SECONDS):
            for name, process in self._groups.items():
                sizes = [_sizes(each) for each in (process, *process.children(recursive=True))]
                self._largest[name] = max(self._largest[name], *(rss for rss, _ in sizes))
                self._together[name] = max(self._together[name], sum(pss for _, pss in sizes))


def _sizes(process: psutil.Process) -> tuple[int, int]:
    """All that it has in memory, and that with its share only of what it shares with others, in bytes."""
    try:
        found = process.memory_full_info()
    except psutil.Error:
        # It has ended.
        return 0, 0
    return found.rss, found.pss


def megabytes(size: int) -> str:
    return f"{size / 1_000_000:,.0f} MB"
