"""Changes that a marketplace took with a warning, read back once: does it show the value some minutes later?

Only what is found is recorded, and what the catalogue learns of it; nothing is written to the marketplace again. One
read at a time, after all that is to be written there: a marketplace that hangs or fails costs its settler seconds a
minute, for an hour.
"""

import logging
from dataclasses import dataclass

from django.db import transaction

from aijobs import sql
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Transient
from aijobs.outbound.pace import Pace
from workers.changes.claims import ACTIVE, CLAIM_SECONDS, LONGEST_DETAIL, READ_BACK_AFTER_SECONDS, SAME_SHOP, shop
from workers.changes.kinds import KINDS
from workers.changes.kinds.base import ChangeKind, Desk, V
from workers.changes.models import Change, ReadBack
from workers.changes.storing import learn
from workers.marketplaces import connections
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection

logger = logging.getLogger(__name__)

# At one marketplace at a time. With less left no read begins: its turn at the rate limit may be later than the end.
READ_SECONDS = 10.0
LEAST_SECONDS = READ_SECONDS / 4
# After a read that failed, until the next one there; and how long it is tried.
PAUSE_SECONDS = 60
TRY_FOR_SECONDS = 3600
REMOVED = "NOT_READ_BACK: The product was removed from the catalogue before this was read back."
SUPERSEDED = "NOT_READ_BACK: A later change came before this one was read back."


@dataclass(frozen=True, slots=True)
class Unread:
    """A change that this worker is to read back; `attempts` is its fence."""

    id: int
    attempts: int


_DUE = f"""
FROM changes_change due
WHERE due.read_back = 'waiting' AND due.not_before <= now() AND due.kind = ANY(%(kinds)s)
    AND due.tenant_id = %(tenant)s AND due.marketplace = %(marketplace)s
    AND {SAME_SHOP} AND {ACTIVE.format("due")}
"""

IS_DUE = f"SELECT due.id, due.attempts {_DUE} LIMIT 1"

# Those tried least come first: one that cannot be read keeps no other waiting.
CLAIM = f"""
UPDATE changes_change SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id = (SELECT due.id {_DUE} ORDER BY due.attempts, due.id LIMIT 1 FOR UPDATE OF due SKIP LOCKED)
RETURNING id, attempts
"""

# A later change that was, or may have been, sent: what the marketplace shows says nothing of this one. An imported
# price is sent nowhere.
RECORD = """
UPDATE changes_change change SET read_back = %(read_back)s::text,
    detail = CASE WHEN %(detail)s::text = '' THEN detail ELSE %(detail)s::text END
WHERE id = %(id)s AND attempts = %(attempts)s AND read_back = 'waiting' AND (%(superseded)s::boolean OR NOT EXISTS (
    SELECT FROM changes_change later
    WHERE later.product_id = change.product_id AND later.kind = change.kind AND later.id > change.id
        AND later.status IN ('applied', 'unknown') AND later.reason <> 'IMPORTED'
))
RETURNING id
"""

# Whoever else is due there waits as long: the marketplace may be away.
AWAY = """
UPDATE changes_change SET
    not_before = now() + make_interval(secs => %(pause)s),
    read_back = CASE WHEN read_back_at < now() - make_interval(secs => %(longest)s) THEN 'missed' ELSE read_back END,
    detail = CASE WHEN read_back_at < now() - make_interval(secs => %(longest)s) THEN %(detail)s::text ELSE detail END
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s AND read_back = 'waiting'
    AND (not_before <= now() OR (id = %(id)s AND attempts = %(attempts)s))
RETURNING id
"""


def read_due(connection: Connection) -> None:
    """Read back what is due at a marketplace, for a few seconds."""
    due = sql.rows(Unread, IS_DUE, _parameters(connection))
    if not due:
        return
    unread = due[0]
    try:
        with connections.open_connector(connection, Pace(READ_SECONDS)) as desk:
            while desk.pace.left > LEAST_SECONDS and (claimed := sql.rows(Unread, CLAIM, _parameters(connection))):
                [unread] = claimed
                _read(desk, unread)
    except OutboundError as error:
        _try_later(connection, unread, error)


def _parameters(connection: Connection) -> dict[str, object]:
    return {**shop(connection), "kinds": list(KINDS), "seconds": CLAIM_SECONDS}


def _read(desk: Desk, unread: Unread) -> None:
    """Raises OutboundError where another try may help."""
    change = Change.objects.select_related("product").filter(pk=unread.id).first()
    if change is None:
        _record(unread, ReadBack.MISSED, REMOVED)
        return
    kind = KINDS[change.kind]
    try:
        live = kind.read(desk, listing_of(change.product), kind.load(change.after))
    except (Transient, CredentialsRefused):
        raise
    except OutboundError as error:
        _record(unread, ReadBack.MISSED, f"NOT_READ_BACK: {error}")
    else:
        _compare(unread, change, kind, live)


def _compare(unread: Unread, change: Change, kind: ChangeKind[V], live: V) -> None:
    """What the marketplace shows is what the next decision starts from, unless ours has moved on."""
    after = kind.load(change.after)
    if live == after:
        verdict, detail = ReadBack.SHOWN, ""
    else:
        minutes = READ_BACK_AFTER_SECONDS // 60
        told = f"The marketplace did not show {kind.show(after)} after {minutes} minutes."
        verdict, detail = ReadBack.DIFFERENT, f"NOT_SHOWN: {told} Its {kind.name} is {kind.show(live)}."
    with transaction.atomic():
        if _record(unread, verdict, detail):
            if verdict == ReadBack.DIFFERENT:
                learn(kind, change.product_id, after, live)
            return
    _record(unread, ReadBack.MISSED, SUPERSEDED, superseded=True)


def _record(unread: Unread, verdict: ReadBack, detail: str, *, superseded: bool = False) -> bool:
    parameters = {
        "id": unread.id,
        "attempts": unread.attempts,
        "read_back": verdict.value,
        "detail": detail[:LONGEST_DETAIL],
        "superseded": superseded,
    }
    return sql.execute(RECORD, parameters) == 1


def _try_later(connection: Connection, unread: Unread, error: OutboundError) -> None:
    logger.warning("changes of tenant %d at %s are not read back: %s", connection.tenant_id, connection.name, error)
    parameters = {
        "tenant": connection.tenant_id,
        "marketplace": connection.name,
        "id": unread.id,
        "attempts": unread.attempts,
        "pause": PAUSE_SECONDS,
        "longest": TRY_FOR_SECONDS,
        "detail": f"NOT_READ_BACK: The marketplace could not be read for an hour. {error}"[:LONGEST_DETAIL],
    }
    sql.execute(AWAY, parameters)
