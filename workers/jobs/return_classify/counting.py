"""What was returned, by product and reason, and how much of what was sold that is: counted by the database."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Max, Min

from aijobs import sql
from workers.catalogue.models import Return

# A rate over fewer days says little: in a small shop the first return that is known was hardly the first day of all.
LEAST_DAYS = 28


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose rows count: a marketplace's of one tenant. `products` are ids; None means all of them."""

    tenant_id: int
    marketplace: str
    products: Sequence[int] | None

    def parameters(self) -> dict[str, object]:
        products = None if self.products is None else list(self.products)
        return {"tenant": self.tenant_id, "marketplace": self.marketplace, "products": products}


@dataclass(frozen=True, slots=True)
class Days:
    """From a first to a last day, both included."""

    first: date
    last: date


@dataclass(frozen=True, slots=True)
class Tally:
    """Returns of a product for one reason. `reason` is empty for those that the classifier has not seen."""

    product_id: int
    reason: str
    returns: int
    units: int
    # Of the units, those that came back on days of which sales are known.
    rated: int
    # Of those that the comment contradicts the code of, and those whose comment is in no language that is read.
    contradicted: int
    unsupported: int


@dataclass(frozen=True, slots=True)
class _Span:
    first: date | None
    last: date | None


@dataclass(frozen=True, slots=True)
class Sold:
    """A product, what one unit of it is worth, and how many were sold."""

    product_id: int
    sku: str
    category: str
    currency: str
    price: Decimal
    cost: Decimal | None
    units: float

    @property
    def worth(self) -> Decimal:
        """What a returned unit costs the seller: the product's cost, or else its price."""
        return self.price if self.cost is None else self.cost


@dataclass(frozen=True, slots=True)
class Ahead:
    sku: str
    returns: int


def days_of(scope: Scope, since: date | None, tomorrow: date) -> Days | None:
    """The days that are counted: from `since`, or the first return of the marketplace, to its last one.

    Of all its products, whichever were asked for: on those days returns were imported, also where a product had
    none. Returns dated after tomorrow are a mistake. None where nothing was returned.
    """
    rows = Return.objects.of(scope.tenant_id).filter(marketplace=scope.marketplace, date__lte=tomorrow)
    found = rows.aggregate(first=Min("date"), last=Max("date"))
    first, last = found["first"], found["last"]
    if first is None or (since is not None and since > last):
        return None
    earliest = min(first, last - timedelta(days=LEAST_DAYS - 1))
    return Days(earliest if since is None else max(since, earliest), last)


def days_sold(scope: Scope, days: Days) -> Days | None:
    """Of the days, those of which the marketplace's sales are known. None where none is."""
    [span] = sql.rows(_Span, SALE_DAYS, scope.parameters() | {"last": days.last})
    if span.first is None or span.last is None:
        return None
    first, last = max(days.first, span.first), min(days.last, span.last)
    return Days(first, last) if first <= last else None


def tally(scope: Scope, days: Days, rated: Days | None, version: str, read: Collection[str]) -> list[Tally]:
    """The returns of these days, by product and reason, in the order of both.

    `rated`: see `days_sold`. `read`: the languages that the classifier reads.
    """
    parameters = {
        **_parameters(scope, days),
        "rated_first": rated and rated.first,
        "rated_last": rated and rated.last,
        "version": version,
        "read": sorted(read),
    }
    return sql.rows(Tally, TALLY, parameters)


def sold(scope: Scope, days: Days | None) -> list[Sold]:
    """The products of the scope, by SKU, and what was sold of each on these days."""
    return sql.rows(Sold, SOLD, _parameters(scope, days))


def dated_ahead(scope: Scope, tomorrow: date) -> list[Ahead]:
    """The SKUs that have returns dated after tomorrow, wherever the seller is, and how many."""
    return sql.rows(Ahead, AHEAD, scope.parameters() | {"tomorrow": tomorrow})


def _parameters(scope: Scope, days: Days | None) -> dict[str, object]:
    return scope.parameters() | {"first": days and days.first, "last": days and days.last}


# The products are listed even if all are meant: where a plan has to do for both, it would else read all returns of
# the marketplace for the sake of one product.
IN_SCOPE = """
    present.tenant_id = %(tenant)s AND present.marketplace = %(marketplace)s
    AND present.product_id = ANY(coalesce(%(products)s::bigint[], ARRAY(
        SELECT id FROM catalogue_product WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s
    )))
"""
TALLY = f"""
SELECT product_id, CASE WHEN classified_with = %(version)s THEN reason ELSE '' END AS reason,
    count(*)::int AS returns, sum(quantity)::int AS units,
    coalesce(sum(quantity) FILTER (WHERE date BETWEEN %(rated_first)s::date AND %(rated_last)s::date), 0)::int
        AS rated,
    count(*) FILTER (WHERE classified_with = %(version)s AND (classification->>'code_contradicted')::boolean)::int
        AS contradicted,
    count(*) FILTER (WHERE classified_with = %(version)s AND comment <> ''
        AND classification->>'language' <> ALL(%(read)s::text[]))::int AS unsupported
FROM catalogue_return AS present
WHERE {IN_SCOPE} AND date BETWEEN %(first)s::date AND %(last)s::date
GROUP BY 1, 2
ORDER BY 1, 2
"""
AHEAD = f"""
SELECT sku, count(*)::int AS returns
FROM catalogue_return AS present JOIN catalogue_product AS product ON product.id = product_id
WHERE {IN_SCOPE} AND date > %(tomorrow)s
GROUP BY sku
ORDER BY sku COLLATE "C"
"""
# Each product's first and last sale are the ends of a stretch of an index: not all sales are read.
SALE_DAYS = """
SELECT min(sales.first) AS first, max(sales.last) AS last
FROM catalogue_product AS product
    CROSS JOIN LATERAL (
        SELECT min(date) AS first, max(date) AS last FROM catalogue_sale
        WHERE product_id = product.id AND date <= %(last)s
    ) AS sales
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s
"""
# A product's sales are a stretch of an index of theirs. A week's row counts on the day that it is dated.
SOLD = """
SELECT product.id AS product_id, sku, category, currency, price, cost, sales.units
FROM catalogue_product AS product
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(units), 0) AS units FROM catalogue_sale
        WHERE product_id = product.id AND date BETWEEN %(first)s::date AND %(last)s::date
    ) AS sales
WHERE tenant_id = %(tenant)s AND marketplace = %(marketplace)s
    AND (%(products)s::bigint[] IS NULL OR product.id = ANY(%(products)s::bigint[]))
ORDER BY sku COLLATE "C"
"""
