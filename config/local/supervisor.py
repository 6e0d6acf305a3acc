"""Keeps child processes running: one that dies is started again with backoff, and a line says so."""

import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.local import processes

Announce = Callable[[str], None]

FIRST_BACKOFF_SECONDS = 0.5
LONGEST_BACKOFF_SECONDS = 10.0
# A child that has lived this long is healthy again: its next death starts with the first backoff.
HEALTHY_SECONDS = 30.0
POLL_SECONDS = 0.1
# A log that has grown so long is rotated while its process runs.
LONGEST_LOG = 64 * 1024 * 1024


class ChildDied(Exception):
    """A child ended before everything was ready: one line for the person at the terminal."""


@dataclass(slots=True)
class Child:
    """A process to keep. `start` may raise; then it is tried again after the backoff.

    `purpose`: what it is for, in a few words.
    """

    name: str
    purpose: str
    start: Callable[[], subprocess.Popen[bytes]]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 10.0
    # The others need it until they have ended.
    stops_last: bool = False
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    backoff: float = FIRST_BACKOFF_SECONDS
    restart_at: float | None = field(default=None)


class Supervisor:
    """Starts children in order, and ends them so that none misses another. For the main thread only."""

    def __init__(self, announce: Announce) -> None:
        self.announce = announce
        self.children: list[Child] = []

    def start(self, child: Child) -> None:
        self.children.append(child)
        self._start(child)

    def require_alive(self) -> None:
        """Raises ChildDied, with the last line of its log, when a child has ended."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                raise ChildDied(
                    f"{child.name} ended when it started: {processes.last_line(child.log)} (see {child.log}; "
                    "`manage.py doctor` may say why)"
                )

    def watch(self) -> None:
        """Restart what dies, for ever. Ends by an exception, such as KeyboardInterrupt."""
        while True:
            for child in self.children:
                self._look_after(child)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Stop all: at once those that nobody needs, then the rest, last started first.

        A KeyboardInterrupt meanwhile kills what is being waited for.
        """
        self._stop([child for child in self.children if not child.stops_last])
        for child in reversed(self.children):
            if child.stops_last:
                self._stop([child])

    def _stop(self, children: Sequence[Child]) -> None:
        running = [child for child in children if child.process is not None]
        threads = [threading.Thread(target=_stop, args=(child,)) for child in running]
        for thread in threads:
            thread.start()
        for thread in threads:
            try:
                thread.join()
            except KeyboardInterrupt:
                for child in running:
                    _kill(child)
                thread.join()

    def _start(self, child: Child) -> None:
        child.process = child.start()
        child.started_at = time.monotonic()
        child.restart_at = None

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.log.exists() and child.log.stat().st_size > LONGEST_LOG:
            processes.rotate(child.log, running=True)
        if child.restart_at is not None:
            if now >= child.restart_at:
                self._restart(child)
        elif child.process is not None and (code := child.process.poll()) is not None:
            # The rest of its group would keep its port, or its jobs.
            processes.kill_group(child.process)
            if now - child.started_at > HEALTHY_SECONDS:
                child.backoff = FIRST_BACKOFF_SECONDS
            self._retry_later(child, f"{child.name} ended ({_cause(code)}): {processes.last_line(child.log)}")

    def _restart(self, child: Child) -> None:
        try:
            self._start(child)
        except Exception as error:
            # Whatever kept it from starting may be over in a while; the others go on serving.
            self._retry_later(child, f"{child.name} could not be started: {error}")
        else:
            self.announce(f"{child.name} is running again.")

    def _retry_later(self, child: Child, what: str) -> None:
        self.announce(f"{what}. It will start again in {child.backoff:g} s.")
        child.restart_at = time.monotonic() + child.backoff
        child.backoff = min(2 * child.backoff, LONGEST_BACKOFF_SECONDS)


def _stop(child: Child) -> None:
    if child.process is not None:
        processes.stop(child.process, child.stop_signal, child.stop_seconds)


def _kill(child: Child) -> None:
    if child.process is not None:
        processes.kill_group(child.process)


def _cause(code: int) -> str:
    """An exit code, or the signal that a negative one stands for."""
    return f"exit code {code}" if code >= 0 else signal.Signals(-code).name
