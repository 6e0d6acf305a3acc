"""Undoing an applied change by another one."""

from typing import Any

from django.db import transaction
from django.db.models import Q

from aijobs.errors import ApiError
from workers.catalogue.models import Product
from workers.changes import guardrails
from workers.changes.deciding import first_status, hold_connection, is_networked
from workers.changes.kinds import KINDS
from workers.changes.kinds.base import ChangeKind, V
from workers.changes.models import Change, ChangeStatus
from workers.changes.storing import store


class NotRevertible(ApiError):
    code, status, default_message = "NOT_REVERTIBLE", 409, "The change cannot be reverted; the message says why."
    advice = "Read the message. To get another value all the same, set it in your shop or import it."


def revert(change: Change, applied_by: int) -> Change:
    """Undo an applied change. Raises NotRevertible with the reason, and TenantSuspended.

    The kill switch, the cool-down and the daily number stop no revert; the bounds do.
    """
    kind: ChangeKind[Any] = KINDS[change.kind]
    with transaction.atomic():
        networked = is_networked(kind, hold_connection(change.tenant_id, change.marketplace))
        product = Product.objects.select_for_update(no_key=True).filter(pk=change.product_id).first()
        if product is None:
            raise NotRevertible("The product was removed from the catalogue.")
        kind.hold([product])
        if problem := _why_not(kind, change, product):
            raise NotRevertible(problem)
        if not networked:
            store(kind, [(product, kind.load(change.before))])
        return _undone(change, product, networked, applied_by)


def _undone(change: Change, product: Product, networked: bool, applied_by: int) -> Change:
    return Change.objects.create(
        tenant_id=change.tenant_id,
        product=product,
        marketplace=product.marketplace,
        sku=product.sku,
        currency=change.currency,
        reverts=change,
        kind=change.kind,
        before=change.after,
        after=change.before,
        reason=f"This reverts the {change.kind} change {change.pk}.",
        status=first_status(networked),
        applied_by_id=applied_by,
    )


def _why_not(kind: ChangeKind[V], change: Change, product: Product) -> str | None:
    """Read under the locks of the product and its row."""
    if Change.objects.filter(~Q(status=ChangeStatus.REJECTED), reverts=change).exists():
        return "The change has been reverted already."
    if change.status != ChangeStatus.APPLIED:
        return f"The change is {change.status}. Only an applied change can be reverted."
    if change.currency != kind.currency(product):
        return f"The old {kind.name} is in {change.currency}, but the product's currency is {product.currency} now."
    before, after = kind.load(change.before), kind.load(change.after)
    current = kind.current(product, after)
    if current != after:
        is_now = f"The {kind.name} is now {kind.show(current)}, not {kind.show(after)}."
        return f"{is_now} A revert would undo a later change."
    rails = kind.guardrails(change.tenant_id)
    if guardrails.recent_changes(kind, [product], rails.cool_down)[product.pk].in_progress:
        return f"Another change of this {kind.name} is still on its way. Try again when it has settled."
    if refusal := rails.bound_refusal(product, before):
        return f"{kind.show(before)} is outside the product's present bounds ({refusal})."
    return None
