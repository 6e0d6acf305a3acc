"""Ways of writing and of speaking that mean the same in any text: half an hour is 30 minutes, 1.5 kg are 1,500 g, and
what is to be kept out of the dryer is not for the dryer.
"""

import re
from collections.abc import Callable
from decimal import Decimal

from simplemma import is_known

from workers.listings.tokens import value_of

Change = tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]]


def _change(pattern: str, new: str | Callable[[re.Match[str]], str]) -> Change:
    return re.compile(pattern, re.IGNORECASE), new


# A number that is written with spaces, and an amount in a bigger unit.
_SPACED = re.compile(r"(?<![\d.,])([1-9]\d{0,2})[ \u00a0\u202f](\d{3})(?![\d.,]?\d)")
_BIG = (
    r"kg|kilograms?|kilos?|l|lit(?:er|re|ro)s?|cl|m|m[eè]tres?|meters?|metros?|h|hours?|hrs?|stunden?|heures?|horas?"
)
_AMOUNT = re.compile(
    rf"(?<![\d.,])(\d{{1,6}}(?:[.,]\d{{1,6}})?)[ \u00a0\u202f]?({_BIG})\b(?![²³^/'’])", re.IGNORECASE
)
# By the first letter of the bigger unit; Stunden begin as s.
_SMALLER = {
    "k": (1000, "g"),
    "l": (1000, "ml"),
    "c": (10, "ml"),
    "m": (100, "cm"),
    "h": (60, "min"),
    "s": (60, "min"),
}
_BEGINS = r"(^|[.;:,!–—]\s|\b(?:and|but|please|und|aber|bitte|et|mais|y|e|pero)\s)"
_SUSPENDED = re.compile(r"\b([^\W\d_]{3,30})-\s(und|oder)\s([^\W\d_]{5,40})")


def _completed(match: re.Match[str]) -> str:
    """Rücken- und Seitenschläfer: Rückenschläfer und Seitenschläfer, by the longest word at the end of the second."""
    first, joint, second = match.groups()
    for place in range(3, len(second) - 3):
        if is_known(second[place:].capitalize(), "de") and is_known(second[:place].rstrip("s"), "de"):
            return f"{first}{second[place:]} {joint} {second}"
    return match[0]


_CHANGES: dict[str, tuple[Change, ...]] = {
    "en": (
        _change(r"\bhalf an hour\b", "30 min"),
        _change(r"\b(?:an|one) hour and a half\b|\bone and a half hours\b", "90 min"),
        _change(r"\b(in|for|after|within|takes|lasts|than|about|around|to) (?:an|one|1) hour\b", r"\1 60 min"),
        _change(_BEGINS + r"keep (?:it |them |this |these )?(?:out of|away from) ", r"\1not for "),
        _change(_BEGINS + r"avoid (?:using|putting|washing|placing|leaving|exposing) ", r"\1do not use "),
        _change(r"\boff[ -]limits\b", "prohibited"),
        _change(r"\bw/o\b", "without"),
        _change(r"\bnothing but\b", "only"),
        _change(r"\bman-made\b", "manmade"),
        _change(r"\b(?:is |are )?(?:sold|available|purchased) separately\b", "not included"),
    ),
    "de": (
        (_SUSPENDED, _completed),
        _change(r"\bfür ((?:\w+ ){1,3}?)(nicht )?geeignet\b", r"\2geeignet für \1"),
        _change(r"\beiner? halben?r? stunde\b", "30 min"),
        _change(r"\b(?:anderthalb|eineinhalb) stunden\b", "90 min"),
        _change(r"\b(in|nach|für|etwa|rund|dauert) einer? stunde\b", r"\1 60 min"),
        _change(
            r"\b(?:ist |sind |wird )?(?:separat|getrennt|gesondert|einzeln) (?:erhältlich|verkauft|zu kaufen)\b",
            "nicht enthalten",
        ),
        _change(
            _BEGINS + r"(?:halte |halten sie )?(?:sie |ihn |es )?(?:fernhalten von|fern von|fern halten von) ",
            r"\1nicht für ",
        ),
    ),
    "fr": (
        _change(r"\bune demi-heure\b", "30 min"),
        _change(r"\bune heure et demie\b", "90 min"),
        _change(r"\bvendu(e?s?) séparément\b", r"pas fourni\1"),
        _change(
            _BEGINS
            + r"(?:tenir|tenez|garder|gardez)(?:-(?:le|la|les))? "
            + r"(?:éloigné(?:e?s?) d|à l['’]écart d|loin d|hors d)(?:e |u |es |['’])",
            r"\1pas pour ",
        ),
        _change(r"\b(en|pendant|après|dure|environ) une heure\b", r"\1 60 min"),
    ),
    "es": (
        _change(r"\bmedia hora\b", "30 min"),
        _change(r"\buna hora y media\b", "90 min"),
        _change(r"\b(?:se )?vend(?:e|en|ido|ida|idos|idas) por separado\b", "no incluido"),
        _change(_BEGINS + r"(?:mantener|manténl[oa]s?|mantenga) (?:lejos|alejad[oa]s?|fuera) del? ", r"\1no para "),
        _change(r"\b(en|durante|tras|dura|unas?) una hora\b", r"\1 60 min"),
    ),
}


def plainly(text: str, language: str) -> str:
    """All of it plainly: a text whose amounts are in one unit and whose denials are denials."""
    if language != "en":
        text = _SPACED.sub(r"\1\2", text)
    return in_small_units(denied_plainly(text, language), language)


def denied_plainly(text: str, language: str) -> str:
    for pattern, new in _CHANGES.get(language, ()):
        text = pattern.sub(new, text)
    return text


def in_small_units(text: str, language: str) -> str:
    return _AMOUNT.sub(lambda match: _smaller(match, language), text)


def _smaller(match: re.Match[str], language: str) -> str:
    factor, unit = _SMALLER[match[2][0].lower()]
    amount = Decimal(value_of(match[1], language)) * factor
    return f"{amount.normalize():f} {unit}"
