"""The sweeper's comparison of the broker with the rows: one message for each released job, and no other.

Messages get lost (a restart, an eviction, a worker that dies between taking one and saying so), and stale ones stay
behind (a cancelled or promoted job's). Counting both sides is cheap and done at every sweep; only where they differ,
and once a minute, are the messages themselves read. So a lost message is found within seconds, and a backlog that
waits for hours is published once.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from aijobs import sql
from aijobs.engine import broker, queueing
from aijobs.engine.broker import Message
from aijobs.engine.queueing import RETURNED, Released
from aijobs.models import RELEASED, Job

logger = logging.getLogger(__name__)

# A dispatch commits, then publishes: the message of a row this young may not be there yet.
GRACE_SECONDS = 5.0
# The counts of both sides agree by chance where as many messages are stale as are lost.
LOOK_ANYWAY_SECONDS = 60.0
# Reading ten thousands of messages takes a second: at most a twentieth of the sweeper's time goes into it.
PAUSE_PER_LOOK = 19


class Pace:
    """When this process looked last, and may look again, on the monotonic clock."""

    def __init__(self) -> None:
        self.earliest = 0.0
        self.latest = 0.0

    def looked(self, began: float) -> None:
        ended = time.monotonic()
        self.earliest = ended + PAUSE_PER_LOOK * (ended - began)
        self.latest = ended + LOOK_ANYWAY_SECONDS


pace = Pace()


def forget() -> None:
    """Look at the next call, whatever the counts."""
    pace.earliest = pace.latest = 0.0


def reconcile() -> None:
    """Publish again what the broker has lost, and take out what is stale. Raises BrokerDown."""
    if broker.lost_memory():
        _look(grace=0.0)
        broker.remember()
        return
    began = time.monotonic()
    if began >= pace.latest or (began >= pace.earliest and broker.count() != _released_count()):
        _look(GRACE_SECONDS)
        pace.looked(began)


@dataclass(frozen=True, slots=True)
class _Count:
    jobs: int


def _released_count() -> int:
    return sql.rows(_Count, RELEASED_COUNT, {})[0].jobs


def _look(grace: float) -> None:
    messages = broker.messages(settings.AIJOBS_LEASE_SECONDS)
    if withdrawn := broker.withdraw(_stale(messages)):
        logger.info("%d stale messages were taken out of the broker", withdrawn)
    present = {message.job_id for message in messages}
    lost = sql.rows(Released, REPUBLISH_LOST, {"grace": grace, "present": list(present)})
    if lost:
        logger.warning("%d messages were lost and are published again", len(lost))
    queueing.publish(lost)


def _stale(messages: Sequence[Message]) -> Iterator[Message]:
    """Waiting messages of jobs that are not released to this queue (any more), and second copies."""
    # Read after the messages: a job is released before its message is published.
    lanes: dict[UUID, int] = dict(Job.objects.filter(RELEASED).values_list("id", "lane"))
    seen: set[UUID] = set()
    for message in messages:
        if message.lane is None:
            continue
        if lanes.get(message.job_id) != message.lane or message.job_id in seen:
            yield message
        else:
            seen.add(message.job_id)


# Only a hint, so that the lanes of tenants with active jobs will do: each begins at its bound.
RELEASED_COUNT = """
SELECT coalesce(sum(released.jobs), 0)::int AS jobs
FROM aijobs_tenantcapacity capacity CROSS JOIN (VALUES (0), (1), (2)) AS lanes(number)
LEFT JOIN aijobs_lanebound bound ON bound.tenant_id = capacity.tenant_id AND bound.lane = lanes.number
CROSS JOIN LATERAL (
    SELECT count(*) AS jobs FROM aijobs_job released
    WHERE released.tenant_id = capacity.tenant_id AND released.lane = lanes.number AND released.status = 'queued'
      AND released.released_at IS NOT NULL AND released.run_after >= coalesce(bound.due_from, '-infinity')
) released
WHERE capacity.active > 0
"""

REPUBLISH_LOST = f"""
WITH lost AS (
    SELECT released.id FROM aijobs_job released
    WHERE released.status = 'queued' AND released.released_at <= now() - make_interval(secs => %(grace)s::float)
      AND NOT EXISTS (SELECT FROM unnest(%(present)s::uuid[]) AS present(id) WHERE present.id = released.id)
    FOR UPDATE OF released SKIP LOCKED
)
UPDATE aijobs_job job SET released_at = now(), releases = job.releases + 1
FROM lost WHERE job.id = lost.id
RETURNING {RETURNED}
"""
