"""Reading what Amazon sends: JSON whose numbers stay exact, and whose shape is not taken for granted."""

import json
import re
from decimal import Decimal
from typing import NoReturn

from aijobs.outbound.failures import Transient
from workers.catalogue.currencies import decimals, fits
from workers.marketplaces.protocols import LARGEST_AMOUNT

LONGEST_MESSAGE = 300
_PLAIN_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,10})?")


class InvalidAnswer(Transient):
    """Not the JSON that its model promises."""

    def __init__(self, lacking: str) -> None:
        super().__init__("INVALID_ANSWER", f"Amazon's answer cannot be understood: {lacking}.")


class Contradictory(Transient):
    """Says two things that cannot both be true: which of them is, nobody knows."""

    def __init__(self, what: str) -> None:
        told = f"Amazon's answer contradicts itself: {what}. The service uses nothing of it."
        super().__init__("CONTRADICTORY_ANSWER", told)


def decoded(content: bytes) -> object:
    """The JSON with Decimals for its fractions. Raises InvalidAnswer."""
    try:
        return json.loads(content, parse_float=Decimal, parse_constant=_refuse)
    # Of exponents that no Decimal has, and of endless nesting.
    except (ValueError, ArithmeticError, RecursionError):
        raise InvalidAnswer("it is not JSON") from None


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def fields(value: object, name: str = "the answer") -> dict[str, object]:
    """The object. Raises InvalidAnswer where it is none."""
    if not isinstance(value, dict):
        raise InvalidAnswer(f"{name} is not an object")
    return value


def items(value: object, name: str) -> list[object]:
    """The array. Raises InvalidAnswer where it is none."""
    if not isinstance(value, list):
        raise InvalidAnswer(f"{name} is not a list")
    return value


def words(value: object, longest: int = LONGEST_MESSAGE) -> str:
    """A text as it may be shown and stored: printable, so without NUL or half a surrogate pair. Empty for no text."""
    return "".join(each for each in value if each.isprintable())[:longest].strip() if isinstance(value, str) else ""


def error_message(answer: object) -> str:
    """The first of an answer's errors, in Amazon's words; empty where it has none."""
    errors = answer.get("errors") if isinstance(answer, dict) else None
    first = errors[0] if isinstance(errors, list) and errors else None
    if not isinstance(first, dict):
        return ""
    told = [words(first.get(name)) for name in ("code", "message", "details")]
    return ": ".join(dict.fromkeys(filter(None, told)))[:LONGEST_MESSAGE]


def money(value: object, currency: str) -> Decimal:
    """An amount in major units of `currency`. Both APIs' spellings of it. Raises ValueError with what is wrong."""
    if not isinstance(value, dict):
        raise ValueError("is missing")
    stated = value.get("CurrencyCode", value.get("currencyCode"))
    if stated != currency:
        raise ValueError(f"is in {words(stated, 10) or 'no currency'}, not in {currency}")
    amount = number(value.get("Amount", value.get("amount")))
    # Compared only: arithmetic raises for exponents that no context has.
    if not -LARGEST_AMOUNT < amount < LARGEST_AMOUNT:
        raise ValueError("is too large")
    if not fits(amount, currency):
        raise ValueError(f"has more than the {decimals(currency)} decimals of {currency}")
    return amount


def number(value: object) -> Decimal:
    """Also from a text, as listings have it. Raises ValueError for what is no plain number."""
    if isinstance(value, str) and _PLAIN_NUMBER.fullmatch(value):
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ValueError("is not a number")
    return Decimal(value)
