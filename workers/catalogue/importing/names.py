"""Names of columns, which everybody writes differently."""

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from functools import lru_cache

# eBay's *Action(SiteID=US|Country=US|Currency=USD|Version=1193|CC=UTF-8), and Amazon's
# bullet_point[marketplace_id=ATVPDKIKX0DER][language_tag=en_US]#1.value.
_FACTS = re.compile(r"\([^()=]*=[^()]*\)|\[[^\[\]=]*=[^\[\]]*\]")
_CURRENCY_FACT = re.compile(r"\bCurrency=([A-Z]{3})\b")
# Price (USD), Preis in €.
_CURRENCY_BEHIND = re.compile(r"[\s(\[]([A-Za-z]{3}|[€£$¥])[)\]]?\s*$")
_LONGEST_SHOWN, _MOST_SHOWN = 40, 10
# Longer cells are no names of columns.
LONGEST_NAME = 200


def normalised(name: str) -> str:
    """What names have in common that mean the same: *Start price, start_price and START-PRICE; Prix and prix."""
    return _normalised(name[:LONGEST_NAME])


@lru_cache(maxsize=10_000)
def _normalised(name: str) -> str:
    folded = unicodedata.normalize("NFKD", _FACTS.sub("", name)).casefold()
    letters = "".join(each if each.isalnum() else " " for each in folded if not unicodedata.combining(each))
    return " ".join(letters.split())


def without_facts(name: str) -> str:
    """A name as it is written, without what it says besides."""
    return _FACTS.sub("", name[:LONGEST_NAME]).strip()


def currency_of(header: Iterable[str]) -> str | None:
    """The currency that eBay's header tells of the whole file."""
    return next((found[1] for name in header if (found := _CURRENCY_FACT.search(name[:LONGEST_NAME]))), None)


def currency_mark_of(name: str) -> str | None:
    """What may be a currency's mark behind the name of a column: of Price (USD) it is USD."""
    found = _CURRENCY_BEHIND.search(name[:LONGEST_NAME])
    return found[1] if found else None


def close_to(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant."""
    by_form = {normalised(each): each for each in known}
    close = get_close_matches(normalised(name), by_form, n=1, cutoff=0.75)
    return by_form[close[0]] if close else None


def shown(names: Iterable[str]) -> str:
    """Names from outside, bounded and printable."""
    every = list(names)
    more = f" and {len(every) - _MOST_SHOWN} more" if len(every) > _MOST_SHOWN else ""
    return ", ".join(printable(name) for name in every[:_MOST_SHOWN]) + more


def printable(name: str, longest: int = _LONGEST_SHOWN) -> str:
    """A name or a cell from outside, bounded, and without what a terminal, a log or JSON cannot have."""
    cut = name[:longest] + ("…" if len(name) > longest else "")
    return "".join(each if each.isprintable() else " " for each in cut)
