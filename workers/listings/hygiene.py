"""What has no place in a listing's text whoever wrote it: markup, contacts, prices, hidden and decorative characters.

Every repetition in these expressions is bounded, so that no text is slow to read.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from functools import cache

TAG = re.compile(r"</?[a-zA-Z][^<>]{0,1000}>|<!--[^<>]{0,2000}-->|<!\[?[a-zA-Z][^<>]{0,200}>")
# With what stands between: scripts and styles are not text.
_SCRIPT = re.compile(r"<(script|style)\b[^<>]{0,500}>[^<]{0,20000}</\1\s{0,9}>", re.IGNORECASE)
# Nobody sees a comment, nor what stands behind one that has no end. Nor is it what a seller says, escaped or not.
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_ENTITY = re.compile(r"&(?:[a-zA-Z][a-zA-Z0-9]{1,30}|#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6});")
_BLOCK = re.compile(r"</?(?:br|p|div|li|ul|ol|tr|td|table|h[1-6]|blockquote)\b[^<>]{0,1000}>", re.IGNORECASE)
ACTIVE = re.compile(
    r"<\s{0,3}/?\s{0,3}(?:script|iframe|object|embed|form|input|applet|meta|link|base)\b[^<>]{0,1000}>"
    r"|\bon[a-z]{3,20}\s{0,3}=\s{0,3}[\"']?|javascript:",
    re.IGNORECASE,
)

# Tags that only format, without attributes: they bring nothing in.
FORMATTING = re.compile(r"</?(?:b|br|div|em|h[1-6]|hr|i|li|ol|p|small|span|strong|sub|sup|u|ul)\s?/?>", re.IGNORECASE)

_DOMAINS = "com|net|org|de|fr|es|it|nl|pl|se|eu|uk|us|io|co|shop|store|info|biz|ca|mx|jp|cn|in|au|br"
LINK = re.compile(
    rf"(?:https?://|www\.)[^\s<>\"]{{1,500}}|(?<![\w@.])[a-z0-9-]{{2,60}}(?:\.[a-z0-9-]{{2,30}}){{0,2}}\.(?:{_DOMAINS})"
    r"(?![\w-])(?:/[^\s<>\"]{0,300})?",
    re.IGNORECASE,
)
MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}")
PHONE = re.compile(
    r"(?:(?:tel|phone|call|fon|mobile|whatsapp)\.?:?\s{0,3}|\+)\(?\d[\d\s()./-]{6,20}\d|\(\d{3}\)\s?\d{3}[-.\s]\d{4}"
    r"|(?<![\w.-])\d{3}[-.]\d{3}[-.]\d{4}(?![\w.-])",
    re.IGNORECASE,
)
PRICE = re.compile(
    r"[$€£]\s?\d{1,7}(?:[.,]\d{1,3}){0,2}|(?<![\w.,])\d{1,7}(?:[.,]\d{1,3}){0,2}\s?(?:[€£]|(?:EUR|USD|GBP|dollars?|euros?)\b)"
)
# Cyrillic and Greek letters, and the Latin ones that they look like: after Unicode's confusables (UTS 39).
_LOOKING_ALIKE = "АВЕЅІЈКМНОРСТУХЗаеѕіјорсухԁһԛԝӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορυϲ‚ǃ"
_LATIN = "ABESIJKMHOPCTYX3aesijopcyxdhqwlABEZHIKMNOPTYXaivopuc,!"

CONTACTS = (LINK, MAIL, PHONE, PRICE)

HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f"
    "\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\ud800-\udfff\U000e0000-\U000e01ef]"
)
# Emoji, arrows, stars, ticks and dingbats. Degrees, trade marks, fractions and mathematics are not among them.
DECORATION = re.compile(
    "[\u2190-\u21ff\u2300-\u23ff\u2460-\u24ff\u2500-\u27bf\u2900-\u297f\u2b00-\u2bff\u3010\u3011\u2022\u2023\u25e6\u2043"
    "\U0001f000-\U0001faff]|([!?*=~#])\\1{1,50}|([+_|-])\\2{2,50}"
)
# An ASIN of a book is its ISBN with ten characters.
_BOOK_CODE = re.compile(r"(?<![\w-])\d{9}[\dXx](?![\w-])")
PRODUCT_CODE = re.compile(r"(?<![A-Z0-9])B0[A-Z0-9]{8}(?![A-Z0-9])", re.IGNORECASE)


def book_codes(text: str) -> Iterator[re.Match[str]]:
    """Numbers of ten digits whose last one is right for an ISBN; X is ten."""
    for match in _BOOK_CODE.finditer(text):
        digits = [10 if each in "Xx" else int(each) for each in match[0]]
        if sum(digit * weight for digit, weight in zip(digits, range(10, 0, -1), strict=True)) % 11 == 0:
            yield match


def folded(text: str) -> str:
    """With the letters and marks that others only look like: ！ is !, and Cyrillic е is e. Places stay."""
    return text.translate(_alike())


@cache
def _alike() -> dict[int, str]:
    """Characters of full width and of mathematics, as Unicode has them, and the letters that look alike."""
    ranges = (range(0xFF01, 0xFF5F), range(0xFFE0, 0xFFE7), range(0x1D400, 0x1D800), range(0x2100, 0x2150))
    found = {place: unicodedata.normalize("NFKC", chr(place)) for each in ranges for place in each}
    alike = {place: text for place, text in found.items() if len(text) == 1 and text != chr(place)}
    return alike | {ord(other): own for other, own in zip(_LOOKING_ALIKE, _LATIN, strict=True)}


def plain(text: str) -> str:
    """Without markup, entities, comments and hidden characters; blocks become lines."""
    text = _SCRIPT.sub(" ", _COMMENT.sub(" ", text))
    text = TAG.sub("", _BLOCK.sub("\n", text))
    text = unescaped(text)
    # What was escaped may be markup itself.
    text = TAG.sub("", _BLOCK.sub("\n", _SCRIPT.sub(" ", _COMMENT.sub(" ", text))))
    return spaced(HIDDEN.sub("", text))


def unescaped(text: str) -> str:
    """With the characters that entities stand for, also those that were escaped twice."""
    for _ in range(3):
        text = _ENTITY.sub(lambda match: html.unescape(match[0]), text)
    return text


def spaced(text: str) -> str:
    """Each line with single spaces, and without empty lines."""
    return "\n".join(line for line in (" ".join(each.split()) for each in text.splitlines()) if line)


def markup(text: str, allowed: tuple[str, ...] = ()) -> list[tuple[int, int]]:
    """Where tags stand that are not allowed by name, or have attributes; and entities where no tag is allowed."""
    found = [match.span() for match in TAG.finditer(text) if not _is_allowed(match[0], allowed)]
    if not allowed:
        found += [match.span() for match in _ENTITY.finditer(text) if html.unescape(match[0]) != match[0]]
    return sorted(found)


def _is_allowed(tag: str, allowed: tuple[str, ...]) -> bool:
    return _name(tag) in allowed and FORMATTING.fullmatch(tag) is not None


def _name(tag: str) -> str:
    match = re.match(r"</?([a-zA-Z][a-zA-Z0-9]{0,20})", tag)
    return match[1].lower() if match else ""


def masked(text: str) -> str:
    """With spaces where tags stand: places in it are places in the text."""
    return TAG.sub(lambda match: " " * len(match[0]), text)
