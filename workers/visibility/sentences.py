"""Sentences with a sign in the place of each brand, so that expressions can say what stands around brands."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from workers.visibility.blocks import Block, Kind
from workers.visibility.lexicons import FIRST_SIGN, Lexicon, lexicon
from workers.visibility.names import Place

_END = re.compile(r"(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bz\.B)(?<!\bNo)(?<!\bNr)[.!?…](?=\s|$)[\s]*|\n[^\S\n]*\n\s*")
LONGEST_SENTENCE = 600
_SPACE = re.compile(r"\s+")
_CELL = re.compile(r"\s*\|\s*")
# An article, or a model's name, between two brands that are named together.
_MODEL = r"(?:'s)?(?: (?:(?:[a-z]{1,2}(?=[A-Z]))?[A-Z0-9](?:[\w+.',-]*\w|[+.])?|\([^()]{1,20}\))){0,4}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Of one block. `places` are those named in it, as their numbers among all places of the text."""

    block: int
    start: int
    end: int
    # With a sign for each place.
    text: str
    places: tuple[int, ...]


def sign_of(place: int) -> str:
    return chr(FIRST_SIGN + place)


def place_of(sign: str) -> int:
    return ord(sign) - FIRST_SIGN


def sentences_of(text: str, blocks: Sequence[Block], places: Sequence[Place]) -> list[Sentence]:
    """Of folded text. A heading is a sentence, and so is a row of a table."""
    found: list[Sentence] = []
    for number, block in enumerate(blocks):
        for start, end in _spans(text, block, places):
            inside = range(_first_from(start, places), _first_from(end, places))
            found.append(Sentence(number, start, end, signed_text(text, start, end, inside, places), tuple(inside)))
    return found


def _first_from(at: int, places: Sequence[Place]) -> int:
    return bisect_left(places, at, key=lambda place: place.start)


def _spans(text: str, block: Block, places: Sequence[Place]) -> Iterator[tuple[int, int]]:
    start = block.start
    if block.kind in (Kind.PROSE, Kind.ITEM):
        for ending in _END.finditer(text, block.start, block.end):
            if not _is_inside(ending.start(), places):
                yield from _pieces(text, start, ending.start() + 1)
                start = ending.end()
    if text[start : block.end].strip():
        yield from _pieces(text, start, block.end)


def _is_inside(at: int, places: Sequence[Place]) -> bool:
    index = bisect_right(places, at, key=lambda place: place.start) - 1
    return index >= 0 and at < places[index].end


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """What never ends is cut, between words: an expression may look at all of a sentence from each of its places."""
    while end - start > LONGEST_SENTENCE:
        space = text.rfind(" ", start + 1, start + LONGEST_SENTENCE)
        cut = space if space > 0 else start + LONGEST_SENTENCE
        if text[start:cut].strip():
            yield start, cut
        start = cut
    yield start, end


def signed_text(text: str, start: int, end: int, inside: Sequence[int], places: Sequence[Place]) -> str:
    """A part of the text with a sign for each of its places."""
    parts: list[str] = []
    for index in inside:
        place = places[index]
        parts += (text[start : place.start], sign_of(index))
        # What follows the name belongs to the sentence, a possessive included.
        start = place.end
    parts.append(text[start:end])
    return _SPACE.sub(" ", _CELL.sub(" , ", "".join(parts))).strip(" ,")


def named_together(sentence: Sentence, words: Lexicon) -> Sequence[tuple[int, ...]]:
    """The places of the sentence in groups: "A, B and C" is one. Commas alone do not join."""
    return _groups(sentence, words.language)


@lru_cache(maxsize=1_000)
def _groups(sentence: Sentence, language: str) -> list[tuple[int, ...]]:
    last, comma = _joins(language)
    groups: list[list[int]] = []
    for place in sentence.places:
        between = _between(sentence.text, groups[-1][-1], place) if groups else ""
        if groups and (last.fullmatch(between) or comma.fullmatch(between)):
            groups[-1].append(place)
        else:
            groups.append([place])
    return [part for group in groups for part in _joined(group, sentence.text, last)]


@cache
def _joins(language: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = lexicon(language)
    articles = rf"(?:(?:{'|'.join(map(re.escape, words.words('between')))})\s)?"
    joins = "|".join(map(re.escape, words.words("and")))
    return re.compile(rf"{_MODEL},?\s*(?:{joins})\s*{articles}"), re.compile(rf"{_MODEL},\s*{articles}")


def _between(text: str, first: int, second: int) -> str:
    return text[text.index(sign_of(first)) + 1 : text.index(sign_of(second))]


def _joined(group: list[int], text: str, last: re.Pattern[str]) -> list[tuple[int, ...]]:
    """One group, if its last two are joined by an "and"; else each place by itself."""
    if len(group) > 1 and last.fullmatch(_between(text, group[-2], group[-1])):
        return [tuple(group)]
    return [(place,) for place in group]
