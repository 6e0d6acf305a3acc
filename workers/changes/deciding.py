"""Recording what was decided: in our own rows at once, or pending until a marketplace has it.

Whoever decides holds, in this order: the job where a run does it, the tenant, the connection, the products by SKU.
So the tenant is not suspended, and the connection not changed or removed, between a decision and its commit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic
from uuid import UUID

from aijobs import auth
from aijobs.errors import TransientFailure
from workers.catalogue.models import Product
from workers.changes import guardrails
from workers.changes.kinds.base import ChangeKind, V
from workers.changes.models import Change, ChangeStatus
from workers.changes.storing import store
from workers.marketplaces import connections
from workers.marketplaces.models import Connection


class ConnectionChanged(TransientFailure):
    """What was computed is of another shop than the one that it would now be written to."""

    def __init__(self, marketplace: str) -> None:
        super().__init__(
            "CONNECTION_CHANGED",
            f"The connection of {marketplace} was changed or removed while the job was running, so the job changed "
            "nothing. If the job has ended, dispatch it again. Otherwise it starts again with the connection as it "
            "is then.",
        )


@dataclass(frozen=True, slots=True)
class Decision(Generic[V]):
    """A value to write, and the one that it was decided on."""

    sku: str
    before: V
    after: V
    reason: str


@dataclass(slots=True)
class Applied:
    changes: list[Change] = field(default_factory=list)
    # The refusal's code, by SKU.
    refused: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose decisions they are, and where they go."""

    tenant_id: int
    marketplace: str
    job_id: UUID
    # What the job that is running read, and computed on; None: they are for whatever connection there is.
    computed_on: Connection | None = None
    # The id of the API key that applies a finished job's decisions.
    applied_by: int | None = None


def hold_connection(tenant_id: int, marketplace: str) -> Connection | None:
    """The connection that a decision is for. Until the transaction ends it stays as it is, and the tenant active.

    Raises TenantSuspended.
    """
    auth.hold_active(tenant_id)
    return connections.hold(tenant_id, marketplace)


def is_networked(kind: ChangeKind[V], connection: Connection | None) -> bool:
    """Whether changes of this kind go to the marketplace over the network: they are pending until it has them."""
    return connection is not None and kind.is_elsewhere(connection)


def first_status(networked: bool) -> ChangeStatus:
    return ChangeStatus.PENDING if networked else ChangeStatus.APPLIED


def decide(kind: ChangeKind[V], origin: Origin, decisions: Sequence[Decision[V]]) -> Applied:
    """Record the decisions of one job, each once, within the guardrails; in the catalogue's own case write them too.

    To be called in a transaction: what it locks stays locked until its end. Raises TenantSuspended, and
    ConnectionChanged where they were computed on another shop than there is now.
    """
    connection = hold_connection(origin.tenant_id, origin.marketplace)
    _refuse_other_shop(origin, connection)
    networked = is_networked(kind, connection)
    wanted = {decision.sku: decision for decision in decisions}
    products = _locked(origin, wanted.keys())
    kind.hold(products)
    applied = Applied(refused=_refused(kind, origin, products, wanted))
    granted = [(product, wanted[product.sku]) for product in products if product.sku not in applied.refused]
    if not networked:
        store(kind, [(product, decision.after) for product, decision in granted])
    status = first_status(networked)
    applied.changes = Change.objects.bulk_create(_change(kind, origin, status, *each) for each in granted)
    return applied


def _refuse_other_shop(origin: Origin, connection: Connection | None) -> None:
    read = origin.computed_on
    if read and (connection is None or connections.leads_elsewhere(connection, read.connector, read.settings)):
        raise ConnectionChanged(origin.marketplace)


def _locked(origin: Origin, skus: Iterable[str]) -> list[Product]:
    """The products, locked until the transaction ends.

    In the order of their SKUs, so that two jobs over the same ones wait for each other instead of deadlocking. And no
    harder than an update locks, so that an import of sales, which refers to them in its own order, need not wait.
    """
    products = Product.objects.of(origin.tenant_id).filter(marketplace=origin.marketplace, sku__in=list(skus))
    return list(products.order_by("sku").select_for_update(no_key=True))


def _refused(
    kind: ChangeKind[V], origin: Origin, products: Sequence[Product], wanted: Mapping[str, Decision[V]]
) -> dict[str, str]:
    """The refusals, by SKU. Read under the products' locks."""
    rails = kind.guardrails(origin.tenant_id)
    recent = guardrails.recent_changes(kind, products, rails.cool_down)
    done = _done(kind, origin, products)
    refused = dict.fromkeys(wanted.keys() - {product.sku for product in products}, "UNKNOWN_SKU")
    for product in products:
        before, after = wanted[product.sku].before, wanted[product.sku].after
        refusal = guardrails.refusal(kind, rails, product, before, after, recent[product.pk])
        if product.pk in done:
            refused[product.sku] = "ALREADY_APPLIED"
        elif refusal:
            refused[product.sku] = refusal
    return refused


def _done(kind: ChangeKind[V], origin: Origin, products: Sequence[Product]) -> set[int]:
    """The products of which this job has decided before."""
    decided = Change.objects.filter(job_id=origin.job_id, kind=kind.name, product__in=products)
    return set(decided.values_list("product_id", flat=True))


def _change(
    kind: ChangeKind[V], origin: Origin, status: ChangeStatus, product: Product, decision: Decision[V]
) -> Change:
    return Change(
        tenant_id=origin.tenant_id,
        product=product,
        marketplace=product.marketplace,
        sku=product.sku,
        currency=kind.currency(product),
        job_id=origin.job_id,
        kind=kind.name,
        before=kind.dump(decision.before),
        after=kind.dump(decision.after),
        reason=decision.reason,
        status=status,
        applied_by_id=origin.applied_by,
    )
