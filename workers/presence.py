"""What each process of Celery says of itself every few seconds, for staff: that it is there, and what it takes.

The events process does so, too.

One thread in the parent of a pool, on a connection of its own: the processes of the pool are forked from the parent,
and must not share its connections.
"""

import atexit
import hashlib
import logging
import os
import socket
import threading
import time
import tomllib
from collections.abc import Sequence
from functools import cache
from multiprocessing.sharedctypes import RawValue
from secrets import token_hex
from typing import Any

import psycopg
from celery import signals
from django.conf import settings
from django.db import connection

from aijobs.models.workers import EVENTS_PREFIX
from aijobs.postgresql.connection import Connection
from aijobs.postgresql.patience import patience

logger = logging.getLogger(__name__)

# Whose lease it is. Made in the parent and inherited by its pool's processes: the parent hands back what they held.
WORKER = f"{socket.gethostname()}:{os.getpid()}:{token_hex(2)}"
INTERVAL_SECONDS = 5.0
CONNECT_SECONDS = 3
# Of a process that stops.
PATIENCE_SECONDS = 2.0

# When a process of the pool last claimed a job. In memory that all of them share: a claim pays nothing for it.
_claimed_at = RawValue("d", 0.0)


def claimed() -> None:
    """A job was claimed now."""
    _claimed_at.value = time.time()


class Presence(threading.Thread):
    """Renews the process's row until the process ends."""

    def __init__(self, name: str, queues: Sequence[str], places: int) -> None:
        super().__init__(name="presence", daemon=True)
        self._row = {
            "id": WORKER,
            "name": name,
            "host": socket.gethostname(),
            "queues": list(queues),
            "places": places,
            "version": version(),
        }
        self._connection: psycopg.Connection | None = None
        self._ended = threading.Event()

    def run(self) -> None:
        while not self._ended.is_set():
            try:
                self._renew()
            except Exception as error:
                # Whatever it is, the next renewal tries again, on a new connection.
                logger.warning("the process could not say that it is there: %s", error)
                self._disconnect()
            self._ended.wait(INTERVAL_SECONDS)

    def leave(self) -> None:
        """Take the row away: this process stops in order, and nobody shall miss it."""
        self._ended.set()
        # A worker that is to stop does not wait for a frozen database.
        patience.limit(PATIENCE_SECONDS)
        self.join(PATIENCE_SECONDS)
        if self.is_alive() or self._connection is None:
            return
        try:
            self._connected().execute("DELETE FROM aijobs_worker WHERE id = %s", [WORKER])
        except psycopg.Error as error:
            logger.warning("the process could not say that it stops: %s", error)
        self._disconnect()

    def _renew(self) -> None:
        self._connected().execute(RENEW, {**self._row, "claimed_at": _claimed_at.value or None})

    def _connected(self) -> psycopg.Connection:
        if self._connection is None:
            parameters = connection.get_connection_params() | {"connect_timeout": CONNECT_SECONDS}
            self._connection = Connection.connect(**parameters, autocommit=True)
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


# Also takes away the rows of processes that were killed, an hour later: until then they are shown as silent.
RENEW = """
WITH forgotten AS (
    DELETE FROM aijobs_worker WHERE seen_at < now() - interval '1 hour' AND id <> %(id)s
)
INSERT INTO aijobs_worker AS present (
    id, name, host, queues, places, version, started_at, seen_at, last_claim_at
) VALUES (
    %(id)s, %(name)s, %(host)s, %(queues)s, %(places)s, %(version)s, now(), now(), to_timestamp(%(claimed_at)s)
)
ON CONFLICT (id) DO UPDATE SET seen_at = now(), last_claim_at = EXCLUDED.last_claim_at
"""


@cache
def version() -> str:
    """The service's, and the beginning of a digest of its code, which no two releases share."""
    project = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
    digest = hashlib.blake2b(digest_size=4)
    for package in ("aijobs", "config", "workers"):
        for source in sorted((settings.BASE_DIR / package).rglob("*.py")):
            digest.update(source.read_bytes())
    return f"{project}+{digest.hexdigest()}"


@signals.worker_ready.connect
def worker_is_there(sender: Any, **_: object) -> None:
    _begin(sender.hostname, list(sender.app.amqp.queues.consume_from), sender.pool.num_processes)


def of_events() -> Presence:
    """Of the events process, which takes no messages, and starts and ends it with its event loop."""
    return Presence(f"{EVENTS_PREFIX}{socket.gethostname()}", [], 1)


@signals.beat_init.connect
def beat_is_there(**_: object) -> None:
    _begin(f"beat@{socket.gethostname()}", [], 1)


def _begin(name: str, queues: Sequence[str], places: int) -> None:
    presence = Presence(name, queues, places)
    presence.start()
    atexit.register(presence.leave)
