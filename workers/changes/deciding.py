"""Recording what was decided: in our own rows at once, or pending until a marketplace has it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic
from uuid import UUID

from workers.catalogue.models import Product
from workers.changes import guardrails
from workers.changes.kinds.base import ChangeKind, V
from workers.changes.models import Change, ChangeStatus
from workers.changes.storing import store
from workers.marketplaces import connections


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
    # Over the network: the changes are pending until the marketplace has them.
    networked: bool
    # The id of the API key that applies a finished job's decisions.
    applied_by: int | None = None


def is_networked(kind: ChangeKind[V], tenant_id: int, marketplace: str) -> bool:
    """Whether changes of this kind go to the marketplace over the network."""
    connection = connections.find(tenant_id, marketplace)
    return connection is not None and kind.is_elsewhere(connection)


def first_status(networked: bool) -> ChangeStatus:
    return ChangeStatus.PENDING if networked else ChangeStatus.APPLIED


def decide(kind: ChangeKind[V], origin: Origin, decisions: Sequence[Decision[V]]) -> Applied:
    """Record the decisions of one job, each once, within the guardrails; in the catalogue's own case write them too.

    To be called in a transaction: the products stay locked until its end.
    """
    wanted = {decision.sku: decision for decision in decisions}
    products = _locked(origin, wanted.keys())
    applied = Applied(refused=_refused(kind, origin, products, wanted))
    granted = [(product, wanted[product.sku]) for product in products if product.sku not in applied.refused]
    if not origin.networked:
        store(kind, [(product, decision.after) for product, decision in granted])
    applied.changes = Change.objects.bulk_create(_change(kind, origin, *each) for each in granted)
    return applied


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


def _change(kind: ChangeKind[V], origin: Origin, product: Product, decision: Decision[V]) -> Change:
    return Change(
        tenant_id=origin.tenant_id,
        product=product,
        marketplace=product.marketplace,
        job_id=origin.job_id,
        kind=kind.name,
        before=kind.dump(decision.before),
        after=kind.dump(decision.after),
        reason=decision.reason,
        status=first_status(origin.networked),
        applied_by_id=origin.applied_by,
    )
