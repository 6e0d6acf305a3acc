"""Numbers as people and programs write them: 1,299.00, 1.299,00 €, $9.99, 1 299.00, 1'299.00, 9.99 USD.

One file has one decimal mark. A cell such as 1.290 has two readings, and is read by what the other cells of the file
show, or by what the caller says; where neither tells, it is refused.
"""

import re
from collections.abc import Iterable
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple


class Mark(StrEnum):
    """What stands between the whole part and the decimals."""

    POINT = "point"
    COMMA = "comma"


# Between groups of digits, beside the mark that is not the decimal one: spaces of all widths, apostrophes.
_SPACES = " \u00a0\u2007\u2009\u202f"
_GROUPED_BY_SPACES = re.compile(rf"\d{{1,3}}([{_SPACES}'\u2019]\d{{3}})+(?!\d)", re.ASCII)
_SEPARATORS = re.compile(rf"[{_SPACES}'\u2019]")
_DASHES = "-\u2212\u2013\u2014"
_DASH = re.escape(_DASHES)
# A sign, a currency mark in front (Rs. has a point of its own) or behind, the digits, and a sign behind them as
# accounting programs write it; but 1'299.- has no centimes.
_PARTS = re.compile(
    rf"(?P<sign>[+{_DASH}]?)(?P<before>(?:[^\d.,+{_DASH}]|(?<=[A-Za-z])\.)*)(?P<inner>[+{_DASH}]?)"
    rf"(?P<digits>[.,]?\d(?:[\d.,{_SPACES}'\u2019]*[\d.,])?)(?P<exponent>[eE][+-]?\d{{1,2}})?"
    rf"(?P<between>[{_SPACES}]?)(?P<behind>[{_DASH}]{{0,2}})(?P<after>[^\d{_DASH}]*)",
    re.ASCII,
)
# Groups have three digits, in India two and the last one three. None begins with a zero.
_FORMS = {
    Mark.POINT: re.compile(r"(\d+|[1-9]\d{0,2}(?:,\d{2,3})*,\d{3})?(?:\.(\d*))?", re.ASCII),
    Mark.COMMA: re.compile(r"(\d+|[1-9]\d{0,2}(?:\.\d{2,3})*\.\d{3})?(?:,(\d*))?", re.ASCII),
}
_PLAIN = re.compile(r"[+-]?\d+(?:\.(?:\d{1,2}|\d{4,}))?", re.ASCII)
# Has one reading, but says nothing about the 1.290 beside it.
_BELOW_ONE = re.compile(r"0?[.,]\d{3}", re.ASCII)
_LONGEST = 64
NOT_A_NUMBER = "must be a number, for example 19.99"


class Number(NamedTuple):
    """A number as Python writes it, and the currency mark that was beside it.

    `doubt` says why the number has two readings: then `text` is the one with decimals.
    """

    text: str
    currency_mark: str = ""
    doubt: str = ""


# In front of a number of JSON or of a workbook. No text of a file holds it.
EXACT = "\ue000"


def exact(text: str) -> str:
    """A number that has one reading, whatever the decimal mark of the file is; see `EXACT`."""
    return EXACT + text


def read(cell: str, mark: Mark | None) -> Number:
    """The number in a cell, where `mark` is the file's decimal mark, as far as it is known.

    Raises ValueError for what is not a number.
    """
    if cell.startswith(EXACT):
        return Number(cell.removeprefix(EXACT))
    cell = cell.strip()
    if mark is not Mark.COMMA and _PLAIN.fullmatch(cell):
        return Number(cell)
    parts = _PARTS.fullmatch(cell) if len(cell) <= _LONGEST else None
    if parts is None:
        raise ValueError(NOT_A_NUMBER)
    readings = _readings(parts["digits"])
    if not readings:
        raise ValueError(NOT_A_NUMBER)
    if mark and mark not in readings:
        raise ValueError(f"has another decimal mark than the {mark}, which the file has")
    digits = readings[mark] if mark else min(readings.values(), key=Decimal)
    doubt = _two_readings(readings) if not mark and len(set(readings.values())) > 1 else ""
    return Number(f"{_sign(parts)}{digits}{parts['exponent'] or ''}", _currency_of(parts), doubt)


def _sign(parts: re.Match[str]) -> str:
    no_cents = parts["digits"][-1] in ".," and not parts["between"]
    written = parts["sign"] or parts["inner"] or ("" if no_cents else parts["behind"])
    return "-" if written and written[0] in _DASHES else ""


def _currency_of(parts: re.Match[str]) -> str:
    return f"{parts['before']} {parts['after']}".strip(" \u00a0")


def _readings(digits: str) -> dict[Mark | None, str]:
    """What the digits are with each decimal mark that they may have."""
    if _GROUPED_BY_SPACES.match(digits):
        digits = _SEPARATORS.sub("", digits)
    readings: dict[Mark | None, str] = {}
    for mark, form in _FORMS.items():
        if found := form.fullmatch(digits):
            whole, decimals = (found[1] or "0").replace(",", "").replace(".", ""), found[2]
            readings[mark] = f"{whole}.{decimals}" if decimals else whole
    return readings


def _two_readings(readings: dict[Mark | None, str]) -> str:
    first, second = readings[Mark.POINT], readings[Mark.COMMA]
    return (
        f"can be read as {first} (decimal=point) or as {second} (decimal=comma), and the other cells of the file do "
        "not tell which. Send the file again with one of the two"
    )


class Evidence:
    """What the cells of a file show of its decimal mark, and the currency marks beside them."""

    def __init__(self) -> None:
        self.shown: set[Mark] = set()
        self.currency_marks: set[str] = set()

    def add(self, cells: Iterable[str]) -> None:
        for cell in cells:
            if parts := _written(cell):
                self.shown |= _shown(parts["digits"])

    def add_marks(self, cells: Iterable[str]) -> None:
        """Cells whose currency is that of the file: prices."""
        for cell in cells:
            if (parts := _written(cell)) and (currency := _currency_of(parts)):
                self.currency_marks.add(currency)

    @property
    def mark(self) -> Mark | None:
        """The file's decimal mark. None if no cell shows it, or if the cells contradict each other."""
        return next(iter(self.shown)) if len(self.shown) == 1 else None


def _written(cell: str) -> re.Match[str] | None:
    """A number as somebody has written it. Those of digits only, and exact ones, show nothing."""
    if cell.isdecimal() or cell.startswith(EXACT) or len(cell) > _LONGEST:
        return None
    return _PARTS.fullmatch(cell.strip())


def _shown(digits: str) -> set[Mark]:
    if not {".", ","} & set(digits) or _BELOW_ONE.fullmatch(digits):
        return set()
    readings = _readings(digits)
    return {mark for mark in readings if mark} if len(readings) == 1 else set()
