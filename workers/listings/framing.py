"""Which words of a clause only frame what it says, so that they may be there although the source has them not.

The list is short and closed. Whatever else a text says has to stand in the source: a sentence of small words alone
("it stays where it is put") claims something, too.
"""

from functools import cache

from workers.listings import lexicons
from workers.listings.ordinary import root_of
from workers.listings.tokens import Clause, Token


def framed_in(clause: Clause, text: str, language: str) -> set[int]:
    """The places of the words that do so."""
    start, end = clause[0].start, clause[-1].end
    found = lexicons.find(text[start:end], ["frame"], language)
    spans = [(start + each.start, start + each.end) for each in found]
    framed = {token.start for token in clause if any(first <= token.start < last for first, last in spans)}
    praise = {token.start for token in clause if not _roots(token, language).isdisjoint(_listed("praise", language))}
    return framed | praise | actions_in(clause, language)


def actions_in(clause: Clause, language: str) -> set[int]:
    """The places of what a buyer does: put, of "put it on" and "and put it on", and not of "it is put on"; rests, of
    "your dog rests". In German, it may also be last."""
    openers = lexicons.words("before-action", language)
    written = [token.written for token in clause]
    places = {clause[0].start}
    places |= {token.start for token, before in zip(clause[1:], written, strict=False) if before in openers}
    if written[0] in lexicons.words("whose", language):
        places |= {token.start for token in clause[2:3]}
    if language == "de":
        places.add(clause[-1].start)
    actions = _listed("action", language)
    return {
        token.start for token in clause if token.start in places and not _roots(token, language).isdisjoint(actions)
    }


def _roots(token: Token, language: str) -> set[str]:
    return {root_of(token.lemma, language), root_of(token.written, language)}


@cache
def _listed(section: str, language: str) -> frozenset[str]:
    return frozenset(root_of(word, language) for word in lexicons.words(section, language))


def links(token: Token, language: str) -> bool:
    """Whether a word says no more than that the things of its clause belong together."""
    return not _roots(token, language).isdisjoint(_listed("linking", language))


def frames(written: str, language: str) -> bool:
    """Whether a word may stand in a frame."""
    return written in _frame_words(language)


@cache
def _frame_words(language: str) -> frozenset[str]:
    lines = lexicons.lines("frame", language)
    return frozenset(word for line in lines for each in line.split() for word in each.split("|"))
