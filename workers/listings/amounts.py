"""Numbers in a clause, with their units and what they are said of."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import takewhile
from typing import Literal, NamedTuple

from workers.listings import lexicons
from workers.listings.ordinary import is_ordinary, root_of
from workers.listings.tokens import Clause, Token
from workers.listings.vocabulary import is_meant, is_neutral

# Words on each side of a number that say what it counts or measures.
_NEAR = 2
_SYMBOLS = re.compile(r"\s?([%°\"″'′$€£])")
_MONEY = re.compile(r"[$€£]\s?\Z")


class Number(NamedTuple):
    """A number, its unit (empty without one), and the words before and behind it in its clause."""

    value: str
    unit: str
    before: frozenset[str]
    behind: frozenset[str]
    # Whether it is the only number of its clause, or its range, so that the words around mean nothing else.
    alone: bool
    # Those of the words around that are not ordinary.
    told: frozenset[str]
    # "most" of up to 12 hours, "least" of over 12 hours, else empty.
    bound: Literal["least", "most", ""]


def numbers_of(clause: Clause, text: str, language: str, known: Collection[str] | None = None) -> list[Number]:
    """`known`: roots of ordinary words that say what a number is of; None: all of them do."""
    places = [index for index, token in enumerate(clause) if token.is_number]
    ranges = list(_ranges(places, clause, language))
    found = []
    for order, (index, (start, end)) in enumerate(zip(places, ranges, strict=True)):
        first = places[start - 1] + 1 if start else 0
        last = places[end + 1] if end + 1 < len(places) else len(clause)
        skipped = places[end] + 1 + _has_unit_token(clause, places[end])
        sides = clause[first : places[start]][::-1], clause[skipped:last]
        alone = end - start + 1 == len(places)
        if not alone:
            # Of a lid of 20 g and a bowl of 300 g, 300 g are not of the lid.
            sides = _up_to_and(sides[0], language), _up_to_and(sides[1], language)
        before, behind = (_near(side, language, known) for side in sides)
        told = frozenset().union(*(_near(side, language, ()) for side in sides))
        bound = _bound(clause[places[order - 1] + 1 if order else 0 : index], language)
        found.append(Number(clause[index].lemma, _unit(clause, index, text), before, behind, alone, told, bound))
    return found


def _ranges(places: Sequence[int], clause: Clause, language: str) -> Iterator[tuple[int, int]]:
    """For each number, the first and the last one of its range: of 165 to 215 cm, both are of the same thing."""
    start = 0
    for end, place in enumerate(places):
        following = places[end + 1] if end + 1 < len(places) else None
        if following is None or not _is_range(clause[place:following], language):
            yield from [(start, end)] * (end + 1 - start)
            start = end + 1


def _up_to_and(tokens: Clause, language: str) -> Clause:
    joints = lexicons.words("joining", language)
    return tuple(takewhile(lambda token: token.written not in joints, tokens))


def _is_range(tokens: Clause, language: str) -> bool:
    """Whether only one word that says "to", and a unit, stand between a number and the next one."""
    between = [token.written for token in tokens[1:]]
    between = between[1:] if between and between[0] in _unit_names() else between
    return len(between) == 1 and between[0] in lexicons.words("range", language)


def _bound(before: Clause, language: str) -> Literal["least", "most", ""]:
    """By the words directly before a number: up to, at least; or by an attribute's name: maximum load."""
    written = (token.written.replace("’", "'") for token in before[-2:])
    words = "".join(f" {word}" for word in written)
    bounds: tuple[Literal["least", "most"], ...] = ("least", "most")
    ends = {bound: tuple(f" {end}" for end in lexicons.lines(f"bound-{bound}", language)) for bound in bounds}
    for bound in bounds:
        if words.endswith(ends[bound]):
            return bound
    is_most = any(token.written in lexicons.words("most", language) for token in before)
    return "most" if is_most else ""


def _near(tokens: Iterable[Token], language: str, known: Collection[str] | None) -> frozenset[str]:
    """The nearest words that say something, and ordinary ones before them; units of the number before are none."""
    skipped = _skipped(language)
    found: set[str] = set()
    telling = 0
    for token in tokens:
        written, root = token.written, root_of(token.lemma, language)
        if telling == _NEAR:
            break
        if written in skipped or not is_meant(token, language) or is_neutral(token.lemma, language):
            continue
        is_told = not is_ordinary(written, language)
        telling += is_told
        if is_told or known is None or root in known:
            found.add(root)
    return frozenset(found)


@cache
def _skipped(language: str) -> frozenset[str]:
    return lexicons.words("measure", language) | lexicons.words("including", language) | _unit_names().keys()


def _unit(clause: Clause, index: int, text: str) -> str:
    """The unit's one name: that of the word behind the number, or a sign beside it."""
    token = clause[index]
    if _has_unit_token(clause, index):
        return _unit_names()[clause[index + 1].written]
    if sign := _SYMBOLS.match(text, token.end):
        return sign[1]
    money = _MONEY.search(text, max(0, token.start - 2), token.start)
    return money[0].strip() if money else ""


def _has_unit_token(clause: Clause, index: int) -> bool:
    if index + 1 >= len(clause):
        return False
    following = clause[index + 1]
    return following.start - clause[index].end <= 2 and following.written in _unit_names()


def unit_of(clause: Clause, index: int, text: str) -> tuple[str, int]:
    """Of the number at a place of its clause: its unit, and where the number ends with that."""
    unit, token = _unit(clause, index, text), clause[index]
    if _has_unit_token(clause, index):
        return unit, clause[index + 1].end
    sign = _SYMBOLS.match(text, token.end)
    return unit, sign.end() if sign else token.end


def unit_tokens(clause: Clause) -> list[Token]:
    return [
        clause[index + 1] for index, token in enumerate(clause) if token.is_number and _has_unit_token(clause, index)
    ]


def is_measured(token: Token, clause: Clause, language: str) -> bool:
    """Of 16 cm high: it says what the number is, and nothing else."""
    if token.written not in lexicons.words("measure", language):
        return False
    return any(0 < token.start - unit.end <= 4 for unit in unit_tokens(clause))


def is_unit(word: str) -> bool:
    return word in _unit_names()


@cache
def _unit_names() -> dict[str, str]:
    return {word: unit for unit, words in lexicons.groups("unit", "en").items() for word in words}
