"""The only writer of a job's status.

Every transition is one conditional UPDATE on the source state and, from running, on the attempt; the same statement
writes the event and returns what the caller needs. Zero rows means that the transition was refused: somebody else
was first. Members of a batch that end or wait again lock the batch row before, in a statement of its own.
"""

from aijobs.engine.lifecycle.cancelling import (
    cancel,
    cancel_batch,
    cancel_expired,
    request_cancel,
    request_cancel_of_all,
    request_cancel_within,
)
from aijobs.engine.lifecycle.ending import BATCH_CANCELLED, EXPIRED, PREDECESSOR, REQUESTED, Ended, follow_up
from aijobs.engine.lifecycle.recording import (
    LONGEST_RETRY_AFTER_SECONDS,
    TIMEOUT_MESSAGE,
    WORKER_TIMEOUT,
    ended_by,
    hand_back,
    reclaim_expired,
    record,
    retry_delay,
)
from aijobs.engine.lifecycle.runs import Run, claim, owned, renew

__all__ = [
    "BATCH_CANCELLED",
    "EXPIRED",
    "LONGEST_RETRY_AFTER_SECONDS",
    "PREDECESSOR",
    "REQUESTED",
    "TIMEOUT_MESSAGE",
    "WORKER_TIMEOUT",
    "Ended",
    "Run",
    "cancel",
    "cancel_batch",
    "cancel_expired",
    "claim",
    "ended_by",
    "follow_up",
    "hand_back",
    "owned",
    "reclaim_expired",
    "record",
    "renew",
    "request_cancel",
    "request_cancel_of_all",
    "request_cancel_within",
    "retry_delay",
]
