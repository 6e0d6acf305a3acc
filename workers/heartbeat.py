"""The thread that renews the lease while a handler works."""

import logging
import threading
import time
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import connection

from workers.context import PROGRESS_SECONDS, JobContext

if TYPE_CHECKING:
    from aijobs.postgresql.base import DatabaseWrapper

logger = logging.getLogger(__name__)


class Heartbeat:
    """One thread per worker process, which looks every second at what runs. A short run costs it nothing."""

    def __init__(self) -> None:
        self._current: JobContext | None = None
        self._thread: threading.Thread | None = None

    def begin(self, context: JobContext) -> None:
        self._current = context
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)
            self._thread.start()

    def end(self) -> None:
        self._current = None

    def _beat(self) -> None:
        cast("DatabaseWrapper", connection).of_engine = True
        while True:
            time.sleep(min(PROGRESS_SECONDS, settings.AIJOBS_LEASE_SECONDS / 3))
            context = self._current
            if context is None or not context.due_for_renewal():
                continue
            try:
                context.renew()
            except Exception as error:
                # Whatever it is, the next beat tries again; if the lease runs out, the sweeper takes the job back.
                logger.warning("the lease could not be renewed: %s", error)
            finally:
                connection.close()


heartbeat = Heartbeat()
