"""Checks rows and writes them, chunk by chunk."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol, TypedDict

from django.utils.timezone import now

from workers.catalogue import currencies
from workers.catalogue.importing import fields
from workers.catalogue.importing.fields import Parser, Remembered, Value
from workers.catalogue.importing.reading import Columns, Reader, Record, Stream
from workers.catalogue.importing.writing import OFFERS, PRODUCTS, SALES, Table, upsert
from workers.catalogue.models import (
    CONDITIONS,
    DEFAULT_CURRENCY,
    LONGEST_LABEL,
    LONGEST_SKU,
    LONGEST_TITLE,
    Product,
    ProductQuerySet,
)

# One transaction each: a long one would hold back vacuum on the job tables.
CHUNK_ROWS = 10_000
MOST_ERRORS = 1_000

Row = dict[str, Value]
Progress = Callable[[int], None]


class Importer(Protocol):
    """`import_products`, `import_sales` or `import_offers`."""

    def __call__(
        self,
        tenant_id: int,
        marketplace: str,
        stream: Stream,
        reader: Reader,
        *,
        dry_run: bool = False,
        progress: Progress | None = None,
    ) -> "Report": ...


class RowError(TypedDict):
    line: int
    field: str
    message: str


@dataclass(slots=True)
class Report:
    """What became of the rows. `errors` holds the first thousand; `rejected` counts all rejected rows."""

    imported: int = 0
    updated: int = 0
    rejected: int = 0
    errors: list[RowError] = field(default_factory=list)
    # Of products: all that the marketplace has after the import, or would have after one that is no dry run.
    skus: Collection[str] = ()

    def reject(self, line: int, errors: list[tuple[str, str]]) -> None:
        self.rejected += 1
        for name, message in errors[: MOST_ERRORS - len(self.errors)]:
            self.errors.append({"line": line, "field": name, "message": message})


PRODUCT_FIELDS: dict[str, Parser] = {
    "sku": fields.text(LONGEST_SKU, required=True),
    "title": fields.text(LONGEST_TITLE, required=True, several_lines=True),
    "brand": fields.text(LONGEST_LABEL),
    "category": fields.text(LONGEST_LABEL),
    "cost": fields.cost,
    "price": fields.money,
    "currency": fields.currency,
    "min_price": fields.optional_money,
    "max_price": fields.optional_money,
    "map_price": fields.optional_money,
    "stock": fields.optional_stock,
    "external_id": fields.text(LONGEST_LABEL),
    "competitor_urls": fields.urls,
}
SALE_FIELDS: dict[str, Parser] = {
    "sku": fields.text(LONGEST_SKU, required=True),
    "date": fields.day,
    "price": fields.average_price,
    "units": fields.units,
    "promoted": fields.share,
}
OFFER_FIELDS: dict[str, Parser] = {
    "sku": fields.text(LONGEST_SKU, required=True),
    "seller": fields.text(LONGEST_LABEL, required=True),
    "price": fields.money,
    "shipping": fields.shipping,
    "currency": fields.optional_currency,
    "condition": fields.condition,
    "fulfilment": fields.fulfilment,
    "is_buy_box": fields.flag,
    "url": fields.url,
    "fetched_at": fields.moment,
}
PRODUCT_COLUMNS = Columns(tuple(PRODUCT_FIELDS), ("sku", "title", "price"))
SALE_COLUMNS = Columns(tuple(SALE_FIELDS), ("sku", "date", "price", "units"))
OFFER_COLUMNS = Columns(tuple(OFFER_FIELDS), ("sku", "seller", "price"))
# What a row may leave out and yet is checked against.
KEPT = ("currency", "cost", "min_price", "max_price", "map_price")
NEW: Row = {**dict.fromkeys(KEPT), "currency": DEFAULT_CURRENCY}
AMOUNTS = ("cost", "price", "min_price", "max_price", "map_price")


def import_products(
    tenant_id: int,
    marketplace: str,
    stream: Stream,
    reader: Reader,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Insert or update products. Columns that a row does not have keep what is stored; an empty cell clears.

    Raises HeaderError before anything is written.
    """
    stored: dict[str, Row] = {row["sku"]: row for row in _products(tenant_id, marketplace).values("sku", *KEPT)}
    scope: Row = {"tenant_id": tenant_id, "marketplace": marketplace}

    def check(row: Row) -> Row:
        # What the row leaves out is what is stored: together they must make sense.
        sku = str(row["sku"])
        whole = {**NEW, **stored.get(sku, {}), **row}
        _check_amounts(whole)
        stored[sku] = {name: whole[name] for name in KEPT}
        return scope | row

    report = _import(PRODUCTS, PRODUCT_FIELDS, check, reader(stream, PRODUCT_COLUMNS), dry_run, progress)
    report.skus = stored.keys()
    return report


def import_sales(
    tenant_id: int,
    marketplace: str,
    stream: Stream,
    reader: Reader,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
    expected: Collection[str] = (),
) -> Report:
    """Insert or update sales of known products. Raises HeaderError before anything is written.

    `expected`: for a dry run, SKUs that an import of products would have added before.
    """
    known = dict(_products(tenant_id, marketplace).values_list("sku", "id"))
    if dry_run:
        # Ids that no product has.
        known |= {sku: -number for number, sku in enumerate(expected, start=1) if sku not in known}

    def check(row: Row) -> Row:
        sku = str(row.pop("sku"))
        if sku not in known:
            raise FieldProblem("sku", f"is not a product of {marketplace}: import products first")
        return {"product_id": known[sku], **row}

    return _import(SALES, SALE_FIELDS, check, reader(stream, SALE_COLUMNS), dry_run, progress)


def import_offers(
    tenant_id: int,
    marketplace: str,
    stream: Stream,
    reader: Reader,
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Report:
    """Add competitors' offers of known products to their history. Raises HeaderError before anything is written.

    An offer of the same seller, condition, fulfilment and moment is replaced. Those without a moment are of now.
    """
    known = {
        sku: (key, currency)
        for sku, key, currency in _products(tenant_id, marketplace).values_list("sku", "id", "currency")
    }
    defaults: Row = {
        "shipping": Decimal(0),
        "condition": CONDITIONS[0],
        "fulfilment": "",
        "is_buy_box": False,
        "url": "",
    }
    imported_at = now()

    def check(row: Row) -> Row:
        sku = str(row.pop("sku"))
        if sku not in known:
            raise FieldProblem("sku", f"is not a product of {marketplace}: import products first")
        product_id, currency = known[sku]
        row["currency"] = row.get("currency") or currency
        if row["currency"] != currency:
            raise FieldProblem("currency", f"is not {currency}, in which the product is priced")
        _check_decimals(row, ("price", "shipping"))
        if row.get("fetched_at") is None:
            row["fetched_at"] = imported_at
        return {"product_id": product_id, **defaults, **row}

    return _import(OFFERS, OFFER_FIELDS, check, reader(stream, OFFER_COLUMNS), dry_run, progress)


def _products(tenant_id: int, marketplace: str) -> ProductQuerySet:
    return Product.objects.of(tenant_id).filter(marketplace=marketplace)


class FieldProblem(Exception):
    """A rule over a whole row that one of its fields breaks."""

    def __init__(self, name: str, message: str) -> None:
        self.name = name
        self.message = message
        super().__init__(f"{name} {message}")


def _check_amounts(row: Row) -> None:
    _check_decimals(row, AMOUNTS)
    low, high = row["min_price"], row["max_price"]
    if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
        raise FieldProblem("min_price", "is above max_price")


def _check_decimals(row: Row, names: Iterable[str]) -> None:
    for name in names:
        amount = row.get(name)
        if isinstance(amount, Decimal) and not currencies.fits(amount, str(row["currency"])):
            raise FieldProblem(name, f"has more decimals than {row['currency']}")


def _import(
    table: Table,
    parsers: dict[str, Parser],
    check: Callable[[Row], Row],
    records: Iterator[Record],
    dry_run: bool,
    progress: Progress | None,
) -> Report:
    report = Report()
    chunk = Chunk(table, report, dry_run)
    remembered = {name: Remembered(parse) for name, parse in parsers.items()}
    for done, record in enumerate(records, start=1):
        row = _parse(record, remembered, check, report)
        if row is not None:
            chunk.add(row)
        if done % CHUNK_ROWS == 0:
            chunk.write()
            if progress:
                progress(done)
    chunk.write()
    return report


def _parse(record: Record, cells: dict[str, Remembered], check: Callable[[Row], Row], report: Report) -> Row | None:
    """The row as values, or None where it was rejected."""
    if record.error is not None:
        report.reject(record.line, [("", record.error)])
        return None
    row: Row = {}
    problems: list[tuple[str, str]] = []
    for name, cell in record.values.items():
        try:
            row[name] = cells[name][cell]
        except ValueError as problem:
            problems.append((name, str(problem)))
    if not problems:
        try:
            return check(row)
        except FieldProblem as problem:
            problems.append((problem.name, problem.message))
    report.reject(record.line, problems)
    return None


Key = tuple[Value, ...]
Rows = dict[Key, tuple[Value, ...]]


class Chunk:
    """Rows to write, by key: of two rows with one key the later one counts.

    Rows of JSON may differ in their fields: each set of columns is a statement, and a transaction, of its own.
    """

    def __init__(self, table: Table, report: Report, dry_run: bool) -> None:
        self.table = table
        self.report = report
        self.dry_run = dry_run
        self.groups: dict[tuple[str, ...], Rows] = {}
        self.columns_of: dict[Key, tuple[str, ...]] = {}

    def add(self, row: Row) -> None:
        columns = tuple(row)
        key = tuple([row[name] for name in self.table.key])
        earlier = self.columns_of.get(key)
        if earlier is not None:
            if earlier == columns:
                self.report.updated += 1
            else:
                # What only the earlier row says must stay said.
                self.write()
        self.columns_of[key] = columns
        self.groups.setdefault(columns, {})[key] = tuple(row.values())

    def write(self) -> None:
        for columns, rows in self.groups.items():
            # In the order of their keys, so that two imports of the same rows wait instead of deadlocking.
            ordered = [rows[key] for key in sorted(rows)]
            inserted = upsert(self.table, columns, ordered, dry_run=self.dry_run)
            self.report.imported += inserted
            self.report.updated += len(ordered) - inserted
        self.groups = {}
        self.columns_of = {}
