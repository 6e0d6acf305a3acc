"""What a text says that the seller's own data do not say, or say of something else, or deny."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

from workers.listings import lexicons
from workers.listings.amounts import Number, is_measured, numbers_of
from workers.listings.facts import Facts, boasts_in, quantities_of
from workers.listings.meanings import Word, words_of
from workers.listings.ordinary import halves_of, is_ordinary, is_setting, is_trouble, root_of
from workers.listings.tokens import Clause, clauses_of, is_function_word, lemma_of
from workers.listings.vocabulary import is_neutral


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A word or number that is not covered by the source: as it is written, and its lemma."""

    kind: Literal["unknown_word", "unknown_number", "unknown_claim", "misplaced_fact", "negation"]
    message: str
    text: str
    lemma: str


# Sections of words that a text may have although its source has not: none for a keyword, which is a name.
Wording = tuple[Literal["ordinary", "setting"], ...]


def unsaid_in(text: str, facts: Facts, wording: Wording = ()) -> Iterator[Unsaid]:
    """Of plain text. Nothing is found where the source says all of it, in whatever words `wording` allows."""
    for boast in boasts_in(text, facts.language):
        if boast.text.lower() not in facts.boasts:
            yield Unsaid("unknown_claim", f"Your data do not say “{boast.text}”.", boast.text, boast.text.lower())
    for clause in clauses_of(text, facts.language):
        yield from _unsaid_words(clause, text, facts, wording)
        yield from _unsaid_denials(clause, text, facts)
        for quantity in quantities_of(clause, text, facts.language):
            if quantity not in facts.quantities:
                yield Unsaid("unknown_claim", f"Your data do not say “{quantity}”.", quantity, quantity)
        for number in numbers_of(clause, text, facts.language):
            if unsaid := _unsaid_number(number, facts):
                yield unsaid


def _words(clause: Clause, text: str, facts: Facts) -> Iterator[Word]:
    return words_of(clause, text, facts.language, facts.special, facts.roots)


def _unsaid_words(clause: Clause, text: str, facts: Facts, wording: Wording) -> Iterator[Unsaid]:
    words = list(_words(clause, text, facts))
    is_denied_there = any(word.denied and word.root in facts.denied_roots for word in words)
    for word in words:
        # The gloves are not for this or that.
        if is_denied_there and word.denied and (word.root in facts.names or _is_short_for(word.root, facts)):
            continue
        written = text[word.token.start : word.token.end]
        if wording and is_measured(word.token, clause, text, facts.language):
            continue
        unsaid = _unsaid_word(word, written, facts, wording)
        if unsaid and not (unsaid.kind == "unknown_word" and _is_around(word, clause, text, facts, wording)):
            yield unsaid


def _is_around(word: Word, clause: Clause, text: str, facts: Facts, wording: Wording) -> bool:
    """On your shelf, and neither a shelf nor with a shelf."""
    if "setting" not in wording or word.denied:
        return False
    written = [text[token.start : token.end].lower() for token in clause]
    has_link = any(is_function_word(token.lemma, facts.language) for token in clause if token.end <= word.token.start)
    comes_with = not lexicons.words("including", facts.language).isdisjoint(written)
    return has_link and not comes_with and is_setting(text[word.token.start : word.token.end], facts.language)


def _unsaid_denials(clause: Clause, text: str, facts: Facts) -> Iterator[Unsaid]:
    """What is denied has to be denied in the source, whatever is said beside it; and asking denies nothing."""
    denied = [word for word in _words(clause, text, facts) if word.denied]
    written = [text[word.token.start : word.token.end] for word in denied]
    is_asked = text[clause[-1].end :].lstrip().startswith(("?", "？"))
    if denied and (is_asked or not any(map(_may_be_denied, denied, written, [facts] * len(denied)))):
        told = " ".join(written)
        yield Unsaid("negation", f"Your data do not deny “{told}”.", told, denied[0].lemma)


def _may_be_denied(word: Word, written: str, facts: Facts) -> bool:
    return word.root in facts.denied_roots or is_trouble(written, facts.language)


def _unsaid_word(word: Word, written: str, facts: Facts, wording: Wording) -> Unsaid | None:
    lemma, language, claims = word.lemma, facts.language, facts.is_fact(word.lemma)
    roots = {word.root, root_of(written.lower(), language)}
    known, other = (facts.denied_roots, facts.roots) if word.denied else (facts.roots, facts.denied_roots)
    if not roots.isdisjoint(known):
        message = f"Your data do not say “{written}” of what stands beside it."
        return Unsaid("misplaced_fact", message, written, lemma) if claims and not _is_in_place(word, facts) else None
    is_ordinary_here = not claims and "ordinary" in wording and is_ordinary(written, language)
    if is_neutral(lemma, language) or (word.denied and (is_ordinary_here or is_trouble(written, language))):
        return None
    if not roots.isdisjoint(other):
        message = f"Your data {'do not deny' if word.denied else 'deny'} “{written}”."
        return Unsaid("negation", message, written, lemma)
    if is_ordinary_here or (wording and not word.denied and _is_made_of_known(written.lower(), facts)):
        return None
    return Unsaid("unknown_claim" if claims else "unknown_word", f"Your data do not say “{written}”.", written, lemma)


def _is_made_of_known(written: str, facts: Facts) -> bool:
    """A word of two that the source says, or of one and an ordinary one; no fact is made of them."""
    return any(all(_is_known(half, facts) for half in halves) for halves in halves_of(written, facts.language))


def _is_known(word: str, facts: Facts) -> bool:
    lemma = lemma_of(word, facts.language)
    root = root_of(lemma, facts.language)
    if facts.is_fact(lemma) or root in facts.denied_roots:
        return root in facts.whole and root not in facts.denied_roots
    return root in facts.roots or is_ordinary(word, facts.language) or is_neutral(lemma, facts.language)


def _is_in_place(word: Word, facts: Facts) -> bool:
    """Whether a material, colour or claim stands beside what the source says it of.

    What the title or an attribute says of the product goes with all that names the product.
    """
    if not word.of or word.root not in facts.beside or word.of in facts.beside[word.root]:
        return True
    if word.of not in facts.roots and is_setting(word.of, facts.language):
        # Green goes with a couch: that is no part of the product, and has to pass as what stands around it.
        return True
    is_of_product = word.of in facts.whole or word.of in _all_of_it(facts.language) or _is_short_for(word.of, facts)
    return word.root in facts.whole and is_of_product


def _is_short_for(root: str, facts: Facts) -> bool:
    """A Flasche is what a Trinkflasche is called the second time."""
    return facts.language == "de" and len(root) >= 3 and any(name.endswith(root) for name in facts.names)


@cache
def _all_of_it(language: str) -> frozenset[str]:
    """The roots of words such as fabric, design and size, which are of the whole product."""
    return frozenset(root_of(lemma_of(word, language), language) for word in lexicons.words("whole", language))


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
    is_of_product = (number.value, number.unit) in facts.whole_numbers or not known_around
    if is_of_product and around <= facts.whole:
        return True
    if not around:
        return not known_around
    if number.before & known.before or number.behind & known.behind:
        return True
    return known.alone and bool(around & known_around)
