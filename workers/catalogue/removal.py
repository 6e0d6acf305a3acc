"""Taking rows out of a catalogue again, a few thousand at a time: each step is one short transaction.

Rows are locked in the order in which imports write them, and products before what belongs to them. So a removal and
an import, or a job, wait for each other for a moment instead of deadlocking. Whoever comes later finds no product.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import Exists, Model, OuterRef, QuerySet
from django.utils.timezone import now

from aijobs import sql
from aijobs.models import ApiKey
from workers.catalogue.importing.kind import Kind
from workers.catalogue.kinds import KINDS, PRODUCTS
from workers.catalogue.models import Product, ProductQuerySet, Removal, Scan
from workers.catalogue.pages import on_days
from workers.changes.models import OPEN, Change

# Of one transaction: a longer one would hold back vacuum on the job tables, and keep its locks.
MOST_ROWS = 10_000
# For each of them PostgreSQL looks into every table that refers to products.
MOST_PRODUCTS = 1_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be removed of a tenant's rows. Days are inclusive; a moment's day is that of UTC."""

    kind: Kind[Any]
    tenant_id: int
    marketplace: str
    sku: str | None = None
    first_day: date | None = None
    last_day: date | None = None


@dataclass(slots=True)
class Removed:
    """How many rows are gone, by what they are; and the SKUs of the products that were left."""

    rows: dict[str, int]
    refused: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dependent:
    """Rows that belong to products, or may, and the order in which they are locked."""

    model: type[Model]
    order: tuple[str, ...]

    @property
    def place(self) -> str:
        """The first column of the order in which rows of one marketplace differ."""
        return next(name for name in self.order if name not in ("tenant_id", "marketplace"))


# By the name that they have in answers and in the audit.
DEPENDENTS: Mapping[str, Dependent] = {
    **{kind.name: Dependent(kind.pages.rows(0).model, kind.table.key) for kind in KINDS if kind is not PRODUCTS},
    "scans": Dependent(Scan, ("product_id", "job_id")),
}


def count(wanted: Wanted) -> Removed:
    """What a removal would remove now. Nothing is locked, and nothing is recorded."""
    if wanted.kind is not PRODUCTS:
        return Removed({wanted.kind.name: _rows(wanted).count()})
    products = _products(wanted)
    free = products.exclude(_is_changing())
    counts = {name: _of(each.model, product__in=free).count() for name, each in DEPENDENTS.items()}
    refused = products.filter(_is_changing()).order_by("sku").values_list("sku", flat=True)
    return Removed({PRODUCTS.name: free.count(), **counts}, list(refused))


def remove(wanted: Wanted, key_id: int, pause: Callable[[], None]) -> Removed:
    """Remove the rows, and record it. After an interruption it may be repeated.

    Products of which a change is on its way to a marketplace are left. `key_id`: the API key that asks. `pause` is
    called between two transactions.
    """
    steps = _Steps(_recorded(wanted, key_id), pause)
    if wanted.kind is PRODUCTS:
        _remove_products(wanted, steps)
    else:
        steps.delete(wanted.kind.name, Dependent(_rows(wanted).model, wanted.kind.table.key), _rows(wanted))
    return steps.end()


def _recorded(wanted: Wanted, key_id: int) -> Removal:
    return Removal.objects.create(
        tenant_id=wanted.tenant_id,
        kind=wanted.kind.name,
        marketplace=wanted.marketplace,
        sku=wanted.sku or "",
        first_day=wanted.first_day,
        last_day=wanted.last_day,
        api_key_id=key_id,
        key_prefix=ApiKey.objects.values_list("prefix", flat=True).get(pk=key_id),
        deleted=dict.fromkeys([PRODUCTS.name, *DEPENDENTS] if wanted.kind is PRODUCTS else [wanted.kind.name], 0),
    )


class _Steps:
    """The transactions of one removal. Each records what it has deleted."""

    def __init__(self, record: Removal, pause: Callable[[], None]) -> None:
        self.record = record
        self.pause = pause
        self.refused: list[str] = []

    def delete(self, name: str, dependent: Dependent, rows: QuerySet[Any]) -> None:
        """Delete the rows, so many at a time."""
        place = dependent.place
        behind: dict[str, object] = {}
        while True:
            with transaction.atomic():
                locked = rows.filter(**behind).order_by(*dependent.order).select_for_update()
                chunk = list(locked.values_list("pk", place)[:MOST_ROWS])
                _of(dependent.model, pk__in=[key for key, _ in chunk]).delete()
                self._note({name: len(chunk)})
            self.pause()
            if len(chunk) < MOST_ROWS:
                return
            # Where it was: the index still has the deleted rows, which would be read again and again.
            behind = {f"{place}__gte": chunk[-1][1]}

    def delete_products(self, product_ids: Sequence[int]) -> None:
        """Delete products, with what has come to them since, except those that are about to change."""
        with transaction.atomic():
            held = Product.objects.filter(pk__in=product_ids).order_by("sku").select_for_update()
            free, changing = _apart({product.pk: product.sku for product in held})
            counts = {name: _of(each.model, product__in=free).delete()[0] for name, each in DEPENDENTS.items()}
            counts[PRODUCTS.name] = sql.execute(DELETE_PRODUCTS, {"products": free})
            self.refused += changing
            self._note(counts)
        self.pause()

    def _note(self, counts: Mapping[str, int]) -> None:
        self.record.deleted = {name: before + counts.get(name, 0) for name, before in self.record.deleted.items()}
        self.record.refused = len(self.refused)
        self.record.save(update_fields=["deleted", "refused"])

    def end(self) -> Removed:
        self.record.ended_at = now()
        self.record.save(update_fields=["ended_at"])
        return Removed(self.record.deleted, self.refused)


# Their changes stay: Django would not let the product go for their sake.
DELETE_PRODUCTS = "DELETE FROM catalogue_product WHERE id = ANY(%(products)s::bigint[]) RETURNING id"


def _remove_products(wanted: Wanted, steps: _Steps) -> None:
    """Page by page: what belongs to them first, as it may be millions of rows; then they, under their locks.

    A product that is about to change keeps its rows; one of which a change is decided in between has lost them.
    """
    last = ""
    while page := list(
        _products(wanted).filter(sku__gt=last).order_by("sku").values_list("pk", "sku")[:MOST_PRODUCTS]
    ):
        free, _ = _apart(dict(page))
        for name, dependent in DEPENDENTS.items():
            steps.delete(name, dependent, _of(dependent.model, product__in=free))
        steps.delete_products([product_id for product_id, _ in page])
        last = page[-1][1]


def _apart(skus: Mapping[int, str]) -> tuple[list[int], list[str]]:
    """The ids of the products that may go, and the SKUs of those that are about to change."""
    changes = Change.objects.filter(product__in=list(skus), status__in=OPEN)
    changing = set(changes.values_list("product_id", flat=True))
    return [each for each in skus if each not in changing], [skus[each] for each in skus if each in changing]


def _is_changing() -> Exists:
    return Exists(Change.objects.filter(product=OuterRef("pk"), status__in=OPEN))


def _of(model: type[Model], **lookups: object) -> QuerySet[Any]:
    return model._default_manager.filter(**lookups)


def _products(wanted: Wanted) -> ProductQuerySet:
    products = Product.objects.of(wanted.tenant_id).filter(marketplace=wanted.marketplace)
    return products if wanted.sku is None else products.filter(sku=wanted.sku)


def _rows(wanted: Wanted) -> QuerySet[Any]:
    """The rows of a kind that belongs to products, or may."""
    rows = wanted.kind.pages.rows(wanted.tenant_id).prefetch_related(None).filter(marketplace=wanted.marketplace)
    if wanted.sku is not None:
        # Its id first, so that an index can find the rows.
        rows = rows.filter(product__in=list(_products(wanted).values_list("pk", flat=True)))
    if wanted.kind.day is None:
        return rows
    return rows.filter(on_days(rows.model, wanted.kind.day, wanted.first_day, wanted.last_day))
