"""Amounts as shops write them.

Own code rather than price-parser, which takes the first number that it finds: 1 of "1’200.20", 2 of "2 for 19.50",
30 of "up to 30". Here every word of the text has to be known: wrong by a thousand is worse than none.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from html import unescape

from workers.catalogue import currencies
from workers.marketplaces.protocols import LARGEST_AMOUNT

_LONGEST = 80
_SHOWN = 60

_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ′´`", "'"))
# 19,50 · 1 099,00 · 1'200.20 · 1,09,900.00 · .75 · 12,- · 19€50; not the dot of Rs.500
_NUMBER = re.compile(
    r"(?P<bare>(?<![^\W\d_])[.,])?(?P<digits>[0-9](?:[0-9.,' ]*[0-9])?)(?P<cents>\s?€\s?[0-9]{2}(?![0-9]))?"
    r"(?:\s?[.,:/]\s?[-–—]+)?"
)
_GROUPED = re.compile(r"[0-9]+|[0-9]{1,3}([ .,'])[0-9]{3}(?:\1[0-9]{3})*|[0-9]{1,2}(?:,[0-9]{2})*,[0-9]{3}")
# Digits of other scripts, and those that stand higher or lower: 19⁹⁹ is not 1999.
_OTHER_DIGIT = re.compile(r"[^\D0-9]|[²³¹⁰-₉¼-¾⅐-⅞]")
# A range, or a negative number; not the German 12,-
_DASHED = re.compile(r"[-−–—]\D{0,3}[0-9]")
_POSTAGE = re.compile(
    r"(?:\+|\b(?:zzgl|plus|excl|exkl|excluding|ohne|hors)\b)\.?\s*"
    r"(?:versand(?:kosten)?|shipping|delivery|postage|p&p|frais de port|livraison)\b",
    re.IGNORECASE,
)
_RATE_OF_TAX = re.compile(
    r"\b[0-9]{1,2}(?:[.,][0-9]{1,2})?\s?%\s*(?=(?:vat|mwst|ust|gst|tva|iva|btw|moms|tax)\b)", re.I
)
# US $19.50
_APART = re.compile(r"\b(US|CA|C|AU|A|NZ|HK|S)\s+(?=\$)")
_BETWEEN_WORDS = re.compile(r"[\s().,:;*|/]+")

_TAX_WORDS = "tax taxes taxe taxas vat mwst ust iva tva btw moms gst dph impuestos"
_WITH_WORDS = (
    "incl inkl inc including inclusive included enthalten mit avec con with compris comprise inclusa incluido "
    "incluidos"
)
_WITHOUT_WORDS = "excl exkl exc ex excluding exclusive excluded zzgl plus + ohne hors sin senza before without bez"
# What changes nothing: the lowest price of several is asked for, too.
_FILLING_WORDS = (
    "from ab starting beginning at as low à a partir de desde da dès vanaf od fra från now only just nur jetzt our "
    "unser price preis prix precio prezzo prijs pris cena sale angebot angebotspreis solde oferta each piece stück "
    "stk pièce per pro item unit starts partire gesetzl gesetzlicher gesetzlichen der"
)
_TAX = frozenset(_TAX_WORDS.split())
_WITH = frozenset(_WITH_WORDS.split())
_WITHOUT = frozenset(_WITHOUT_WORDS.split())
_FILLING = frozenset(_FILLING_WORDS.split())
_GROSS = {"ttc", "brutto", "gross", "税込"}
_NET = {"ht", "netto", "net", "nett", "税抜", "税別"}


@dataclass(frozen=True, slots=True)
class Written:
    """A price as a text has it."""

    text: str
    digits: str
    # Its cents, where they stand apart.
    cents: str
    # Those that its marks may stand for; None where it has no mark.
    currencies: frozenset[str] | None
    # None: not said.
    tax_included: bool | None

    def amount(self, currency: str) -> Decimal:
        """In major units. Raises ValueError where that is not sure."""
        if self.cents:
            return _number(self.digits, self.text, currency, alone=False) + Decimal(self.cents) / 100
        return _number(self.digits, self.text, currency, alone=self.digits == self.text)


def written(text: str) -> Written:
    """Raises ValueError where the text has anything that is not known to belong to one price."""
    text = " ".join(unescape(text).split()).translate(_APOSTROPHES)
    problem = ValueError(f"The price “{text[:_SHOWN]}” cannot be read as one amount.")
    if len(text) > _LONGEST or _OTHER_DIGIT.search(text):
        raise problem
    shortened = _RATE_OF_TAX.sub("", _POSTAGE.sub(" ", text))
    found = list(_NUMBER.finditer(shortened))
    if len(found) != 1 or _DASHED.search(shortened):
        raise problem
    (number,) = found
    digits, cents = number["digits"], (number["cents"] or "").strip(" €")
    if cents and not _GROUPED.fullmatch(digits):
        raise problem
    if number["bare"]:
        if len(digits) != 2 or cents:
            raise problem
        digits = f"0.{digits}"
    rest = f"{shortened[: number.start()]} {'€' if cents else ''} {shortened[number.end() :]}"
    try:
        return Written(text, digits, cents, *_meaning(_words(rest)))
    except ValueError:
        raise problem from None


def marked(text: str) -> frozenset[str] | None:
    """The currencies that a text, such as USD or $, may stand for. Raises ValueError where it is not known."""
    found, _ = _meaning(_words(text))
    return found


def one_of(codes: Sequence[frozenset[str]], own: str, text: str) -> str:
    """The currency that all of these allow; of several, the product's own. Raises ValueError where none is."""
    allowed = frozenset.intersection(*codes)
    if not allowed:
        raise ValueError(f"The price {text[:_SHOWN]} is not in the currency that the page names for it.")
    if len(allowed) == 1:
        return next(iter(allowed))
    if own in allowed - currencies.PESOS:
        return own
    raise ValueError(f"The currency of the price {text[:_SHOWN]} is not clear: several have this mark.")


def payable(value: Decimal, currency: str, shown: str) -> Decimal:
    """Without the dust of 19.990000000000002. Raises ValueError where nobody can pay so many decimals.

    A number has no thousands, but shops write it with them, or with too many zeros.
    """
    if not abs(value) < LARGEST_AMOUNT:
        return value
    found = currencies.without_dust(value, currency)
    if not currencies.fits(found, currency):
        raise ValueError(f"The amount {shown[:_SHOWN]} has more decimals than {currency} has.")
    return found.quantize(Decimal(1).scaleb(-currencies.decimals(currency)))


def numeric(value: Decimal, currency: str) -> Decimal:
    """A number of JSON. Raises ValueError where it may have the mark of thousands: 1.299, 19.990."""
    if value.as_tuple().exponent == -3 and 1 <= value < 1000 and currencies.decimals(currency) < 3:
        raise ValueError(f"The amount {value} is not clear: its mark may stand for thousands or for decimals.")
    return payable(value, currency, str(value))


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _BETWEEN_WORDS.split(_APART.sub(r"\1", text)) if word]


def _meaning(words: Sequence[str]) -> tuple[frozenset[str] | None, bool | None]:
    """The currencies and the tax that the words beside a number name. Raises ValueError for one that is not known."""
    codes = [found for word in words if (found := _codes(word))]
    about_tax = {word for word in words if not _codes(word)} - _FILLING
    allowed = frozenset.intersection(*codes) if codes else None
    if allowed is not None and not allowed:
        raise ValueError("The marks contradict each other.")
    return allowed, _tax_included(about_tax)


def _codes(word: str) -> frozenset[str] | None:
    return currencies.marked(word) & currencies.CODES or None


def _tax_included(words: set[str]) -> bool | None:
    if not words:
        return None
    if words <= _NET or (words & _TAX and words & (_WITHOUT | _NET) and words <= _TAX | _WITHOUT | _NET):
        return False
    if words <= _GROSS or (words & _TAX and words <= _TAX | _WITH | _GROSS):
        return True
    raise ValueError("A word is not known.")


def _number(digits: str, text: str, currency: str, *, alone: bool) -> Decimal:
    whole, fraction = _split(digits)
    if len(fraction) == 3 and re.fullmatch("[1-9][0-9]{0,2}", whole):
        # 1.299 is a thousand and some in Germany, and one and a bit by schema.org.
        whole, fraction = _of_three_digits(whole, fraction, digits[-4], currency, text, alone=alone)
    if not _GROUPED.fullmatch(whole):
        raise ValueError(f"The price “{text[:_SHOWN]}” cannot be read as one amount.")
    return Decimal(f"{re.sub('[^0-9]', '', whole)}.{fraction or 0}")


def _split(digits: str) -> tuple[str, str]:
    """What is before and behind the mark of decimals, if there is one: the last mark, which comes once."""
    marks = re.findall("[.,]", digits)
    if not marks or (len(marks) > 1 and len(set(marks)) == 1) or digits.count(marks[-1]) > 1:
        return digits, ""
    whole, _, fraction = digits.rpartition(marks[-1])
    return (whole, fraction) if fraction.isdigit() else (digits, "")


def _of_three_digits(
    whole: str, fraction: str, mark: str, currency: str, text: str, *, alone: bool
) -> tuple[str, str]:
    decimals = currencies.decimals(currency)
    if decimals == 0 or (decimals < 3 and (mark == "," or not alone)):
        return whole + fraction, ""
    if mark == "." and decimals == 3:
        return whole, fraction
    raise ValueError(f"The amount {text[:_SHOWN]} is not clear: its mark may stand for thousands or for decimals.")
