"""The lexicons of workers/listings/lexicon, their format, and where their phrases stand in a text.

A section is [name language]; a line is a phrase. In it, a|b is one of two words, and word* any word that begins so.
Words are joined by spaces, hyphens and other marks that end no clause. What stands behind a space and # is a remark.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "lexicon"
_JOINT = r"(?:[\s\-‐‑–—_/·•*~+]{1,3}|\.(?=\w))"
# Languages with all lists of their own. The others have those of what denies, and else the English ones, which
# marketplaces' search engines know too.
LISTED = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class Found:
    section: str
    start: int
    end: int
    text: str


@cache
def _sections() -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = {}
    for path in sorted(_FOLDER.glob("*.txt")):
        section: list[str] = []
        for line in (line.partition(" #")[0].strip() for line in path.read_text("utf-8").splitlines()):
            if line.startswith("["):
                name, _, language = line.strip("[]").partition(" ")
                section = found.setdefault((name, language), [])
            elif line:
                section.append(line)
    return {key: tuple(lines) for key, lines in found.items()}


def lines(section: str, language: str) -> tuple[str, ...]:
    """A section's lines; those of English where the language has none, unless it is one with lists of its own."""
    own = _sections().get((section, language))
    return own or (() if language in LISTED else _sections().get((section, "en"), ()))


@cache
def words(section: str, language: str) -> frozenset[str]:
    """The words of a section whose lines are words, as many on a line as fit."""
    return frozenset(word for line in lines(section, language) for word in line.split())


@cache
def own_words(section: str, language: str) -> frozenset[str]:
    """The same where no others stand for those that a language has not."""
    return frozenset(word for line in _sections().get((section, language), ()) for word in line.split())


@cache
def words_within(section: str, language: str) -> frozenset[str]:
    """The words of a section's phrases."""
    return frozenset(word for line in lines(section, language) for each in line.split() for word in each.split("|"))


@cache
def number_words(language: str) -> dict[str, str]:
    """two: 2. One, ein and un are left out: they are articles and pronouns as well."""
    return {word: number for number, _, word in (line.partition(" ") for line in lines("number", language))}


@cache
def groups(section: str, language: str) -> dict[str, frozenset[str]]:
    """The groups of a section: each line is a name, a colon and words."""
    pairs = (line.partition(":") for line in lines(section, language))
    return {name.strip(): frozenset(rest.split()) for name, _, rest in pairs}


def find(text: str, sections: Iterable[str], language: str) -> Iterator[Found]:
    """Every phrase of these sections, section by section."""
    for section in sections:
        pattern = _pattern(section, language if language in LISTED else "en")
        for match in pattern.finditer(text) if pattern else ():
            yield Found(section, match.start(), match.end(), match[0])


def find_longest(text: str, sections: Iterable[str], language: str) -> list[Found]:
    """Without those that stand within a longer one: best in "best seller"."""
    kept: list[Found] = []
    for found in sorted(find(text, sections, language), key=lambda each: (each.start, -each.end)):
        if not kept or found.end > kept[-1].end:
            kept.append(found)
    return kept


@cache
def _pattern(section: str, language: str) -> re.Pattern[str] | None:
    phrases = sorted(lines(section, language), key=len, reverse=True)
    if not phrases:
        return None
    return re.compile(rf"(?<![^\W_])(?:{'|'.join(map(_expression, phrases))})(?![^\W_])", re.IGNORECASE)


def _expression(phrase: str) -> str:
    return _JOINT.join(f"(?:{'|'.join(map(_word, word.split('|')))})" for word in phrase.split())


def _word(word: str) -> str:
    return re.escape(word).replace(r"\*", r"\w{0,20}")
