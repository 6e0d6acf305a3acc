"""What a text says together, and what the source says together.

A text's clauses are cut into pieces at "and", "which", "with" and "in". All that a piece says has to stand in one
clause of the source, a unit; only what is said of the whole product goes with anything that names the product. So a
part has what the source says of that part, and no more.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from workers.listings import lexicons
from workers.listings.amounts import unit_tokens
from workers.listings.ordinary import is_ordinary, root_of
from workers.listings.tokens import Clause, Token, is_function_word, lemma_of
from workers.listings.vocabulary import is_fact, is_meant, is_neutral

Joint = Literal["start", "and", "which", "with", "place"]
_JOINTS: tuple[Joint, ...] = ("and", "which", "with", "place")
# A node of the clauses that are about the product itself.
PRODUCT = "@"
# And of those that say that something lasts.
LASTING = "@lasting"
# Words before a colon that name what is behind it, and are no sentence.
_SHORT = 3
_ENDS = re.compile(r"[.!?…\n]")


class Piece(NamedTuple):
    """Words of one clause, and what they follow: the "start" of a clause, or "and", "which", "with" or "in"."""

    tokens: Clause
    joint: Joint
    # Whether the clause goes on with the one before: "a lid, which is", "a lid with", "a lid: non-slip".
    goes_on: bool


@dataclass(slots=True)
class Units:
    """The clauses of a source, as the roots and numbers that each has."""

    _having: dict[str, set[int]] = field(default_factory=dict)
    _known: set[frozenset[str]] = field(default_factory=set)

    def add(self, nodes: Iterable[str]) -> None:
        unit = frozenset(nodes)
        if unit in self._known:
            return
        for node in unit:
            self._having.setdefault(node, set()).add(len(self._known))
        self._known.add(unit)

    def have(self, nodes: Iterable[str]) -> bool:
        """Whether one of them has all of these."""
        found = sorted((self._having.get(node, set()) for node in nodes), key=len)
        return not found or any(all(unit in others for others in found[1:]) for unit in found[0])


def number_node(value: str, unit: str) -> str:
    return f"#{value} {unit}"


def pieces_of(clauses: Sequence[Clause], text: str, language: str) -> Iterator[list[Piece]]:
    """Of each clause."""
    before: Clause | None = None
    for clause in clauses:
        goes_on = before is not None and _goes_on(before, clause, text, language)
        yield list(_pieces(clause, goes_on, language))
        before = clause


def _goes_on(before: Clause, clause: Clause, text: str, language: str) -> bool:
    gap = text[before[-1].end : clause[0].start]
    if ":" in gap:
        return len(before) <= _SHORT
    first = clause[0].written
    return not _ENDS.search(gap) and first in lexicons.words("goes-on", language)


def starts_anew(clause: Clause, text: str) -> bool:
    """Whether a sentence ends before a clause."""
    return bool(_ENDS.search(text, max(0, clause[0].start - 3), clause[0].start))


def _pieces(clause: Clause, goes_on: bool, language: str) -> Iterator[Piece]:
    joint: Joint = "start"
    tokens: list[Token] = []
    # Of 18 in, "in" is inches.
    units = {unit.start for unit in unit_tokens(clause)}
    for token in clause:
        found = _joint(token.written, language)
        if found and token.start not in units:
            if tokens:
                yield Piece(tuple(tokens), joint, goes_on)
            joint, tokens = found, []
        tokens.append(token)
    yield Piece(tuple(tokens), joint, goes_on)


def _joint(word: str, language: str) -> Joint | None:
    return next((joint for joint in _JOINTS if word in lexicons.words(f"joint-{joint}", language)), None)


def said_apart(clause: Clause, language: str) -> Iterator[Clause]:
    """A clause of the source, cut where it goes on to another thing: the lid is black and the cup is red."""
    start, is_said, joined = 0, False, False
    for index, token in enumerate(clause):
        word = token.written
        if is_said and joined and word in lexicons.words("determiner", language):
            yield clause[start : index - 1]
            start, is_said = index, False
        joined = word in lexicons.words("joining", language)
        is_said = is_said or word in copulas(language)
    yield clause[start:]


def things_in(clause: Clause, language: str) -> Iterator[str]:
    """The roots of what a clause names: the last word of each run that is no fact and not ordinary, or else the first
    one behind an article."""
    run: list[Token] = []
    has_article = False
    units = {unit.start for unit in unit_tokens(clause)}
    for token in (*clause, None):
        if token is not None and token.start in units:
            continue
        if token is not None and is_meant(token, language):
            run.append(token)
            continue
        if thing := _thing(run, has_article, language):
            yield root_of(thing.lemma, language)
        run = []
        has_article = token is not None and (
            token.is_number or token.written in lexicons.words("determiner", language)
        )


def _thing(run: Sequence[Token], has_article: bool, language: str) -> Token | None:
    named = [each for each in run if not is_fact(each.lemma, language) and not is_neutral(each.lemma, language)]
    endings = tuple(lexicons.words("participle", language))
    # Recycled is how something is, and no thing.
    named = [each for each in named if not (each.end - each.start > _SHORT and each.written.endswith(endings))]
    telling = [each for each in named if not is_ordinary(each.written, language)]
    return telling[-1] if telling else next(iter(named if has_article else ()), None)


def begins_as_subject(tokens: Clause, language: str) -> Clause:
    """The words before the first one that links or parts: of a lid that is black, the lid."""
    meant = False
    for index, token in enumerate(tokens):
        if is_function_word(token.lemma, language) and meant:
            return tokens[:index]
        meant = meant or is_meant(token, language)
    return tokens


def begins_as_thing(tokens: Clause, language: str) -> Clause:
    """The words before the first one that parts: of a core of foam with a cover, the core and the foam."""
    place = next((index for index, token in enumerate(tokens) if index and _parts(token, language)), len(tokens))
    return tokens[:place]


def _parts(token: Token, language: str) -> bool:
    return is_function_word(token.lemma, language) and token.lemma not in lexicons.words("link-of", language)


@cache
def copulas(language: str) -> frozenset[str]:
    words = lexicons.words("copula", language) - lexicons.words("link-of", language)
    return frozenset(words | {lemma_of(word, language) for word in words})
