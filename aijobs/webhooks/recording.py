"""From the log of events to deliveries: each event once for each endpoint that wants it, and none left out.

A tenant's cursor moves in the transaction that writes the deliveries, which holds it: a crash undoes both, and of two
workers one leaves. Dispatching and finishing jobs know nothing of it.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import orjson
from django.utils.timezone import now

from aijobs import events, identifiers, sql
from aijobs.events import Event, Position
from aijobs.models import Webhook, WebhookCursor
from aijobs.states import EventKind

logger = logging.getLogger(__name__)

# Of a tenant's events in one step; and of all tenants', which share them: until a step is committed, nobody's stream
# goes on.
STEP = 200
MOST_EVENTS = 2_000
# One that waits for an earlier one of its job is called when that has ended, and looked at again after this long.
WAITS_SECONDS = 5.0
TYPES = [kind.public_name for kind in EventKind]


@dataclass(frozen=True, slots=True)
class _Cursor:
    tenant_id: int
    transaction: int
    event_id: int
    # A transaction that this cluster has not had: the database was restored from another one.
    foreign: bool
    # Nobody has said for a while that it was looked at.
    unseen: bool


@dataclass(frozen=True, slots=True)
class _Endpoint:
    id: UUID
    tenant_id: int
    events: Sequence[str]
    link_base: str
    since: int


def begin(tenant_id: int) -> Position:
    """Where a webhook begins that is made or enabled now, in the caller's transaction.

    The log of a tenant without any is not read, so its cursor has stayed behind.
    """
    present = events.present()
    if not Webhook.objects.of(tenant_id).filter(enabled=True).exists():
        place = {"transaction": present.transaction, "event_id": present.id, "looked_at": now()}
        WebhookCursor.objects.update_or_create(tenant_id=tenant_id, defaults=place)
    return present


def record() -> int:
    """Write the deliveries of the next events, in the caller's transaction. Returns how many events there were."""
    cursors = {each.tenant_id: each for each in sql.rows(_Cursor, CURSORS, {})}
    if lost := [each.tenant_id for each in cursors.values() if each.foreign]:
        logger.warning("the database comes from another cluster: webhooks go on with what happens from now on")
        _start_again(lost)
    if unseen := [each.tenant_id for each in cursors.values() if each.unseen]:
        WebhookCursor.objects.filter(tenant_id__in=unseen).update(looked_at=now())
    after = {
        each.tenant_id: Position(each.transaction, each.event_id) for each in cursors.values() if not each.foreign
    }
    found = _next_of(after)
    if not found:
        return 0
    endpoints = _endpoints({each.tenant_id for each in found})
    if wanted := list(_deliveries(events.each_job_in_order(after, found), endpoints)):
        sql.execute(INSERT, {"deliveries": orjson.dumps(wanted).decode(), "waits": WAITS_SECONDS})
    reached = [
        {"tenant": tenant_id, "transaction": position.transaction, "id": position.id}
        for tenant_id, position in events.reached(found).items()
    ]
    sql.execute(MOVE, {"reached": orjson.dumps(reached).decode()})
    return len(found)


def _next_of(after: Mapping[int, Position]) -> list[Event]:
    """The next events of all these tenants' logs, as many of each as there is room for."""
    with_any = {each.tenant_id: after[each.tenant_id] for each in events.of_tenants(after, 1)}
    return events.of_tenants(with_any, max(1, min(STEP, MOST_EVENTS // max(1, len(with_any)))))


def _start_again(tenants: Sequence[int]) -> None:
    present = events.present()
    WebhookCursor.objects.filter(tenant_id__in=tenants).update(transaction=present.transaction, event_id=present.id)
    Webhook.objects.filter(tenant_id__in=tenants).update(since=present.transaction)


def _endpoints(tenants: set[int]) -> dict[int, list[_Endpoint]]:
    found: dict[int, list[_Endpoint]] = {}
    for each in sql.rows(_Endpoint, ENDPOINTS, {"tenants": list(tenants)}):
        found.setdefault(each.tenant_id, []).append(each)
    return found


def _deliveries(found: Sequence[Event], endpoints: dict[int, list[_Endpoint]]) -> Iterator[dict[str, object]]:
    for event in found:
        for endpoint in endpoints.get(event.tenant_id, ()):
            if event.type in endpoint.events and event.transaction >= endpoint.since:
                yield {
                    "id": identifiers.new_id(),
                    "webhook_id": endpoint.id,
                    "tenant_id": event.tenant_id,
                    "job_id": event.job_id,
                    "seq": event.seq,
                    "type": event.type,
                    "event_id": event.public_id,
                    "body": _body(event, endpoint),
                }


def _body(event: Event, endpoint: _Endpoint) -> str:
    """Thin: what happened to which job, and where to ask for more. The data may be large, or out of date."""
    link = f"{endpoint.link_base}/api/ai-jobs/{event.public_job_id}"
    return orjson.dumps({**event.outline, "link": link}).decode()


# Tenants that want something. Who makes, enables or deletes a webhook may hold a cursor for a moment.
CURSORS = """
SELECT cursor.tenant_id, cursor.transaction, cursor.event_id,
    cursor.transaction > pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS foreign,
    cursor.looked_at < now() - interval '10 seconds' AS unseen
FROM aijobs_webhookcursor cursor
WHERE EXISTS (
    SELECT FROM aijobs_webhook webhook
    WHERE webhook.tenant_id = cursor.tenant_id AND webhook.enabled AND webhook.deleted_at IS NULL
)
FOR UPDATE OF cursor SKIP LOCKED
"""
ENDPOINTS = """
SELECT id, tenant_id, events, link_base, since FROM aijobs_webhook
WHERE tenant_id = ANY (%(tenants)s::bigint[]) AND enabled AND deleted_at IS NULL
"""
# Behind an earlier one of the same job, it waits. One look in an index each: an EXISTS may become a hash of all that
# wait.
INSERT = """
INSERT INTO aijobs_webhookdelivery (
    id, webhook_id, tenant_id, job_id, seq, type, event_id, body, status, due_at
)
SELECT id, webhook_id, tenant_id, job_id, seq, type, event_id, body, 'pending', CASE
    WHEN row_number() OVER (PARTITION BY webhook_id, job_id ORDER BY seq) > 1 OR (
        SELECT true FROM aijobs_webhookdelivery earlier
        WHERE earlier.webhook_id = new.webhook_id AND earlier.job_id = new.job_id AND earlier.status = 'pending'
        ORDER BY earlier.webhook_id, earlier.job_id, earlier.seq LIMIT 1
    ) THEN now() + make_interval(secs => %(waits)s::float)
    ELSE now()
END
FROM json_to_recordset(%(deliveries)s::json) AS new (
    id uuid, webhook_id uuid, tenant_id bigint, job_id uuid, seq int, type text, event_id text, body text
)
RETURNING id
"""
MOVE = """
UPDATE aijobs_webhookcursor cursor SET transaction = reached.transaction, event_id = reached.id
FROM json_to_recordset(%(reached)s::json) AS reached (tenant bigint, transaction bigint, id bigint)
WHERE cursor.tenant_id = reached.tenant
RETURNING cursor.tenant_id
"""
