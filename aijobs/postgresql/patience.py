"""How long a process waits for a database that says nothing: a frozen server, a network that swallows packets.

`statement_timeout` is kept by the server, so it is of no use there: this is kept by the client. What counts is the
silence, from the first thing that was asked for in vain (a connection, a statement) to now. Every byte of an answer
ends it: so a COPY or a large result may take as long as it likes, and a server that is gone is noticed all the same.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import psycopg

# Four seconds of it at most go into a connection (see the pool's `timeout`). A request has waited two seconds for a
# thread before (see config.gateway): ten seconds in all.
REQUEST_SECONDS = 7.5
# Of what a worker, beat or the sweeper asks for. A handler is bounded by its type's time limits instead.
WORKER_SECONDS = 60.0


class ServerSilent(psycopg.OperationalError):
    """The server has not answered for as long as this process waits."""


class _Thread(threading.local):
    # When the present silence began; None while nothing has been asked for in vain.
    since: float | None = None
    # How long the present connection was waited for, until something is asked for on it: one silence, not two.
    waited: float = 0.0
    unlimited: bool = False


class Patience:
    """One for the process. Without a limit until `limit` is called: a command may well wait for an index of hours."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread = _Thread()
        self._seconds: float | None = None
        self._refuses = False
        self._answered_at = 0.0
        # While the server is silent: until when one caller tries for all.
        self._silent = False
        self._tried_until = 0.0

    def limit(self, seconds: float | None, *, refuse: bool = False) -> None:
        """From now on wait for so long. `refuse`: while the server is silent one tries, the others do not wait."""
        self._seconds, self._refuses, self._silent = seconds, refuse, False

    @contextmanager
    def unlimited(self) -> Iterator[None]:
        """On this thread, for as long as this lasts, wait for ever: something else bounds what is done here."""
        before, self._thread.unlimited = self._thread.unlimited, True
        try:
            yield
        finally:
            self._thread.unlimited = before

    def admit(self) -> None:
        """Before a connection is asked for. Raises ServerSilent where others wait for the server in vain already."""
        if not (self._silent and self._refuses):
            return
        with self._lock:
            now = monotonic()
            if self._silent and now < self._tried_until:
                raise ServerSilent("the database does not answer; another caller is waiting for it")
            self._tried_until = now + (self._seconds or 0.0)

    def begin(self) -> float | None:
        """Something is asked for: the moment at which this thread has waited for too long. None: never."""
        if self._seconds is None or self._thread.unlimited:
            return None
        if self._thread.since is None:
            self._thread.since, self._thread.waited = monotonic() - self._thread.waited, 0.0
        return self._thread.since + self._seconds

    def connected(self) -> None:
        """The connection that was asked for is there, though the server may not have said anything."""
        if self._thread.since is not None:
            self._thread.waited = monotonic() - self._thread.since
            self._thread.since = None

    def progressed(self) -> None:
        """What was asked for goes on, or is over."""
        self._thread.since = None

    def answered(self) -> None:
        """The server has said something."""
        self._thread.since = None
        self._answered_at = monotonic()
        self._silent = False

    def give_up(self) -> None:
        """This thread waits no longer; if nobody has had an answer meanwhile, the server is silent for everybody."""
        since, self._thread.since = self._thread.since, None
        if since is not None and self._answered_at < since:
            with self._lock:
                # The next caller tries at once: it waits as this one did.
                self._silent, self._tried_until = True, 0.0


patience = Patience()
