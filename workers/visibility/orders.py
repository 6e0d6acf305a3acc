"""In which direction an answer counts: from the best, or, where it says so, from the worst."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.visibility.entries import Entry
from workers.visibility.lexicons import SIGN, Lexicon
from workers.visibility.sentences import Sentence, place_of

_SIGN = re.compile(SIGN)


@dataclass(frozen=True, slots=True)
class Order:
    """The places and the entries from the best one on."""

    own: Sequence[int]
    entries: Sequence[Entry]


def order_of(
    question: str,
    text: str,
    sentences: Sequence[Sentence],
    own: Sequence[int],
    entries: Sequence[Entry],
    words: Lexicon,
) -> Order:
    """What the answer says of its order holds, else what the question wants."""
    worst_first, best_first = words.pattern("worst first"), words.pattern("best first")
    for sentence in sentences:
        said = worst_first.search(sentence.text)
        if said and (named := _own_behind(sentence, said.end(), own)):
            return Order(_reversed(own, named), entries)
    is_wanted = worst_first.search(question) is not None and best_first.search(text) is None
    if worst_first.search(text) is None and not is_wanted:
        return Order(own, entries)
    if any(entry.places for entry in entries):
        return Order(own, _from_the_best(entries))
    naming = [each for each in sentences if set(each.places) & set(own)]
    named = [place for place in naming[0].places if place in own] if len(naming) == 1 else []
    return Order(_reversed(own, named), entries)


def _own_behind(sentence: Sentence, start: int, own: Sequence[int]) -> list[int]:
    named = [place_of(sign) for sign in _SIGN.findall(sentence.text[start:])]
    found = [place for place in named if place in own]
    return found if len(found) > 1 else []


def _reversed(own: Sequence[int], named: Sequence[int]) -> list[int]:
    """The same places, with those in the contrary order."""
    contrary = iter(reversed(named))
    return [next(contrary) if place in named else place for place in own]


def _from_the_best(entries: Sequence[Entry]) -> Sequence[Entry]:
    """Numbers that count down say it already."""
    numbers = [entry.number for entry in entries if entry.number]
    if numbers != sorted(numbers):
        return entries
    return [replace(entry, number=None) for entry in reversed(entries)]
