"""Cells of listings and keywords: bullets, attributes, images, and how often words are searched for."""

import hashlib
import json
import re
from collections.abc import Mapping
from decimal import Decimal

from workers.catalogue.importing.fields import prose, text
from workers.catalogue.models import LONGEST_CATEGORY, LONGEST_LABEL, LONGEST_URL

MOST_BULLETS, LONGEST_BULLET = 20, 2_000
MOST_ATTRIBUTES, LONGEST_NAME, LONGEST_VALUE = 200, 100, 1_000
# Of all bullets, or of all attributes, of a listing, in characters: a page has two hundred listings.
LONGEST_TOGETHER = 10_000
MOST_IMAGES = 10_000
LONGEST_SEARCH_TERMS = 5_000
LARGEST_VOLUME = 10**9

# What people put before the lines of a list.
_MARK = re.compile(r"[•·▪‣*–-]\s+")
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_WHOLE = re.compile(r"(\d+)(?:\.0+)?", re.ASCII)
_bullet = prose(LONGEST_BULLET)
_name = prose(LONGEST_NAME)
_value = prose(LONGEST_VALUE)
_category = prose(LONGEST_CATEGORY)
_search_terms = prose(LONGEST_SEARCH_TERMS)
_id = text(LONGEST_LABEL)


def bullets(cell: str) -> list[str]:
    """A JSON list, the lines of the cell, or what stands between | in one line.

    Columns of their own come as an object, by their numbers.
    """
    found = _json(cell)
    if isinstance(found, dict):
        found = [found[name] for name in sorted(found, key=_number)]
    if not isinstance(found, list):
        # Of one line, as many tables have it: one|two|three.
        cell = cell if "\n" in cell.strip() else cell.replace("|", "\n")
        found = [_MARK.sub("", line.strip(), count=1) for line in cell.split("\n")]
    texts = [text for each in found if (text := str(_bullet(_text(each))))]
    if len(texts) > MOST_BULLETS:
        raise ValueError(f"has {len(texts)} bullets, and {MOST_BULLETS} are the most")
    _check_together(texts)
    return texts


def attributes(cell: str) -> dict[str, str]:
    """A JSON object, a JSON list of names and values, or lines such as Material: steel."""
    found = _json(cell)
    if isinstance(found, list):
        found = dict(_pair(each) for each in found)
    if not isinstance(found, dict):
        found = dict(_split(line) for line in cell.split("\n") if line.strip())
    named = ((str(_name(name)), str(_value(_text(value)))) for name, value in found.items())
    texts = {name: value for name, value in named if name and value}
    if len(texts) > MOST_ATTRIBUTES:
        raise ValueError(f"has {len(texts)} attributes, and {MOST_ATTRIBUTES} are the most")
    _check_together([*texts, *texts.values()])
    return texts


def images(cell: str) -> int | None:
    """How many there are: a number, or their addresses. Empty is not known."""
    cell = cell.strip()
    if not cell:
        return None
    found = _json(cell)
    if isinstance(found, list | dict):
        number = len(found)
    elif whole := _WHOLE.fullmatch(cell):
        number = int(whole[1][: len(str(MOST_IMAGES)) + 1])
    else:
        number = len(_ADDRESS.findall(cell))
    if not number and not _WHOLE.fullmatch(cell) and found is None:
        raise ValueError("must be how many images there are, or their addresses")
    if number > MOST_IMAGES:
        raise ValueError(f"must be at most {MOST_IMAGES:,}")
    return number


def category(cell: str) -> str:
    """A category, or a path of them; a JSON list is a path."""
    found = _json(cell)
    return str(_category(" > ".join(map(_text, found)) if isinstance(found, list) else cell))


def search_terms(cell: str) -> str:
    """Words as they are; those of a JSON list, or of several columns, are one text."""
    found = _json(cell)
    found = list(found.values()) if isinstance(found, dict) else found
    return str(_search_terms(" ".join(map(_text, found)) if isinstance(found, list) else cell))


# The page of a product, in the address of which its id stands: at Amazon, at Walmart and at eBay.
_PAGE = re.compile(
    r"https?://(?:[\w-]+\.)*(?:"
    r"amazon\.[a-z.]{2,6}/(?:[^?#]*/)?(?:dp|gp/product|gp/aw/d)/(?P<asin>[A-Z0-9]{10})(?![A-Z0-9])"
    r"|walmart\.com/ip/(?:[^/?#]+/)?(?P<walmart>\d{4,20})(?!\d)"
    r"|ebay\.[a-z.]{2,6}/itm/(?:[^/?#]+/)?(?P<ebay>\d{9,19})(?!\d))",
    re.ASCII,
)
# In front of the ids that the service makes of long addresses.
MADE = "auto-"


def page_id(cell: str) -> str:
    """An ID as it is; of a page's address the ID in it, or else the address itself, as far as it fits."""
    if not _ADDRESS.match(cell):
        return str(_id(cell))
    if found := _PAGE.match(cell[:LONGEST_URL]):
        return str(next(filter(None, found.groups())))
    return str(_id(cell)) if len(cell) <= LONGEST_LABEL else MADE + hashlib.sha256(cell.encode()).hexdigest()[:32]


def keyword(cell: str) -> str:
    """In lower case: shoppers' searches do not differ in that."""
    words = " ".join(str(prose(4 * LONGEST_LABEL)(cell)).lower().split())
    if not words:
        raise ValueError("must not be empty")
    if len(words) > LONGEST_LABEL:
        raise ValueError(f"is longer than {LONGEST_LABEL} characters")
    return words


NOT_A_VOLUME = "must be how often it is searched for in a month, for example 1200, 1.2K or 1K – 10K"
_NO_VOLUME = {"", "-", "–", "—", "n/a", "na", "none", "null"}
_UNITS: Mapping[str, int] = {
    "": 1, "k": 10**3, "tsd": 10**3, "tsd.": 10**3, "mil": 10**3,
    "m": 10**6, "mio": 10**6, "mio.": 10**6, "mln": 10**6,
}  # fmt: skip
_THOUSANDS = re.compile(r"\d{1,3}(?:[.,'’ ]\d{3})+", re.ASCII)
_AMOUNT = r"(\d[\d.,'’ ]{0,20}?) ?([a-z]{0,3}\.?)"
# 1K – 10K, 100-1000, 1 Tsd. bis 10 Tsd.
_VOLUME = re.compile(rf"([<>~≈]?) ?{_AMOUNT}(?: ?(?:–|—|-|to|bis|à|a) ?{_AMOUNT})?", re.ASCII)


def volume(cell: str) -> int | None:
    """Searches in a month. Empty is not known.

    Google shows ranges to who does not advertise: such a volume is where the range begins, and one with "<" begins at
    0. Searches are whole, so that a mark with three digits behind it is one of thousands.
    """
    cell = " ".join(cell.lower().split())
    if cell in _NO_VOLUME:
        return None
    found = _VOLUME.fullmatch(cell)
    if found is None or found[3] not in _UNITS:
        raise ValueError(NOT_A_VOLUME)
    number = 0 if found[1] == "<" else _amount(found[2], found[3])
    if number > LARGEST_VOLUME:
        raise ValueError("must be at most 1,000,000,000")
    return number


def _amount(digits: str, unit: str) -> int:
    digits = digits.strip()
    if _THOUSANDS.fullmatch(digits) and not unit:
        return int(re.sub(r"\D", "", digits))
    try:
        return int(Decimal(digits.replace(",", ".")) * _UNITS[unit])
    except ArithmeticError:
        raise ValueError(NOT_A_VOLUME) from None


def _json(cell: str) -> object:
    """The list or object of a cell. None where it is none: a text may begin with a bracket, too."""
    if not cell.lstrip().startswith(("[", "{")):
        return None
    try:
        return json.loads(cell, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None


def _text(value: object) -> str:
    """A value of JSON as a text. Several are listed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(each, list | dict) for each in value):
        return ", ".join(map(_text, value))
    if not isinstance(value, str):
        raise ValueError("must hold texts, and not lists or objects in each other")
    return value


def _pair(value: object) -> tuple[str, object]:
    """{"name": "Material", "value": "steel"}, as scrapers write it."""
    if isinstance(value, dict) and "value" in value:
        for name in ("name", "key", "attribute"):
            if isinstance(value.get(name), str):
                return value[name], value["value"]
    raise ValueError(NOT_ATTRIBUTES)


NOT_ATTRIBUTES = 'must be a JSON object such as {"Material": "steel"}, or lines such as Material: steel'


def _split(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise ValueError(NOT_ATTRIBUTES)
    return name.strip(), value.strip()


def _number(name: str) -> tuple[int, str]:
    return (int(name) if name.isascii() and name.isdecimal() and len(name) < 10 else 0), name


def _check_together(texts: list[str]) -> None:
    if sum(map(len, texts)) > LONGEST_TOGETHER:
        raise ValueError(f"is longer than {LONGEST_TOGETHER:,} characters altogether")
