"""What a cell may hold: each parser takes the text as written and raises ValueError with what is wrong."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext
from enum import Enum, auto

from django.core.exceptions import ValidationError
from django.utils.timezone import now

from workers.catalogue.currencies import CODES
from workers.catalogue.importing.numbers import NOT_A_NUMBER
from workers.catalogue.models import (
    CONDITIONS,
    LONGEST_FULFILMENT,
    MONEY_DECIMALS,
    MONEY_DIGITS,
    validate_url,
    validate_urls,
)

Value = str | float | Decimal | date | bool | list[str] | dict[str, str] | None
Row = dict[str, Value]
Parser = Callable[[str], Value]


class Form(Enum):
    """How the cells of a column are written, whatever they mean."""

    TEXT = auto()
    IDENTIFIER = auto()
    """Text without invisible characters: two identifiers that look the same are the same."""
    NUMBER = auto()
    MONEY = auto()
    """A number that may have a currency mark."""
    DAY = auto()
    MOMENT = auto()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a kind of rows. Numbers and dates reach `parse` as Python writes them, and days as ISO days."""

    parse: Parser
    form: Form = Form.TEXT
    private: bool = False
    """Whether it may be a customer's: of such a column answers show only what is stored of it."""
    nested: bool = False
    """Whether its cells of JSON may be lists or objects: these reach `parse` as JSON."""


class Amount(Decimal):
    """An amount of which its currency decides whether it is good."""

    currency_mark: str = ""
    """What stood beside it: it has to be the row's."""
    doubt: str = ""
    """Why it has two readings. This is the one with decimals, which only a currency with three of them has."""
    with_point: bool = False
    """Whether a point stands before those."""


# Control characters, and the lone surrogates that stand for bytes which are no UTF-8.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LINE_BREAKS = re.compile(r"[\t\r\n]+")
# From the first separator on, and without trying again: a cell may be nothing but commas.
_BETWEEN_URLS = re.compile(r"(?<![\s,;|])[\s,;|]++(?=https?://)")
LARGEST_AMOUNT = Decimal(10) ** 9
LARGEST_UNITS = 1e9
FIRST_DATE = date(1970, 1, 1)
# A clock that is a little ahead of ours is no reason to refuse what it says.
CLOCK_SKEW = timedelta(minutes=5)
_FLAGS = {"": False, "0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}
_SHARES = {"": 0.0, "0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "no": 0.0, "yes": 1.0}


def text(longest: int, *, required: bool = False, several_lines: bool = False) -> Parser:
    """With `several_lines`, a quoted text may span some; they become one."""

    def parse(cell: str) -> str:
        cell = _LINE_BREAKS.sub(" ", cell.strip()) if several_lines else cell.strip()
        # Before it is measured: a composed character may be written longer.
        cell = unicodedata.normalize("NFC", cell)
        if required and not cell:
            raise ValueError("must not be empty")
        if len(cell) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if _UNPRINTABLE.search(cell):
            raise ValueError("has control characters, or bytes that are not text in the file's encoding")
        return cell

    return parse


# But not line feeds and tabs.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LINE_ENDS = re.compile(r"\r\n?")
_SURROGATES = re.compile("[\ud800-\udfff]")


def prose(longest: int) -> Parser:
    """What a customer wrote, in as many lines. Control characters in it are nobody's mistake that could be mended."""

    def parse(cell: str) -> str:
        cell = unicodedata.normalize("NFC", _CONTROLS.sub(" ", _LINE_ENDS.sub("\n", cell)).strip())
        if len(cell) > longest:
            raise ValueError(f"is longer than {longest:,} characters")
        if _SURROGATES.search(cell):
            raise ValueError("has bytes that are not text in the file's encoding")
        return cell

    return parse


def whole_units(cell: str) -> int:
    """At least one; empty is one."""
    if not cell.strip():
        return 1
    number = _decimal(cell)
    if not 1 <= number <= LARGEST_UNITS or number != number.to_integral_value():
        raise ValueError("must be a whole number from 1 to 1,000,000,000")
    return int(number)


def currency(cell: str) -> str | None:
    """Empty is the product's, or of a new product the marketplace's."""
    code = cell.strip().upper()
    if code and code not in CODES:
        raise ValueError("must be a currency code, for example USD")
    return code or None


def money(cell: str) -> Decimal:
    """An amount above zero, exactly as written."""
    if not cell:
        raise ValueError("must not be empty")
    amount = _decimal(cell)
    if not 0 < amount < LARGEST_AMOUNT:
        raise ValueError("must be above 0 and below 1,000,000,000")
    return amount


def average_price(cell: str) -> Decimal:
    """An amount above zero. An average of a week may have any number of decimals: rounded to those that are kept."""
    with localcontext(prec=MONEY_DIGITS):
        amount = round(money(cell), MONEY_DECIMALS)
    if not 0 < amount < LARGEST_AMOUNT:
        raise ValueError("must be at least 0.0001 and below 1,000,000,000")
    return amount


def optional_average_price(cell: str) -> Decimal | None:
    """Empty where the amount of all units is known instead."""
    return average_price(cell) if cell.strip() else None


def cost(cell: str) -> Decimal | None:
    """Zero is a cost; empty is none known."""
    if not cell.strip():
        return None
    amount = _decimal(cell)
    if not 0 <= amount < LARGEST_AMOUNT:
        raise ValueError("must be at least 0 and below 1,000,000,000")
    return amount


def shipping(cell: str) -> Decimal:
    """Empty is free."""
    return cost(cell) or Decimal(0)


def condition(cell: str) -> str:
    """New, or Used - Like New: what is behind the first word only grades it."""
    name = re.split(r"[\s_-]", cell.strip().lower(), maxsplit=1)[0] or CONDITIONS[0]
    if name not in CONDITIONS:
        raise ValueError(f"must be one of {', '.join(CONDITIONS)}")
    return name


def fulfilment(cell: str) -> str:
    """The marketplace's own word, such as amazon or merchant."""
    return str(text(LONGEST_FULFILMENT)(cell.lower()))


def flag(cell: str) -> bool:
    known = _FLAGS.get(cell.strip().lower())
    if known is None:
        raise ValueError("must be true or false")
    return known


def url(cell: str) -> str:
    cell = cell.strip()
    if cell:
        _validated(validate_url, cell)
    return cell


def urls(cell: str) -> str:
    """Several, separated by white space, commas, semicolons or bars. An address may hold those itself."""
    cell = " ".join(_BETWEEN_URLS.sub(" ", cell).split())
    _validated(validate_urls, cell)
    return cell


def _validated(validate: Callable[[str], None], cell: str) -> None:
    try:
        validate(cell)
    except ValidationError as error:
        raise ValueError(error.message) from None
    if not cell.isprintable():
        raise ValueError("has control characters, or bytes that are not text in the file's encoding")


def moment(cell: str) -> datetime | None:
    """A moment up to now, in UTC. Empty is now."""
    if not cell:
        return None
    parsed = datetime.fromisoformat(cell)
    if not parsed.date() >= FIRST_DATE or parsed > now() + CLOCK_SKEW:
        raise ValueError("must not be in the future or before 1970")
    return parsed


def optional_money(cell: str) -> Decimal | None:
    return money(cell) if cell.strip() else None


def optional_stock(cell: str) -> int | None:
    """Whole units on hand; 12.0 is whole. What is oversold has none."""
    if not cell.strip():
        return None
    amount = _decimal(cell)
    if not -LARGEST_AMOUNT < amount < LARGEST_AMOUNT or amount != amount.to_integral_value():
        raise ValueError("must be a whole number")
    return max(int(amount), 0)


def units(cell: str) -> float:
    number = float(_decimal(cell))
    if not 0 <= number <= LARGEST_UNITS:
        raise ValueError("must be at least 0 and at most 1,000,000,000")
    return number


def day(cell: str) -> date:
    """A day up to tomorrow: somewhere it has begun already."""
    parsed = date.fromisoformat(cell)
    if parsed < FIRST_DATE:
        raise ValueError("must not be before 1970")
    if parsed > (tomorrow := now().astimezone(UTC).date() + timedelta(days=1)):
        raise ValueError(f"is in the future: it is {parsed}, and the last day that can be imported is {tomorrow}")
    return parsed


def share(cell: str) -> float:
    """Yes or no, or the share of a longer period that was promoted."""
    cell = cell.strip().lower()
    if (known := _SHARES.get(cell)) is not None:
        return known
    number = float(_decimal(cell))
    if not 0 <= number <= 1:
        raise ValueError("must be true, false or a share from 0 to 1")
    return number


def _decimal(cell: str) -> Decimal:
    try:
        number = Decimal(cell)
    except InvalidOperation:
        raise ValueError(NOT_A_NUMBER) from None
    if not number.is_finite():
        raise ValueError(NOT_A_NUMBER)
    return number
