"""As what a material stands in a text: as what a thing is of, or as what it is for, or what it only looks like.

Of faux leather nothing is said of leather, and a brush for steel is none of steel.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from typing import Literal, NamedTuple

from workers.listings import lexicons
from workers.listings.bindings import copulas, starts_anew
from workers.listings.meanings import LIKENING, NAME_FIRST, Word, words_of
from workers.listings.tokens import Clause, Token, is_function_word
from workers.listings.vocabulary import is_material, is_meant

Likeness = Literal["of", "like", "for", "colour"]
# Words from faux to what it is of: faux brown leather.
_FAR = 3
# What a language has its adjectives behind: cuir noir synthétique.
_BEHIND = 2


class Standing(NamedTuple):
    """A word and what it stands as. `thing`: the root of what it is said of, if anything. `made`: behind an "of"."""

    word: Word
    likeness: Likeness
    thing: str
    made: bool


def standings_in(
    clauses: Sequence[Clause],
    text: str,
    language: str,
    special: Collection[str],
    things: Collection[str] | None = None,
) -> Iterator[Standing]:
    """Of each word that no clause denies."""
    goes_on = False
    for clause in clauses:
        is_list = goes_on and not starts_anew(clause, text) and _only_lists(clause, special, language)
        meant_for, goes_on = _meant_for(clause, text, language, is_list)
        like = set(_like(clause, special, language))
        made = _behind_of(clause, language)
        for word in words_of(clause, text, language, special, things):
            start = word.token.start
            if word.denied:
                continue
            likeness: Likeness = "of"
            if start in like:
                likeness = "like"
            elif start in meant_for and is_material(word.lemma, special, language):
                likeness = "for"
            yield Standing(word, likeness, word.of, start in made)


def is_otherwise(
    found: Standing, known: Mapping[str, Set[Likeness]], of_things: Mapping[tuple[str, str], Set[Likeness]]
) -> bool:
    """Whether the source has a word only as something else; of the same thing, if it says it of that."""
    root = found.word.root
    told = of_things.get((root, found.thing)) or known.get(root)
    if not told:
        return False
    allowed = {found.likeness} if found.made or found.likeness != "of" else {"of", "colour"}
    return told.isdisjoint(allowed)


def _may_be_imitated(token: Token, special: Collection[str], language: str) -> bool:
    listed = lexicons.words("imitated", language)
    return is_material(token.lemma, special, language) or token.written in listed


def _like(clause: Clause, special: Collection[str], language: str) -> Iterator[int]:
    """The places of what is imitated."""
    imitating, synthetic, looking, mock = (lexicons.words(name, language) for name in LIKENING)
    links = lexicons.words("likeness-of", language)
    for index, token in enumerate(clause):
        written = token.written
        if written in imitating or written in synthetic:
            behind = clause[index + 1 :]
            behind = behind[1:] if behind and behind[0].written in links else behind
            behind = _up_to_small(behind, language)[:_FAR]
            found = [each for each in behind if _may_be_imitated(each, special, language)]
            found = found or (list(behind[:1]) if written in imitating else [])
            yield from (each.start for each in found[:1])
        if written in looking or written in mock:
            before = _up_to_small(clause[:index][::-1], language)[: _BEHIND if language in NAME_FIRST else 1]
            found = [each for each in before if _may_be_imitated(each, special, language)]
            found = found or (list(before[-1:]) if written in mock else [])
            yield from (each.start for each in found[:1])


def _up_to_small(tokens: Clause, language: str) -> Clause:
    place = next((place for place, each in enumerate(tokens) if not is_meant(each, language)), len(tokens))
    return tokens[:place]


def _meant_for(clause: Clause, text: str, language: str, is_list: bool) -> tuple[Set[int], bool]:
    """The places behind a "for", up to a "with", an "and the" or an "is"; and whether the clause ends there."""
    start = clause[0].start
    begins = {start + each.end for each in lexicons.find(text[start : clause[-1].end], ["meant-for"], language)}
    ends, joining, articles = (lexicons.words(name, language) for name in ("joint-with", "joining", "determiner"))
    which = lexicons.words("joint-which", language)
    found: set[int] = set()
    before, says_which = "", False
    for token in clause:
        written = token.written
        says_which = says_which or written in which
        is_said = written in copulas(language) and not says_which
        if written in ends or is_said or (before in joining and written in articles):
            is_list = False
        if is_list:
            found.add(token.start)
        is_list = is_list or token.end in begins
        before = written
    return found, is_list


def _only_lists(clause: Clause, special: Collection[str], language: str) -> bool:
    """For wood, glass and stone: the clause behind the comma has nothing but materials."""
    return all(is_function_word(each.lemma, language) or _may_be_imitated(each, special, language) for each in clause)


def _behind_of(clause: Clause, language: str) -> Set[int]:
    links = lexicons.words("link-of", language)
    return {
        token.start
        for index, token in enumerate(clause)
        if (index and clause[index - 1].written in links) or token.written[:2] in ("d'", "d’")
    }
