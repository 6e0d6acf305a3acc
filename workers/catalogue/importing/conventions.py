"""How one file writes numbers and dates, and what its cells mean by that."""

import re
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
    fields: Mapping[str, Column],
    conventions: Conventions,
    advice: Mapping[str, str],
    marks: Mapping[str, str],
) -> dict[str, Remembered]:
    """For each column what its cells mean in this file.

    `advice` says of a column what to do about an empty cell, and `marks` what currency mark all its amounts have.
    """
    return {
        name: Remembered(_advising(_parser(field, conventions, marks.get(name, "")), advice.get(name)))
        for name, field in fields.items()
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


def _parser(field: Column, conventions: Conventions, mark: str) -> Parser:
    parse = field.parse

    def text(cell: str) -> Value:
        cell = unwrapped(cell)
        return parse(_PROTECTED.sub("", cell, count=1) if cell.startswith("'") else cell)

    def identifier(cell: str) -> Value:
        shown = visible(unwrapped(cell))
        if _SHORTENED.fullmatch(shown):
            raise ValueError(SHORTENED)
        return parse(shown)

    def number(cell: str) -> Value:
        cell = cell if cell.startswith(numbers.EXACT) else _bare(cell)
        if cell.casefold() in _WORDS:
            return parse(cell)
        found = numbers.read(cell, conventions.decimal)
        if found.currency_mark or found.doubt:
            raise ValueError(found.doubt or numbers.NOT_A_NUMBER)
        return parse(found.text)

    def money(cell: str) -> Value:
        cell = cell if cell.startswith(numbers.EXACT) else _bare(cell)
        if not cell:
            return parse(cell)
        found = numbers.read(cell, conventions.decimal)
        value = parse(found.text)
        currency_mark = found.currency_mark or mark
        if not isinstance(value, Decimal) or not (currency_mark or found.doubt):
            return value
        amount = Amount(value)
        amount.currency_mark, amount.doubt, amount.with_point = currency_mark, found.doubt, "." in cell
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


# What a spreadsheet makes of an identifier of many digits: 4.00638E+12.
_SHORTENED = re.compile(r"[0-9](?:[.,][0-9]+)?E\+[0-9]{1,3}")
SHORTENED = (
    "is a number of which a spreadsheet has dropped digits. Take it from the original file, into a column that is "
    "formatted as text"
)
# What a spreadsheet would take for a formula or a number, and an export therefore begins with an apostrophe.
_PROTECTED = re.compile(r"'(?=[=+\-@])")
_PROTECTED_IDENTIFIER = re.compile(r"'(?=[=+\-@\d])")
# Characters that nobody sees, besides those of the categories Cf and Zs: Unicode's Default_Ignorable_Code_Point, and
# the blanks of Hangul and Braille.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2065\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)


def unwrapped(cell: str) -> str:
    """A cell without what keeps a spreadsheet from taking it for a number: ="0042"."""
    cell = cell.strip().removeprefix(numbers.EXACT)
    return cell[2:-1] if cell.startswith('="') and cell.endswith('"') and len(cell) > 2 else cell


def _bare(cell: str) -> str:
    return unwrapped(cell).strip().removeprefix("'")


def visible(cell: str) -> str:
    """An identifier without characters that nobody sees, and with plain spaces."""
    if not cell.isascii():
        kinds = ((each, unicodedata.category(each)) for each in _INVISIBLE.sub("", cell))
        cell = "".join(" " if kind == "Zs" else each for each, kind in kinds if kind != "Cf")
    return _PROTECTED_IDENTIFIER.sub("", cell.strip(), count=1) if cell.strip().startswith("'") else cell.strip()


def _day_of(found: datetime, conventions: Conventions) -> datetime:
    """The moment in the zone that decides its day. Midnight is how programs write a day, unless these are orders."""
    as_written = found.tzinfo is None or (not conventions.moments and found.time() == time())
    return found if as_written or conventions.timezone is None else found.astimezone(conventions.timezone)
