"""The query parameters of an import: what its sender says of the file."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from django.http import QueryDict

from aijobs.api.wire.filters import check_names, flag, invalid
from aijobs.api.wire.openapi import parameter
from aijobs.shapes import WITHOUT_NUL
from workers.catalogue.api.filters import MARKETPLACE_SCHEMA, SKU_SCHEMA, required_marketplace, sku_of
from workers.catalogue.currencies import CODES
from workers.catalogue.files import Said, time_zone
from workers.catalogue.importing.dates import Order
from workers.catalogue.importing.delimited import DELIMITERS
from workers.catalogue.importing.fields import currency
from workers.catalogue.importing.numbers import Mark


def _one_of(*values: str) -> dict[str, object]:
    return {"type": "string", "enum": list(values)}


# All that can be said. Nothing of it has to be, where the file itself tells.
SAYING = [
    parameter("marketplace", MARKETPLACE_SCHEMA, "The marketplace on which the products are sold.", required=True),
    parameter("dry_run", bool, "With `true`, the service checks and counts the rows and writes nothing."),
    parameter(
        "price",
        _one_of("keep"),
        "With `keep`, products that the catalogue has already keep their price. Everything else of their rows is "
        "imported, and new products get the price of their row.",
    ),
    parameter("strict", bool, "With `true`, unknown columns of a table of your own are refused, not ignored."),
    parameter(
        "delimiter",
        _one_of(*DELIMITERS),
        "What stands between the cells. If you leave it out, the service finds it.",
    ),
    parameter(
        "decimal",
        _one_of(*Mark),
        "What stands before the decimals. If you leave it out, the cells of the file tell; a cell such as 1.290, of "
        "which they do not, is refused.",
    ),
    parameter(
        "dates",
        _one_of(*Order),
        "What stands first in dates such as 03/04/2026. If you leave it out, the cells of the file tell.",
    ),
    parameter(
        "sheet",
        {"type": "string", "minLength": 1, "pattern": WITHOUT_NUL, "examples": ["Prices"]},
        "The sheet of a workbook. The default is the first one.",
    ),
    parameter(
        "timezone",
        {"type": "string", "examples": ["Europe/Berlin"]},
        "The time zone that decides on which day a moment was. The default is that of the Amazon marketplace, or "
        "else the tenant's.",
    ),
    parameter("date", {"type": "string", "format": "date"}, "The day of all rows, if the file does not have it."),
    parameter(
        "currency",
        {"type": "string", "enum": sorted(CODES), "examples": ["USD"]},
        "The currency of all rows, if the file does not have it. The default is the marketplace's.",
    ),
    parameter(
        "sku",
        SKU_SCHEMA,
        "The SKU of all rows, if the file does not have it.",
    ),
]

T = TypeVar("T")


def said(query: QueryDict) -> Said:
    """What the parameters say. Raises InvalidFilter."""
    check_names(query, {each.name for each in SAYING})
    return Said(
        required_marketplace(query),
        delimiter=_chosen(query, "delimiter", DELIMITERS),
        decimal=_read(query, "decimal", Mark, f"must be {' or '.join(Mark)}"),
        dates=_read(query, "dates", Order, f"must be {' or '.join(Order)}"),
        sheet=_read(query, "sheet", _without_nul, "must not have the character U+0000") or None,
        timezone=_read(query, "timezone", time_zone, "must be the name of a time zone, for example Europe/Berlin"),
        date=_read(query, "date", date.fromisoformat, "must be a date, for example 2026-03-12"),
        currency=_read(query, "currency", currency, "must be a currency code, for example EUR"),
        sku=sku_of(query),
        strict=flag(query, "strict"),
        keep_prices=_keeps(query),
        dry_run=flag(query, "dry_run"),
    )


def _read(query: QueryDict, name: str, read: Callable[[str], T], message: str) -> T | None:
    text = query.get(name)
    if text is None:
        return None
    try:
        return read(text)
    except ValueError:
        raise invalid(name, message) from None


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError(text)
    return text


def _chosen(query: QueryDict, name: str, choices: dict[str, str]) -> str | None:
    """By its name, or as the character itself."""
    by_character = {character: name for name, character in choices.items()}
    text = query.get(name)
    if text is None or text in choices:
        return text
    if text in by_character:
        return by_character[text]
    raise invalid(name, f"must be one of {', '.join(choices)}")


def _keeps(query: QueryDict) -> bool:
    if query.get("price", "keep") != "keep":
        raise invalid("price", "must be keep, or left out")
    return "price" in query
