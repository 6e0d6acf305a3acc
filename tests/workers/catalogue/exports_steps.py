"""Exports of marketplaces and shop systems, as they really come, and what has to come of them.

The files are in `exports/`: true header rows, encodings, line ends, and the rows around and between items.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from tests.clients import Caller
from tests.workers.catalogue.steps import listed, report

EXPORTS = Path(__file__).parent / "exports"
Row = dict[str, Any]
NOTHING: Mapping[Any, str] = MappingProxyType({})


class Case(NamedTuple):
    """One file, and what has to come of it."""

    file: str
    format: str
    products: Mapping[str, Row]
    """By SKU. What is not named of one is not stored."""
    sales: tuple[Row, ...] = ()
    skipped: Mapping[int, str] = NOTHING
    """By line, how the reason begins."""
    errors: Mapping[int, str] = NOTHING
    """By line, the field and the beginning of the message."""
    marketplace: str = "shop_us"
    query: Mapping[str, str] = NOTHING


def product(title: str | None = None, **stored: object) -> Row:
    """What is stored of one, besides its currency."""
    return {**({} if title is None else {"title": title}), **stored}


def sold(sku: str, date: str, price: float, units: float, promoted: float = 0) -> Row:
    return {"sku": sku, "date": date, "price": price, "units": units, "promoted": pytest.approx(promoted)}


def name(case: Case) -> str:
    return case.file


def told(caller: Caller, kind: str, case: Case) -> dict[str, Any]:
    """The report of the import of the file."""
    body = (EXPORTS / case.file).read_bytes()
    return report(caller, kind, body, marketplace=case.marketplace, **case.query)


def check_report(case: Case, found: dict[str, Any]) -> None:
    assert found["format"] == case.format
    assert [each["line"] for each in found["skipped"]] == list(case.skipped)
    for each in found["skipped"]:
        assert each["reason"].startswith(f"The row {case.skipped[each['line']]}")
    assert [each["line"] for each in found["errors"]] == list(case.errors)
    for each in found["errors"]:
        assert f"{each['field']} {each['message']}".startswith(case.errors[each["line"]])


def stored_products(caller: Caller, marketplace: str) -> dict[str, Row]:
    """Products by SKU, with what is stored of them."""
    unsaid = ("marketplace", "sku", "currency", "updated_at")
    return {
        row["sku"]: {field: value for field, value in row.items() if field not in unsaid and value not in (None, "")}
        for row in listed(caller, "products", marketplace=marketplace)
    }


def add_known(caller: Caller, marketplace: str, *skus: str) -> None:
    """Products as they were before the file: 5 in the currency of the country, 77 in stock."""
    rows = "".join(f"{sku},Title of {sku},5,77\n" for sku in skus)
    assert report(caller, "products", f"sku,title,price,stock\n{rows}", marketplace=marketplace)["rejected"] == 0
