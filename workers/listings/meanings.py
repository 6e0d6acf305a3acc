"""The words of a clause that carry meaning, whether it denies them, and what each is said of."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from workers.listings import lexicons
from workers.listings.amounts import unit_tokens
from workers.listings.denials import denied_in
from workers.listings.ordinary import is_ordinary, root_of
from workers.listings.tokens import Clause, Token, is_function_word, lemma_of
from workers.listings.vocabulary import is_fact, is_matter, is_meant, is_neutral

_LONGEST_CHAIN = 3
# Lists of words that make of a thing one that only looks so.
LIKENING = ("imitating", "synthetic", "looking", "mock")
# Languages in which what names a thing stands before what says how it is.
NAME_FIRST = {"fr", "es", "it", "pt", "ro"}


class Word(NamedTuple):
    """A word that carries meaning, whether its clause denies it, and the root of what it is said of, if anything."""

    lemma: str
    root: str
    token: Token
    denied: bool
    of: str
    # That root with those of the nouns that stand directly at it: snap and hook of a snap hook of brass.
    chain: frozenset[str]
    # And the one of them that the others say more of: the sleeve of a silicone handle sleeve.
    head: str


def words_of(
    clause: Clause, text: str, language: str, special: Collection[str] = (), things: Collection[str] | None = None
) -> Iterator[Word]:
    """The words of a clause that carry meaning; numbers and their units are read by themselves.

    `special`: lemmas of this product's materials and colours beside those that are listed. `things`: roots of what an
    ordinary word may be the name of; None: of anything.
    """
    units = {id(unit) for unit in unit_tokens(clause)}
    denied = denied_in(clause, text, language)
    said = _Said(language, special, things)
    runs = [[token for token in run if id(token) not in units] for run in _runs(clause, language)]
    nouns = [[token for token in run if said.names_a_thing(token)] for run in runs]
    names = {id(noun) for each in nouns for noun in each}
    places = {id(token): place for run in runs for place, token in enumerate(run)}

    def chains(thing: Token | None, run: Sequence[Token]) -> Sequence[Token]:
        if thing is None:
            return ()
        place = places[id(thing)]
        return _chain(thing, run, place, names) if place < len(run) else [thing]

    for index, run in enumerate(runs):
        for token in run:
            if is_meant(token, language):
                thing = _beside(token, run, nouns[index], language)
                if thing is None and is_matter(token.lemma, special, language):
                    thing = _nearest(nouns, index)
                of = root_of(thing.lemma, language) if thing else ""
                chain = [root_of(each.lemma, language) for each in chains(thing, run)]
                head = (chain[0] if language in NAME_FIRST else chain[-1]) if chain else ""
                root = root_of(token.lemma, language)
                yield Word(token.lemma, root, token, id(token) in denied, of, frozenset(chain), head)


@cache
def likening(language: str) -> frozenset[str]:
    """Faux, and the effect of a marble effect."""
    return frozenset().union(*(lexicons.words(name, language) for name in LIKENING))


@dataclass(frozen=True, slots=True)
class _Said:
    language: str
    special: Collection[str]
    things: Collection[str] | None

    def names_a_thing(self, token: Token) -> bool:
        """Of a lid that is made of stainless steel, steel is said of the lid: not of what is made, nor stainless."""
        lemma, written, language = token.lemma, token.written, self.language
        if written in lexicons.words("unbound", language) or written in likening(language):
            return False
        if not is_meant(token, language) or lemma in self.special or is_fact(lemma, language):
            return False
        if is_neutral(lemma, language):
            return False
        if self.things is None or root_of(lemma, language) in self.things:
            return True
        return not is_ordinary(written, language)


def _chain(thing: Token, run: Sequence[Token], place: int, names: Collection[int]) -> Sequence[Token]:
    """A noun and those that stand directly at it in its run."""
    first = last = place
    while first > 0 and id(run[first - 1]) in names and place - first < _LONGEST_CHAIN:
        first -= 1
    while last + 1 < len(run) and id(run[last + 1]) in names and last - place < _LONGEST_CHAIN:
        last += 1
    return run[first : last + 1] if run[place] is thing else [thing]


def _nearest(nouns: Sequence[Sequence[Token]], index: int) -> Token | None:
    """Of black and white bottles, black is said of bottles too."""
    before = [each[-1] for each in nouns[:index] if each]
    behind = [each[0] for each in nouns[index + 1 :] if each]
    return next(iter([*before[-1:], *behind]), None)


def _runs(clause: Clause, language: str) -> Iterator[list[Token]]:
    """A clause cut at its "and", "with" and "for", and not at the "of" of a lid of steel."""
    run: list[Token] = []
    for token in clause:
        if parts(token, language):
            yield run
            run = []
        else:
            run.append(token)
    yield run


def parts(token: Token, language: str) -> bool:
    return is_function_word(token.lemma, language) and token.lemma not in _link_words(language)


@cache
def _copulas(language: str) -> frozenset[str]:
    words = lexicons.words("copula", language)
    return frozenset(words | {lemma_of(word, language) for word in words})


@cache
def _link_words(language: str) -> frozenset[str]:
    words = lexicons.words("link", language)
    return frozenset(words | {lemma_of(word, language) for word in words})


def _beside(token: Token, run: Sequence[Token], nouns: Sequence[Token], language: str) -> Token | None:
    """The noun behind a word in its run, or the one before it: that one first where the language has it so, or where
    an "of" or "is" stands before the word."""
    before = [each for each in nouns if each.end <= token.start][-1:]
    behind = [each for each in nouns if each.start >= token.end][:1]
    place = next(index for index, each in enumerate(run) if each is token)
    is_linked = before and any(each.lemma in _copulas(language) for each in run[max(0, place - 3) : place])
    both = [*before, *behind] if is_linked or language in NAME_FIRST else [*behind, *before]
    return next(iter(both), None)
