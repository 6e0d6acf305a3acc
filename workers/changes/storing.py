"""Changed values in our own rows."""

from collections.abc import Sequence

from django.utils.timezone import now

from workers.catalogue.models import Product
from workers.changes.kinds.base import ChangeKind, V


def store(kind: ChangeKind[V], values: Sequence[tuple[Product, V]]) -> None:
    """Write what was decided, under the locks of products and rows, in one statement."""
    names = {"updated_at"}
    rows = [kind.row(product) for product, _ in values]
    for row, (_, value) in zip(rows, values, strict=True):
        fields = {**kind.fields(value), "updated_at": now()}
        names |= fields.keys()
        for name, stored in fields.items():
            setattr(row, name, stored)
    kind.rows([product.pk for product, _ in values]).bulk_update(rows, sorted(names))


def store_taken(kind: ChangeKind[V], product_id: int, value: V) -> None:
    """Write what the marketplace has taken."""
    kind.rows([product_id]).update(**kind.fields(value), updated_at=now())


def learn(kind: ChangeKind[V], product_id: int, known: V, live: V) -> None:
    """Somebody changed it at the marketplace: the next decision starts from what is, unless ours has moved too."""
    ours = kind.rows([product_id]).filter(**kind.fields(known))
    ours.update(**kind.fields(live), updated_at=now())
