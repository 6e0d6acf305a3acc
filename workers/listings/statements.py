"""What a text says that the seller's own data do not say, or say of something else, or deny."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from workers.listings.facts import Facts, Number, Word, is_fact, is_neutral, numbers_of, quantities_of, words_of
from workers.listings.tokens import clauses_of


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A word or number that is not covered by the source: as it is written, and its lemma."""

    kind: Literal["unknown_word", "unknown_number", "unknown_claim", "misplaced_fact", "negation"]
    message: str
    text: str
    lemma: str


def unsaid_in(text: str, facts: Facts) -> Iterator[Unsaid]:
    """Of plain text. Nothing is found where the source says all of it."""
    for clause in clauses_of(text, facts.language):
        for word in words_of(clause, text, facts.language):
            if unsaid := _unsaid_word(word, text[word.token.start : word.token.end], facts):
                yield unsaid
        for quantity in quantities_of(clause, text, facts.language):
            if quantity not in facts.quantities:
                yield Unsaid("unknown_claim", f"Your data do not say “{quantity}”.", quantity, quantity)
        for number in numbers_of(clause, text, facts.language):
            if unsaid := _unsaid_number(number, facts):
                yield unsaid


def _unsaid_word(word: Word, written: str, facts: Facts) -> Unsaid | None:
    lemma, claims = word.lemma, is_fact(word.lemma, facts.language)
    known, other = (facts.denied, facts.said) if word.denied else (facts.said, facts.denied)
    if lemma in known:
        message = f"Your data do not say “{written}” of what stands beside it."
        return Unsaid("misplaced_fact", message, written, lemma) if claims and not _is_in_place(word, facts) else None
    if is_neutral(lemma, facts.language):
        return None
    if lemma in other:
        message = f"Your data {'do not deny' if word.denied else 'deny'} “{written}”."
        return Unsaid("negation", message, written, lemma)
    return Unsaid("unknown_claim" if claims else "unknown_word", f"Your data do not say “{written}”.", written, lemma)


def _is_in_place(word: Word, facts: Facts) -> bool:
    """Whether a material, colour or claim stands beside what the source says it of: the next word, or the one before.

    What the title or an attribute says of the product goes with all that names the product.
    """
    neighbour = word.next or word.previous
    if not neighbour or neighbour in facts.beside.get(word.lemma, ()):
        return True
    return word.lemma in facts.whole and neighbour in facts.whole


def _unsaid_number(number: Number, facts: Facts) -> Unsaid | None:
    written = f"{number.value} {number.unit}".strip()
    known = [each for each in facts.numbers.get(number.value, ()) if each.unit == number.unit]
    if not known:
        return Unsaid("unknown_number", f"Your data do not say “{written}”.", written, number.value)
    if any(_is_meant_alike(number, each, facts) for each in known):
        return None
    return Unsaid("misplaced_fact", f"Your data say “{written}” of something else.", written, number.value)


def _is_meant_alike(number: Number, known: Number, facts: Facts) -> bool:
    """Up to 12 hours are not 12 hours, and neither are over 12 hours."""
    if number.bound != known.bound:
        return False
    around, known_around = number.before | number.behind, known.before | known.behind
    if (number.value, number.unit) in facts.whole_numbers and around <= facts.whole:
        return True
    if not around:
        return not known_around
    if number.before & known.before or number.behind & known.behind:
        return True
    return known.alone and bool(around & known_around)
