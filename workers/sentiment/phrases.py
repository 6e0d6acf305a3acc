"""Lexicons of phrases: their file format, and where their phrases stand in a text.

A phrase is found through its first word (and its second where that is fixed), so that the time a text takes grows
with its words and hardly with the lexicon.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from workers.sentiment import lexicons
from workers.sentiment.negation import NEGATIONS
from workers.sentiment.tokens import Words

_GAP = r"((?:[^ .?,]+ ){0,3}?)"


@dataclass(frozen=True, slots=True)
class Found:
    """A phrase of a section in a text: the words from start to end (exclusive)."""

    section: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Phrase:
    section: str
    match: Callable[[str, int], re.Match[str] | None]


@dataclass(frozen=True, slots=True)
class _Entry:
    """The phrases that begin with a word: whatever follows, and by the word that follows."""

    any_second: list[_Phrase]
    by_second: dict[str, list[_Phrase]]


class Lexicon:
    """The phrases of one file, by their sections."""

    def __init__(self, sections: dict[str, list[str]]) -> None:
        self._entries: dict[str, _Entry] = {}
        for section, phrases in sections.items():
            for phrase in phrases:
                self._add(section, phrase.split())

    def _add(self, section: str, elements: list[str]) -> None:
        compiled = _Phrase(section, re.compile("".join(map(_expression, elements))).match)
        seconds = _fixed(elements[1]) if len(elements) > 1 else []
        for first in _fixed(elements[0]):
            entry = self._entries.setdefault(first, _Entry([], {}))
            if not seconds:
                entry.any_second.append(compiled)
            for second in seconds:
                entry.by_second.setdefault(second, []).append(compiled)

    def find(self, words: Words) -> Iterator[Found]:
        """Every phrase at every word, in the order of the text."""
        texts, entries, line, offsets = words.words, self._entries, words.line, words.offsets
        for index, word in enumerate(texts):
            if (entry := entries.get(word)) is None:
                continue
            following = entry.by_second.get(texts[index + 1]) if index + 1 < len(texts) else None
            for phrase in entry.any_second + following if following else entry.any_second:
                if (match := phrase.match(line, offsets[index])) and not _is_denied(match):
                    yield Found(phrase.section, index, words.word_at(match.end() - 1) + 1)


def _is_denied(match: re.Match[str]) -> bool:
    """Whether a word that denies stands in a gap: "quality has not dropped" is not "quality ~ dropped"."""
    return any(not NEGATIONS.isdisjoint(gap.split()) for gap in match.groups())


@cache
def load(name: str) -> Lexicon:
    """The lexicon of a file in workers/sentiment/lexicon."""
    return Lexicon(lexicons.sections(name))


def words_of_lexicon(name: str) -> set[str]:
    """Every word of a lexicon's phrases, groups included."""
    elements = {each for lines in lexicons.sections(name).values() for line in lines for each in line.split()}
    return {word for each in elements if each not in ("~", ".", ",") for word in _alternatives(each)}


def _alternatives(element: str) -> list[str]:
    """a|<name>|b: a, the group's words, b. Not stands for isnt, wasnt, … as well."""
    found: list[str] = []
    for each in element.rstrip("?").split("|"):
        if each == "not":
            found += lexicons.groups("groups.txt")["not"]
            continue
        found += lexicons.groups("groups.txt")[each.strip("<>")] if each.startswith("<") else [each]
    return found


def _fixed(element: str) -> list[str]:
    """The words that stand here, if one has to."""
    return [] if element == "~" or element.endswith("?") else _alternatives(element)


def _expression(element: str) -> str:
    if element == "~":
        return _GAP
    alternatives = "|".join(map(re.escape, dict.fromkeys(_alternatives(element))))
    times = "{0,3}" if element == "<very>?" else "?" if element.endswith("?") else ""
    return f"(?:(?:{alternatives}) ){times}"
