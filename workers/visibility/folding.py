"""Spellings: texts and names without accents, and the pattern of all the ways in which a name is written."""

import re
import unicodedata
from functools import cache

_QUOTES = dict.fromkeys(map(ord, "’‘`´ʼ"), "'") | dict.fromkeys(map(ord, "‐‑‒"), "-") | {0xA0: " ", 0x202F: " "}
# Runs of letters, of figures, and what stands between them: "H&M", "TP-Link", "Bett1", "LotusGrill".
_PARTS = re.compile(r"[A-ZÀ-Þ]?[a-zß-ÿ]+|[^\W\d_a-zß-ÿ]+(?![a-zß-ÿ])|[^\W\d_]+|\d+|[^\w]+|_+")
_AND = r"\s*(?:&|\+|-|\s|\band\b|\bund\b|\bet\b|\by\b)\s*"
# Germans write an umlaut as two letters where they have no key for it.
_UMLAUTS = {"ä": "ae?", "ö": "oe?", "ü": "ue?", "ß": "(?:ß|ss)"}
# Possessives, plurals, the genitive of German.
_ENDING = r"(?:'s|s'|s|'(?=\s)|(?<=[sxz])es|(?<=[cs]h)es)?"
# Zero-width characters, soft hyphens, accents that are combined with the letter before, characters for private use.
_UNSEEN = frozenset(("Cf", "Mn", "Co"))
# How ChatGPT marks what it cites: "\ue200cite\ue202turn0search1\ue201".
_CITED = re.compile("\ue200(?:file)?cite[^\ue201\n]{0,500}\ue201")
_LAST_CITED = re.compile(rf"{_CITED.pattern}\W*\Z")
# A hyphen in the middle of a word ("Net-gear") is a spelling of long names only: short ones turn into other words.
_LONG = 6
_SHORTEST_BEFORE_FIGURE = 4


@cache
def _bare(character: str) -> str:
    """Without its accent; itself where that is not one character."""
    plain = unicodedata.normalize("NFD", character)[0]
    return plain if len(plain) == 1 and plain.isalnum() else character


def folded(text: str) -> str:
    """Without accents and typographic signs, letter for letter: places stay what they are."""
    text = text.translate(_QUOTES)
    return text if text.isascii() else "".join(_bare(each) if ord(each) > 127 else each for each in text)


def visible(text: str) -> tuple[str, list[int]]:
    """Without citations, signs that nobody sees and accents that are characters; of each character its place."""
    shown = _CITED.sub(lambda found: "\ue200" * len(found[0]), text)
    kept = [index for index, each in enumerate(shown) if each.isascii() or unicodedata.category(each) not in _UNSEEN]
    return "".join(text[index] for index in kept), kept


def without_last_citation(quote: str) -> str:
    """A sentence that ends with what it cites, up to there."""
    return _LAST_CITED.sub("", quote).strip()


@cache
def pattern_of(name: str) -> str:
    """A regular expression for a name in folded text, in whatever case: its spellings and endings."""
    parts = _PARTS.findall(unicodedata.normalize("NFC", name).translate(_QUOTES).strip())
    # "Mazda3": a figure may follow at once, of which a name of letters has none itself.
    end = rf"(?:{_ENDING}(?!\w|-?[@/])|(?=\d{{1,3}}(?!\w)))" if _is_long(name) else rf"{_ENDING}(?!\w|-?[@/])"
    return rf"(?<![\w@#/]){_joined(parts)}{end}"


def _is_long(name: str) -> bool:
    return name.isalpha() and len(name) >= _SHORTEST_BEFORE_FIGURE


def _joined(parts: list[str]) -> str:
    pattern, separator = "", ""
    for part in parts:
        if part[0].isalnum():
            pattern += (separator if pattern else "") + _letters(part)
            separator = r"[\s\-.']?"
        else:
            separator = _AND if set(part) & set("&+") else r"[\s\-.'_/]{0,2}"
    # A name without a letter or a figure is found as it is; an empty one nowhere.
    return pattern or re.escape("".join(parts)) or "(?!)"


def _letters(part: str) -> str:
    letters = [_UMLAUTS.get(each, re.escape(_bare(each))) for each in part.lower()]
    return ("-?" if len(part) >= _LONG else "").join(letters)
