"""How one file writes numbers and dates, and what its cells mean by that."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from decimal import Decimal

from workers.catalogue.importing import dates, numbers
from workers.catalogue.importing.fields import Amount, Column, Form, Parser, Value

# Longer cells, and more than so many of a column, are parsed anew: memory stays bounded.
_LONGEST_REMEMBERED, _MOST_REMEMBERED = 64, 50_000


@dataclass(frozen=True, slots=True)
class Conventions:
    """What a file shows or its sender says. None where neither does."""

    decimal: numbers.Mark | None
    dates: dates.Order | None
    timezone: tzinfo | None
    """Of the marketplace: it decides the day of a moment. None where the moments are written in the seller's own."""
    moments: bool = False
    """Whether days are written as moments, so that midnight is a moment too."""


class Remembered(dict[str, Value]):
    """A column's values by cell. Dates, prices and SKUs come again and again: looking up takes a tenth of the time.

    `remembered[cell]` raises what the parser raises.
    """

    def __init__(self, parse: Parser) -> None:
        super().__init__()
        self.parse = parse

    def __missing__(self, cell: str) -> Value:
        value = self.parse(cell)
        if len(cell) <= _LONGEST_REMEMBERED and len(self) < _MOST_REMEMBERED:
            self[cell] = value
        return value


def parsers(
    fields: Mapping[str, Column], conventions: Conventions, advice: Mapping[str, str]
) -> dict[str, Remembered]:
    """For each column what its cells mean in this file. `advice` says of a column what to do about an empty cell."""
    return {
        name: Remembered(_advising(_parser(field, conventions), advice.get(name))) for name, field in fields.items()
    }


def _advising(parse: Parser, advice: str | None) -> Parser:
    if not advice:
        return parse

    def advising(cell: str) -> Value:
        try:
            return parse(cell)
        except ValueError as error:
            raise ValueError(f"{error}. {advice}" if not cell.strip() else str(error)) from None

    return advising


def _parser(field: Column, conventions: Conventions) -> Parser:
    parse = field.parse

    def text(cell: str) -> Value:
        return parse(unwrapped(cell))

    def identifier(cell: str) -> Value:
        return parse(visible(unwrapped(cell)))

    def number(cell: str) -> Value:
        cell = _bare(cell)
        if cell.casefold() in _WORDS:
            return parse(cell)
        found = numbers.read(cell, conventions.decimal)
        if found.currency_mark or found.doubt:
            raise ValueError(found.doubt or numbers.NOT_A_NUMBER)
        return parse(found.text)

    def money(cell: str) -> Value:
        cell = _bare(cell)
        if not cell:
            return parse(cell)
        found = numbers.read(cell, conventions.decimal)
        value = parse(found.text)
        if not isinstance(value, Decimal) or not (found.currency_mark or found.doubt):
            return value
        amount = Amount(value)
        amount.currency_mark, amount.doubt = found.currency_mark, found.doubt
        return amount

    def day(cell: str) -> Value:
        found = dates.read(_bare(cell), conventions.dates)
        if isinstance(found, datetime):
            return parse(_day_of(found, conventions).date().isoformat())
        return parse(found.isoformat())

    def moment(cell: str) -> Value:
        cell = _bare(cell)
        if not cell:
            return parse(cell)
        found = dates.read(cell, conventions.dates)
        if not isinstance(found, datetime):
            found = datetime.combine(found, time())
        return parse((found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)).isoformat())

    return {
        Form.TEXT: text,
        Form.IDENTIFIER: identifier,
        Form.NUMBER: number,
        Form.MONEY: money,
        Form.DAY: day,
        Form.MOMENT: moment,
    }[field.form]


# What parsers of numbers take besides: no value, yes and no.
_WORDS = {"", "true", "false", "yes", "no"}


def unwrapped(cell: str) -> str:
    """A cell without what keeps a spreadsheet from taking it for a number: ="0042"."""
    cell = cell.strip()
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell


def _bare(cell: str) -> str:
    return unwrapped(cell).strip().removeprefix("'")


def visible(cell: str) -> str:
    """An identifier without characters that nobody sees, and with plain spaces."""
    if cell.isascii():
        cell = cell.strip()
    else:
        cell = "".join(
            " " if kind == "Zs" else "" if kind == "Cf" else each
            for each in cell
            for kind in [unicodedata.category(each)]
        ).strip()
    # A spreadsheet's mark of text: '0042.
    return cell[1:] if cell[:1] == "'" and cell[1:2].isdigit() else cell


def _day_of(found: datetime, conventions: Conventions) -> datetime:
    """The moment in the zone that decides its day. Midnight is how programs write a day, unless these are orders."""
    as_written = found.tzinfo is None or (not conventions.moments and found.time() == time())
    return found if as_written or conventions.timezone is None else found.astimezone(conventions.timezone)
