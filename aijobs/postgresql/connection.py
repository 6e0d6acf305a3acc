"""psycopg's connection, with a patience that ends."""

from time import monotonic
from typing import TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.pq import TransactionStatus
from psycopg.rows import Row
from psycopg.waiting import Ready

from aijobs.postgresql.patience import ServerSilent, patience

Answer = TypeVar("Answer")
# As psycopg's own: how often a wait looks at the clock and at signals.
INTERVAL_SECONDS = 0.1


class Connection(psycopg.Connection[Row]):
    """Gives a silent server up, and closes: what it was asked for may still happen, but its answer has no reader."""

    # How often this connection has talked to the server: says whether somebody has used it.
    waits = 0
    # Lent to code that is not the engine's: made as new before it goes back to the pool.
    borrowed = False

    def wait(self, gen: PQGen[Answer], interval: float = INTERVAL_SECONDS, timeout: float | None = None) -> Answer:
        self.waits += 1
        try:
            return super().wait(_watched(gen), interval, timeout)
        except BaseException:
            if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
                # Given up halfway (the silence, a job's soft time limit): nobody could use it again. No cancel is
                # sent, which would wait for the same server: client_connection_check_interval ends the statement.
                self.pgconn.finish()
            raise
        finally:
            patience.progressed()


def _watched(gen: PQGen[Answer]) -> PQGen[Answer]:
    """The same generator, which fails when too long nothing has come."""
    sent = False
    try:
        wanted = next(gen)
        while True:
            deadline = patience.begin()
            ready = yield wanted
            if ready & Ready.R:
                patience.answered()
            elif ready and sent:
                # Room to send again: somebody takes what is sent. That there was room at first says nothing.
                patience.progressed()
            elif deadline is not None and monotonic() >= deadline:
                patience.give_up()
                raise ServerSilent("the database does not answer")
            sent = sent or bool(ready)
            wanted = gen.send(ready)
    except StopIteration as end:
        answer: Answer = end.value
        return answer
