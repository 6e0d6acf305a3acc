"""Writing decided prices to a marketplace: at least once, never two at a time, never computed anew.

A `PriceChange` was committed as `pending` by whoever decided it. A worker **claims** it for a while (`attempts` is
the fence of all that it records), marks it `unknown` before anything is sent, reads the price, writes it, and records
`applied` or `rejected`. Whatever happens in between leaves it `unknown`, and the next to claim it reads the price
back first: setting a price twice does no harm, so a write that did not arrive is repeated. What no claim can prevent
is one call that was already on its way when its worker froze or lost its claim.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.timezone import now

from aijobs import sql
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Transient, Uncertain
from aijobs.outbound.pace import Pace
from workers.catalogue.models import Product
from workers.changes import guardrails
from workers.changes.models import EXPIRES_AFTER, PriceChange, PriceChangeStatus
from workers.marketplaces.connections import AnyConnector, open_connector, price_desk
from workers.marketplaces.listings import listing_of
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import PriceDesk

logger = logging.getLogger(__name__)

# Longer than the calls of one change can take (token, read, write, each with its timeouts and its repeats).
CLAIM_SECONDS = 180
# No write begins when so much of the claim is over: its call could outlast the claim.
LATEST_WRITE_SECONDS = 90
# Changes claimed at a time: at a few seconds each, the last of them still begins early enough.
CHUNK = 10
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5, 3600


@dataclass(frozen=True, slots=True)
class Claimed:
    """A change that this worker may write until its claim is over."""

    id: int
    attempts: int
    # Pending, or unknown: somebody may have sent it.
    status: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """The job's run on whose behalf changes are written."""

    job_id: UUID
    number: int


# By the run of the job that decided them, which replays them all, whoever had them before: that was an earlier
# attempt of the same job, and would send the same price.
CLAIM_OF_JOB = """
UPDATE changes_pricechange SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id = ANY(%(ids)s) AND status IN ('pending', 'unknown')
RETURNING id, attempts, status
"""

# By the settler: what is due and no job looks after.
CLAIM_DUE = """
UPDATE changes_pricechange SET attempts = attempts + 1, not_before = now() + make_interval(secs => %(seconds)s)
WHERE id IN (
    SELECT due.id FROM changes_pricechange due JOIN catalogue_product product ON product.id = due.product_id
    WHERE due.status IN ('pending', 'unknown') AND due.not_before <= now()
        AND due.tenant_id = %(tenant)s AND product.marketplace = %(marketplace)s
        AND NOT EXISTS (SELECT FROM aijobs_job WHERE id = due.job_id AND status IN ('queued', 'running'))
    ORDER BY due.id LIMIT %(most)s
    FOR UPDATE OF due SKIP LOCKED
)
RETURNING id, attempts, status
"""

# Which connections have such changes.
DUE = """
SELECT DISTINCT due.tenant_id, product.marketplace
FROM changes_pricechange due JOIN catalogue_product product ON product.id = due.product_id
WHERE due.status IN ('pending', 'unknown') AND due.not_before <= now()
    AND NOT EXISTS (SELECT FROM aijobs_job WHERE id = due.job_id AND status IN ('queued', 'running'))
"""

# Sent from here on, for all that anybody else can know.
BEGIN = """
UPDATE changes_pricechange change SET status = 'unknown'
WHERE id = %(id)s AND attempts = %(attempts)s AND status IN ('pending', 'unknown')
    AND not_before > now() + make_interval(secs => %(margin)s)
    AND (%(job)s::uuid IS NULL OR EXISTS (
        SELECT FROM aijobs_job
        WHERE id = %(job)s::uuid AND status = 'running' AND attempt = %(attempt)s AND lease_expires_at > now()
    ))
RETURNING id
"""

END = """
UPDATE changes_pricechange SET status = %(status)s, detail = %(detail)s,
    not_before = now() + make_interval(secs => %(pause)s)
WHERE id = %(id)s AND attempts = %(attempts)s AND status IN ('pending', 'unknown')
RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Due:
    tenant_id: int
    marketplace: str


def due() -> list[Due]:
    """The marketplaces with changes that no job looks after: applied by hand, reverted, or left by a job."""
    return sql.rows(Due, DUE, {})


def settle_job(connector: AnyConnector, change_ids: Sequence[int], attempt: Attempt) -> Iterator[int]:
    """Write a job's changes, each once, while the connector's pace lasts; what is left then is the settler's.

    Yields how many are done, after each.
    """
    done = 0
    for start in range(0, len(change_ids), CHUNK):
        if connector.pace.left <= 0:
            return
        parameters = {"ids": list(change_ids[start : start + CHUNK]), "seconds": CLAIM_SECONDS}
        try:
            for _ in _settle_all(price_desk(connector), sql.rows(Claimed, CLAIM_OF_JOB, parameters), attempt):
                done += 1
                yield done
        except CredentialsRefused as error:
            # None of the others could be sent either.
            _reject_unsent(change_ids[start:], error)
            return


def settle_due(connection: Connection, seconds: float) -> int:
    """Write what is due at one marketplace, for so many seconds. Returns how many changes were taken up.

    Raises OutboundError where the connection itself does not work: what is pending waits, and expires.
    """
    if not _alone_at(connection, seconds):
        return 0
    taken = 0
    try:
        with open_connector(connection, Pace(seconds)) as connector:
            while connector.pace.left > 0 and (claimed := _claim_due(connection)):
                taken += sum(1 for _ in _settle_all(price_desk(connector), claimed, None))
    finally:
        Connection.objects.filter(pk=connection.pk).update(settling_until=now())
    return taken


def _alone_at(connection: Connection, seconds: float) -> bool:
    """One worker at a time is at a connection, else a slow marketplace would take up all of them."""
    until = now() + timedelta(seconds=seconds + CLAIM_SECONDS)
    free = Connection.objects.filter(pk=connection.pk, settling_until__lte=now())
    return free.update(settling_until=until) == 1


def _claim_due(connection: Connection) -> list[Claimed]:
    parameters = {
        "tenant": connection.tenant_id,
        "marketplace": connection.name,
        "seconds": CLAIM_SECONDS,
        "most": CHUNK,
    }
    return sql.rows(Claimed, CLAIM_DUE, parameters)


def expire() -> int:
    """Reject what nobody could send within an hour. Returns how many."""
    waiting = PriceChange.objects.filter(status=PriceChangeStatus.PENDING, not_before__lte=now())
    detail = "EXPIRED: it could not be written within an hour."
    return waiting.filter(created_at__lt=now() - EXPIRES_AFTER).update(
        status=PriceChangeStatus.REJECTED, detail=detail
    )


def _reject_unsent(change_ids: Sequence[int], error: OutboundError) -> None:
    unsent = PriceChange.objects.filter(pk__in=change_ids, status=PriceChangeStatus.PENDING)
    unsent.update(status=PriceChangeStatus.REJECTED, detail=str(error))


def _settle_all(desk: PriceDesk, claimed: Sequence[Claimed], attempt: Attempt | None) -> Iterator[None]:
    for each in sorted(claimed, key=lambda each: each.id):
        if _begin(each, attempt):
            _settle(desk, each)
        yield


def _begin(claimed: Claimed, attempt: Attempt | None) -> bool:
    """Whether this worker, and the run that it works for, still owns the change."""
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "margin": CLAIM_SECONDS - LATEST_WRITE_SECONDS,
        "job": attempt and attempt.job_id,
        "attempt": attempt and attempt.number,
    }
    return sql.execute(BEGIN, parameters) == 1


def _settle(desk: PriceDesk, claimed: Claimed) -> None:
    change = PriceChange.objects.select_related("product").get(pk=claimed.id)
    try:
        live = desk.read_price(listing_of(change.product))
    except OutboundError as error:
        _unread(claimed, error)
        return
    if live == change.after and claimed.status == PriceChangeStatus.UNKNOWN:
        # An earlier attempt wrote it, and its answer was lost.
        _applied(claimed, change)
    elif problem := _why_not(change, live):
        _rejected(claimed, problem)
        _learn_of(change, live)
    else:
        # Also where it has the price already: an answer may lag behind a change that is still on its way.
        _write(desk, claimed, change)


def _unread(claimed: Claimed, error: OutboundError) -> None:
    """Without the price of now nothing is written. What may have been sent before stays unknown until it is read."""
    if isinstance(error, Transient) or claimed.status == PriceChangeStatus.UNKNOWN:
        _try_later(claimed, PriceChangeStatus(claimed.status), error)
    else:
        _rejected(claimed, str(error))
    if isinstance(error, CredentialsRefused):
        raise error


def _write(desk: PriceDesk, claimed: Claimed, change: PriceChange) -> None:
    try:
        desk.write_price(listing_of(change.product), change.after)
    except Uncertain as error:
        _try_later(claimed, PriceChangeStatus.UNKNOWN, error)
    except Transient as error:
        _try_later(claimed, PriceChangeStatus(claimed.status), error)
    except CredentialsRefused as error:
        _rejected(claimed, str(error))
        raise
    except OutboundError as error:
        _rejected(claimed, str(error))
    else:
        _applied(claimed, change)


def _why_not(change: PriceChange, live: Decimal) -> str | None:
    """Why the price must not be written any more, asked at the last moment."""
    policy = guardrails.policy_of(change.tenant_id)
    if live not in (change.before, change.after):
        return f"PRICE_CHANGED: the marketplace's price is {live}, not {change.before}, on which this was decided."
    if change.product.price != change.before:
        return f"PRICE_CHANGED: the catalogue's price is {change.product.price} now."
    if change.reverts_id is None and not policy.repricing_enabled:
        return "REPRICING_DISABLED: the tenant's kill switch is off."
    if refusal := guardrails.bound_refusal(change.product, change.after, policy):
        return f"{refusal}: the product's bounds have changed."
    if now() - change.created_at > EXPIRES_AFTER:
        return "EXPIRED: it could not be written within an hour."
    return None


def _applied(claimed: Claimed, change: PriceChange) -> None:
    with transaction.atomic():
        if _end(claimed, PriceChangeStatus.APPLIED, ""):
            Product.objects.filter(pk=change.product_id).update(price=change.after, updated_at=now())


def _rejected(claimed: Claimed, detail: str) -> None:
    _end(claimed, PriceChangeStatus.REJECTED, detail)


def _learn_of(change: PriceChange, live: Decimal) -> None:
    """Somebody changed the price at the marketplace: the next decision starts from what is."""
    if live not in (change.before, change.after):
        Product.objects.filter(pk=change.product_id, price=change.before).update(price=live, updated_at=now())


def _try_later(claimed: Claimed, status: PriceChangeStatus, error: OutboundError) -> None:
    asked = error.retry_after if isinstance(error, Transient) else None
    backoff = min(FIRST_PAUSE_SECONDS * 2 ** (claimed.attempts - 1), LONGEST_PAUSE_SECONDS)
    _end(claimed, status, str(error), max(backoff, min(asked or 0, LONGEST_PAUSE_SECONDS)))


def _end(claimed: Claimed, status: PriceChangeStatus, detail: str, pause: float = 0) -> bool:
    """Record it, unless the claim has gone to another worker meanwhile."""
    parameters = {
        "id": claimed.id,
        "attempts": claimed.attempts,
        "status": status,
        "detail": detail[:1000],
        "pause": pause,
    }
    recorded = sql.execute(END, parameters) == 1
    if not recorded:
        logger.warning("price change %d went to another worker before it was settled", claimed.id)
    return recorded
