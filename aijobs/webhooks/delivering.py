"""The loop of a worker that delivers: record, claim, send, write down.

An event loop in a thread of its own sends, and this one alone speaks to the database. A run of it ends after a while
without waiting for what is still being sent, so an endpoint that does not answer delays nobody: the next run, in the
same process, goes on beside it. What an ending process could not write down is sent once more when its claim is over.
"""

import logging
import time
from concurrent.futures import Future
from threading import Event

from django.db import transaction

from aijobs.models import Webhook
from aijobs.sql import CONNECTION_ERRORS
from aijobs.webhooks import claiming, outcomes, recording
from aijobs.webhooks.sending import Claimed, Outcome, Sender

logger = logging.getLogger(__name__)

# Attempts at a time, and of those to endpoints that failed or were slow lately.
PLACES = 256
TROUBLED_PLACES = PLACES // 2
# Between two looks at the database: where nothing ends meanwhile, and from the first end on, to gather others. The
# looks take a fifth of the time at the most where nothing happens, and half of it where much does.
POLL_SECONDS = 0.2
REST = 4
GATHER_SECONDS = 0.05


class Deliverer:
    """What a process sends at the moment."""

    def __init__(self) -> None:
        self._sender = Sender(PLACES)
        self._sending: dict[Future[Outcome], Claimed] = {}
        self._answered = Event()
        # Those that could not be written down yet.
        self._outcomes: list[Outcome] = []

    def run(self, seconds: float) -> None:
        """Deliver for so long; shorter where there is neither a webhook nor anything under way."""
        until = time.monotonic() + seconds
        while self._sending or Webhook.objects.filter(enabled=True, deleted_at=None).exists():
            began = time.monotonic()
            self._step()
            spent = time.monotonic() - began
            if began + spent >= until:
                return
            if self._answered.wait(min(max(POLL_SECONDS, REST * spent), until - began - spent)):
                time.sleep(max(GATHER_SECONDS, spent))

    def finish(self, seconds: float) -> None:
        """Wait for what is being sent, and write it down: the process ends."""
        until = time.monotonic() + seconds
        self._write_down()
        while self._sending and (left := until - time.monotonic()) > 0:
            self._answered.wait(left)
            self._write_down()
        self._sender.close()

    def _step(self) -> None:
        self._write_down()
        with transaction.atomic():
            if not claiming.alone():
                return
            recording.record()
            troubled = sum(each.troubled for each in self._sending.values())
            claimed = claiming.claim(PLACES - len(self._sending), max(TROUBLED_PLACES - troubled, 0))
        for each in claimed:
            future = self._sender.submit(each)
            self._sending[future] = each
            future.add_done_callback(lambda _: self._answered.set())

    def _write_down(self) -> None:
        """The end of the process may come between any two lines: what is not written down by then is so at `finish`.

        To write an outcome down twice does no harm.
        """
        self._collect()
        try:
            outcomes.record(self._outcomes)
        except Exception as error:
            # For the next look: what has arrived is not sent again because the database was away.
            if not isinstance(error, CONNECTION_ERRORS):
                self._outcomes = []
            raise
        self._outcomes = []

    def _collect(self) -> None:
        """What came of those that are done."""
        self._answered.clear()
        for future, claimed in list(self._sending.items()):
            if not future.done():
                continue
            if error := future.exception():
                # A fault of ours: it is sent again when its claim is over.
                logger.error("delivery %s could not be sent", claimed.id, exc_info=error)
            else:
                self._outcomes.append(future.result())
            del self._sending[future]
