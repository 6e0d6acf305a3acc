"""What a cell may hold: each parser takes the text as written and raises ValueError with what is wrong."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation, localcontext

from django.core.exceptions import ValidationError
from django.utils.timezone import now

from workers.catalogue.models import (
    CONDITIONS,
    LONGEST_FULFILMENT,
    MONEY_DECIMALS,
    MONEY_DIGITS,
    validate_url,
    validate_urls,
)

Value = str | float | Decimal | date | bool | None
Row = dict[str, Value]
Parser = Callable[[str], Value]

# Longer cells, and more than so many of a column, are parsed anew: memory stays bounded.
_LONGEST_REMEMBERED, _MOST_REMEMBERED = 64, 50_000
# Control characters, and the lone surrogates that stand for bytes which are no UTF-8.
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_LINE_BREAKS = re.compile(r"[\t\r\n]+")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
_CURRENCY = re.compile(r"[A-Z]{3}")
LARGEST_AMOUNT = Decimal(10) ** 9
LARGEST_UNITS = 1e9
FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(2100, 12, 31)
# A clock that is a little ahead of ours is no reason to refuse what it says.
CLOCK_SKEW = timedelta(minutes=5)
_FLAGS = {"": False, "0": False, "1": True, "false": False, "true": True, "no": False, "yes": True}
_SHARES = {"": 0.0, "0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0, "no": 0.0, "yes": 1.0}


class Remembered(dict[str, Value]):
    """A parser's values by cell. Dates, prices and SKUs come again and again: looking up takes a tenth of the time.

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


def text(longest: int, *, required: bool = False, several_lines: bool = False) -> Parser:
    """With `several_lines`, a quoted text may span some; they become one."""

    def parse(cell: str) -> str:
        cell = _LINE_BREAKS.sub(" ", cell.strip()) if several_lines else cell.strip()
        if required and not cell:
            raise ValueError("must not be empty")
        if len(cell) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if _UNPRINTABLE.search(cell):
            raise ValueError("has control characters, or is not UTF-8")
        return cell

    return parse


def currency(cell: str) -> str:
    code = cell.strip().upper() or "USD"
    if not _CURRENCY.fullmatch(code):
        raise ValueError("must be a currency code, for example USD")
    return code


def optional_currency(cell: str) -> str | None:
    return currency(cell) if cell.strip() else None


def money(cell: str) -> Decimal:
    """An amount above zero, exactly as written."""
    amount = _decimal(cell)
    if not 0 < amount < LARGEST_AMOUNT:
        raise ValueError("must be above 0 and below 1,000,000,000")
    return amount


def average_price(cell: str) -> Decimal:
    """An amount above zero. An average of a week may have any number of decimals: rounded to those that are kept."""
    with localcontext(prec=MONEY_DIGITS):
        amount = round(money(cell), MONEY_DECIMALS)
    if not amount:
        raise ValueError("must be at least 0.0001")
    return amount


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
    """Several, separated by white space."""
    cell = " ".join(cell.split())
    _validated(validate_urls, cell)
    return cell


def _validated(validate: Callable[[str], None], cell: str) -> None:
    try:
        validate(cell)
    except ValidationError as error:
        raise ValueError(error.message) from None
    if not cell.isprintable():
        raise ValueError("has control characters, or is not UTF-8")


def moment(cell: str) -> datetime | None:
    """A moment up to now; without a zone it is UTC. Empty is now."""
    cell = cell.strip()
    if not cell:
        return None
    try:
        parsed = datetime.fromisoformat(cell)
        parsed = parsed.astimezone(UTC) if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("must be a date and time, for example 2026-03-12T14:32:01Z") from None
    if not parsed.date() >= FIRST_DATE or parsed > now() + CLOCK_SKEW:
        raise ValueError("must not be in the future or before 1970")
    return parsed


def optional_money(cell: str) -> Decimal | None:
    return money(cell) if cell.strip() else None


def optional_stock(cell: str) -> int | None:
    """Whole units on hand; 12.0 is whole."""
    if not cell.strip():
        return None
    amount = _decimal(cell)
    if not 0 <= amount < LARGEST_AMOUNT or amount != amount.to_integral_value():
        raise ValueError("must be a whole number of at least 0")
    return int(amount)


def units(cell: str) -> float:
    number = float(_decimal(cell))
    if not 0 <= number <= LARGEST_UNITS:
        raise ValueError("must be at least 0 and at most 1,000,000,000")
    return number


def day(cell: str) -> date:
    cell = cell.strip()
    try:
        # fromisoformat also takes 20260312 and 2026-W11-4, which are as clear.
        parsed = date.fromisoformat(cell)
    except ValueError:
        raise ValueError("must be a date, for example 2026-03-12") from None
    if not FIRST_DATE <= parsed <= LAST_DATE:
        raise ValueError("must be between 1970 and 2100")
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
    cell = cell.strip()
    if not _NUMBER.fullmatch(cell) or not cell.isascii():
        raise ValueError("must be a number, with a point for decimals")
    try:
        return Decimal(cell)
    except InvalidOperation:
        raise ValueError("must be a number, with a point for decimals") from None
