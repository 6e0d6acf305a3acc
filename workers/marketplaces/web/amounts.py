"""Amounts as shops write them."""

import re
from decimal import ROUND_HALF_UP, Decimal

from price_parser import Price

from workers.catalogue import currencies
from workers.marketplaces.protocols import LARGEST_AMOUNT

# Longer texts are no prices, and cost the parser's expressions more than linear time.
_LONGEST = 40
_PLAIN = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
# 1.299 is a thousand and some in Germany, and one and a bit by schema.org.
_AMBIGUOUS = re.compile(r"[1-9]\d{0,2}([.,])\d{3}", re.ASCII)
# A range, or a negative number; not the German 12,-
_DASHED = re.compile(r"[-−–—]\D{0,3}\d")

_SYMBOLS = {"€": "EUR", "£": "GBP", "zł": "PLN", "Kč": "CZK", "₹": "INR", "₩": "KRW", "₺": "TRY", "₪": "ILS"}


def amount(text: str, currency: str) -> Decimal:
    """In major units. Raises ValueError where that is not sure: wrong by a thousand is worse than none."""
    text = " ".join(text.split())
    if len(text) > _LONGEST or _DASHED.search(text):
        raise ValueError("The amount is not a single number.")
    if ambiguous := _AMBIGUOUS.fullmatch(text):
        return _of_three_digits(text, ambiguous[1], currency)
    if _PLAIN.fullmatch(text):
        return Decimal(text)
    parsed = Price.fromstring(text).amount
    if parsed is None:
        raise ValueError("The amount cannot be read.")
    return parsed


def _of_three_digits(text: str, separator: str, currency: str) -> Decimal:
    decimals = currencies.decimals(currency)
    if decimals == 0 or (separator == "," and decimals < 3):
        return Decimal(text.replace(separator, ""))
    if separator == "." and decimals == 3:
        return Decimal(text)
    raise ValueError(f"The amount {text} is not clear: its separator may stand for thousands or for decimals.")


def rounded(value: Decimal, currency: str) -> Decimal:
    """To what can be paid: shops write 19.990000000000002. What is nobody's price stays as it is."""
    if not abs(value) < LARGEST_AMOUNT:
        return value
    return value.quantize(Decimal(1).scaleb(-currencies.decimals(currency)), ROUND_HALF_UP)


def currency_of(text: str) -> str:
    """The ISO code that a text has, or whose symbol; empty where there is none, and for $, which are many."""
    found = Price.fromstring(text[:_LONGEST]).currency or ""
    return _SYMBOLS.get(found, found if re.fullmatch("[A-Z]{3}", found) else "")
