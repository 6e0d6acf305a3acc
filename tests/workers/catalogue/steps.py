"""Imports as a caller sends them, and what came of them."""

from decimal import Decimal
from io import BytesIO
from typing import IO, Any
from urllib.parse import urlencode

from aijobs.models import Tenant
from tests.clients import Caller
from workers.catalogue.files import Said, import_file
from workers.catalogue.importing.importer import Report
from workers.catalogue.importing.kind import Expected, Kind
from workers.catalogue.importing.opening import Json
from workers.catalogue.models import Product

CSV = "text/csv"
NDJSON = "application/x-ndjson"
MARKETPLACE = "amazon_us"


def send(caller: Caller, kind: str, body: str | bytes, *, content_type: str = CSV, **query: str) -> Any:
    """POST the body to /api/catalogue/<kind>; the response."""
    parameters = urlencode({"marketplace": MARKETPLACE, **query})
    content = body.encode() if isinstance(body, str) else body
    return caller.post(f"/api/catalogue/{kind}?{parameters}", content, content_type=content_type)


def report(caller: Caller, kind: str, body: str | bytes, *, content_type: str = CSV, **query: str) -> dict[str, Any]:
    """The report of an import that must be accepted."""
    response = send(caller, kind, body, content_type=content_type, **query)
    assert response.status_code == 200, response.content
    data: dict[str, Any] = response.json()["data"]
    return data


def counts(told: dict[str, Any]) -> tuple[int, int, int]:
    return told["imported"], told["updated"], told["rejected"]


def where(told: dict[str, Any]) -> list[tuple[int, str]]:
    return [(error["line"], error["field"]) for error in told["errors"]]


def add_products(caller: Caller, *skus: str, price: str = "10") -> None:
    """As an import of them does, and by one where they are many or there already: else in a tenth of its work."""
    there = Product.objects.of(caller.tenant.pk).filter(marketplace=MARKETPLACE, sku__in=skus)
    if len(skus) > 100 or there.exists():
        rows = "".join(f"{sku},Title of {sku},{price}\n" for sku in skus)
        assert report(caller, "products", f"sku,title,price\n{rows}")["rejected"] == 0
        return
    Product.objects.bulk_create(
        Product(tenant=caller.tenant, marketplace=MARKETPLACE, sku=sku, title=f"Title of {sku}", price=Decimal(price))
        for sku in sorted({*skus})
    )


def listed(caller: Caller, kind: str, **query: str | int) -> list[dict[str, Any]]:
    response = caller.get(f"/api/catalogue/{kind}", **query)
    assert response.status_code == 200, response.content
    data: list[dict[str, Any]] = response.json()["data"]
    return data


def all_pages(caller: Caller, kind: str, **query: str | int) -> list[dict[str, Any]]:
    """Every row, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        response = caller.get(f"/api/catalogue/{kind}", **query, **cursor)
        assert response.status_code == 200, response.content
        page = response.json()
        rows += page["data"]
        if not page["pagination"]["has_more"]:
            return rows
        cursor = {"cursor": page["pagination"]["next_cursor"]}


def imported(
    kind: Kind[Any],
    tenant: Tenant,
    body: bytes | IO[bytes],
    *,
    json: bool = False,
    dry_run: bool = False,
    expected: Expected | None = None,
) -> Report:
    """The report of an import below the API."""
    file = BytesIO(body) if isinstance(body, bytes) else body
    said = Said(MARKETPLACE, json=Json.LINES if json else None, dry_run=dry_run)
    return import_file(tenant, file, said, kind, expected=expected).report
