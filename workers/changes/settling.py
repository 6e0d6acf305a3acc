"""Writing decided changes to a marketplace: at least once, never two at a time, never decided a second time.

A `Change` was committed as `pending` by whoever decided it. A worker **claims** it for a while, marks it `unknown`
before anything is sent, reads the value, writes it, and records `applied` or `rejected`. Whatever happens in between
leaves it `unknown`, and the next to claim it reads the value back first: setting it twice does no harm, so a write
that did not arrive is repeated. What no claim can prevent is one call that was already on its way when its worker
froze or lost its claim.

While its tenant is suspended a change waits as it is: it is neither claimed, nor written, nor does it expire.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic

from django.db import transaction
from django.db.models import Exists
from django.db.models.functions import Now
from django.utils.timezone import now

from aijobs.models import Job, Tenant
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Transient, Uncertain
from aijobs.outbound.pace import Pace
from aijobs.states import Status
from workers.catalogue.models import Product
from workers.changes import claims, reading_back
from workers.changes.claims import CHUNK, CLAIM_SECONDS, READ_BACK_AFTER_SECONDS, Attempt, Claimed
from workers.changes.kinds import KINDS
from workers.changes.kinds.base import ChangeKind, Desk, V
from workers.changes.models import Change, ChangeStatus
from workers.changes.storing import learn, store_taken
from workers.marketplaces import connections
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection

logger = logging.getLogger(__name__)

# How long the settler is at one marketplace before it makes room for others.
SETTLE_SECONDS = 45.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5, 3600
STOPPED = "JOB_CANCELLED: The job was cancelled before the service had sent this change."
EXPIRED = "EXPIRED: The service could not send this change within an hour, so it did not make it."


@dataclass(frozen=True, slots=True)
class Work(Generic[V]):
    """A claimed change, and what its kind makes of its values."""

    claimed: Claimed
    attempt: Attempt | None
    change: Change
    kind: ChangeKind[V]
    before: V
    after: V


def settle(tenant_id: int, marketplace: str) -> int:
    """Write what is open at a marketplace, except what a job looks after; then read back what is due for it.

    Returns how many changes it took up to write.
    """
    connection = connections.find(tenant_id, marketplace)
    if connection is None or not _alone_at(connection):
        return 0
    try:
        taken = _write_due(connection)
        reading_back.read_due(connection)
        return taken
    finally:
        Connection.objects.filter(pk=connection.pk).update(settling_until=now())


def _write_due(connection: Connection) -> int:
    """Where the connection itself does not work, what is pending waits, and expires."""
    try:
        with connections.open_connector(connection, Pace(SETTLE_SECONDS)) as desk:
            return settle_due(desk, connection)
    except OutboundError as error:
        logger.warning("changes of tenant %d at %s are not settled: %s", connection.tenant_id, connection.name, error)
        return 0


def _alone_at(connection: Connection) -> bool:
    """One worker at a time is at a connection, else a slow marketplace would take up all of them."""
    until = now() + timedelta(seconds=SETTLE_SECONDS + CLAIM_SECONDS)
    free = Connection.objects.filter(pk=connection.pk, settling_until__lte=now())
    return free.update(settling_until=until) == 1


def settle_due(desk: Desk, connection: Connection) -> int:
    """Write what no job looks after while the desk's pace lasts. Returns how many changes were taken up.

    `connection`: the one that the desk is of.
    """
    taken = 0
    while desk.pace.left > 0 and (claimed := claims.claim_due(connection)):
        taken += sum(1 for _ in _settle_all(desk, claimed, None))
    return taken


def settle_job(desk: Desk, change_ids: Sequence[int], attempt: Attempt) -> Iterator[int]:
    """Write a job's changes, each once, while the desk's pace lasts; what is left then is the settler's.

    Yields how many are done, after each.
    """
    done = 0
    for start in range(0, len(change_ids), CHUNK):
        if desk.pace.left <= 0:
            return
        try:
            for _ in _settle_all(desk, claims.claim_of_job(change_ids[start : start + CHUNK]), attempt):
                done += 1
                yield done
        except CredentialsRefused as error:
            # None of the others could be sent either.
            _reject_unsent(change_ids[start:], error, attempt)
            return


def expire() -> int:
    """Reject what nobody could send within an hour, except of suspended tenants. Returns how many."""
    claims.note_pauses()
    waiting = Change.objects.filter(status=ChangeStatus.PENDING, not_before__lte=now())
    suspended = Tenant.objects.filter(suspended_at__isnull=False)
    old = waiting.overdue().exclude(tenant__in=suspended)
    return old.update(status=ChangeStatus.REJECTED, detail=EXPIRED)


def _reject_unsent(change_ids: Sequence[int], error: OutboundError, attempt: Attempt) -> None:
    """Unless another attempt has them by now: it may have opened the connection with other credentials."""
    running = Job.objects.filter(
        pk=attempt.job_id, status=Status.RUNNING, attempt=attempt.number, lease_expires_at__gt=Now()
    )
    unsent = Change.objects.filter(Exists(running), pk__in=change_ids, status=ChangeStatus.PENDING)
    unsent.update(status=ChangeStatus.REJECTED, detail=str(error))


def _settle_all(desk: Desk, claimed: Sequence[Claimed], attempt: Attempt | None) -> Iterator[None]:
    for each in claimed:
        if claims.begin(each, attempt):
            _settle(desk, _work(each, attempt))
        else:
            claims.give_back(each)
        yield


def _work(claimed: Claimed, attempt: Attempt | None) -> Work[Any]:
    change = Change.objects.select_related("product").get(pk=claimed.id)
    kind = KINDS[change.kind]
    return Work(claimed, attempt, change, kind, kind.load(change.before), kind.load(change.after))


def _settle(desk: Desk, work: Work[V]) -> None:
    try:
        live = work.kind.read(desk, listing_of(work.change.product), work.before)
    except OutboundError as error:
        _unread(work.claimed, error)
        return
    if live == work.after and work.claimed.status == ChangeStatus.UNKNOWN:
        # An earlier attempt wrote it, and its answer was lost.
        _applied(work)
    elif problem := _why_not(work, live):
        _rejected(work.claimed, problem)
        if live not in (work.before, work.after):
            learn(work.kind, work.change.product_id, work.before, live)
    elif claims.owned(work.claimed, work.attempt):
        # Also where it has the value already: an answer may lag behind a change that is still on its way.
        _write(desk, work)
    else:
        # Reading took its time: the tenant has been suspended, or the claim or the run is over.
        claims.give_back(work.claimed)


def _unread(claimed: Claimed, error: OutboundError) -> None:
    """Without the value of now nothing is written. What may have been sent before stays unknown until it is read."""
    if isinstance(error, Transient) or claimed.status == ChangeStatus.UNKNOWN:
        _try_later(claimed, claimed.status, error)
    else:
        _rejected(claimed, str(error))
    if isinstance(error, CredentialsRefused):
        raise error


def _write(desk: Desk, work: Work[V]) -> None:
    claimed = work.claimed
    try:
        with desk.pace.only_while(lambda: claims.owned(claimed, work.attempt)):
            warnings = work.kind.write(desk, listing_of(work.change.product), work.after)
    except Uncertain as error:
        _try_later(claimed, ChangeStatus.UNKNOWN, error)
    except Transient as error:
        _try_later(claimed, claimed.status, error)
    except CredentialsRefused as error:
        _rejected(claimed, str(error))
        raise
    except OutboundError as error:
        _rejected(claimed, str(error))
    else:
        _applied(work, warnings)


def _why_not(work: Work[V], live: V) -> str | None:
    """Why it must not be written any more, asked at the last moment."""
    kind, change, before = work.kind, work.change, work.before
    rails = kind.guardrails(change.tenant_id)
    decided_on = f"but this change was decided when it was {kind.show(before)}."
    if live not in (before, work.after):
        noun = f"The marketplace's {kind.name}"
        return f"{kind.conflict}: {noun} is {kind.show(live)}, {decided_on}"
    if (ours := kind.current(change.product, before)) != before:
        return f"{kind.conflict}: The catalogue's {kind.name} is now {kind.show(ours)}, {decided_on}"
    stopped = Job.objects.filter(status=Status.CANCELLED, cancel_requested_at__isnull=False)
    if change.job_id and stopped.filter(pk=change.job_id).exists():
        return STOPPED
    if change.reverts_id is None and rails.switched_off:
        return f"{rails.switched_off}: {kind.switched_off}"
    if refusal := rails.bound_refusal(change.product, work.after):
        return f"{refusal}: The product's bounds have changed since this was decided."
    return EXPIRED if Change.objects.filter(pk=change.pk).overdue().exists() else None


def _applied(work: Work[V], warnings: Sequence[str] = ()) -> None:
    with transaction.atomic():
        detail = _overtaken(work)
        if claims.end(work.claimed, ChangeStatus.APPLIED, detail, READ_BACK_AFTER_SECONDS, warnings):
            store_taken(work.kind, work.change.product_id, work.after)


def _overtaken(work: Work[V]) -> str:
    """What the catalogue has got since this was sent, from an import say. The marketplace's value is the one that
    counts; but nothing is undone without a word."""
    kind = work.kind
    product = Product.objects.select_for_update(no_key=True).get(pk=work.change.product_id)
    kind.hold([product])
    ours = kind.current(product, work.before)
    if ours in (work.before, work.after):
        return ""
    was = f"The catalogue's {kind.name} had become {kind.show(ours)} while this change was on its way."
    return f"{was} It is {kind.show(work.after)} now, as at the marketplace."


def _rejected(claimed: Claimed, detail: str) -> None:
    claims.end(claimed, ChangeStatus.REJECTED, detail)


def _try_later(claimed: Claimed, status: str, error: OutboundError) -> None:
    asked = error.retry_after if isinstance(error, Transient) else None
    backoff = min(FIRST_PAUSE_SECONDS * 2 ** (claimed.attempts - 1), LONGEST_PAUSE_SECONDS)
    claims.end(claimed, status, str(error), max(backoff, min(asked or 0, LONGEST_PAUSE_SECONDS)))
