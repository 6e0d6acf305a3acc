"""What a text says that the seller's own data do not say, or say of something else, or deny."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from workers.listings import lexicons
from workers.listings.amounts import Number, is_measured, numbers_of
from workers.listings.bindings import PRODUCT, Piece, number_node, pieces_of
from workers.listings.denials import HYPHENS, denied_in, denying
from workers.listings.facts import Facts, boasts_in, quantities_of
from workers.listings.framing import framed_in, links
from workers.listings.likeness import is_otherwise, standings_in
from workers.listings.meanings import Word, words_of
from workers.listings.measures import is_measured_otherwise, measure_names, measured_in
from workers.listings.ordinary import able_from, bare_forms, halves_of, root_of
from workers.listings.placing import misplaced_in
from workers.listings.tokens import (
    Clause,
    Token,
    clauses_of,
    is_function_word,
    is_small,
    lemma_of,
    tokens_of,
    word_behind,
)
from workers.listings.uses import lasts_otherwise, unsaid_uses
from workers.listings.vocabulary import is_matter, is_neutral


@dataclass(frozen=True, slots=True)
class Unsaid:
    """A word or number that is not covered by the source: as it is written, and its lemma."""

    kind: Literal["unknown_word", "unknown_number", "unknown_claim", "misplaced_fact", "negation"]
    message: str
    text: str
    lemma: str


# Endings of the infinitive, of which an "able" has been made.
_ENGLISH_VERBS = ("s", "es", "ed", "ing", "e", "es", "d")
_VERBS = {"en": ("", "e"), "de": ("en",), "fr": ("er", "ir", "re"), "es": ("ar", "er", "ir")}
_LEAST_TOGETHER = 2


def unsaid_in(text: str, facts: Facts, wording: bool = False) -> Iterator[Unsaid]:
    """Of plain text. Nothing is found where the source says all of it.

    `wording`: it is a text, with words that frame what it says, and not a keyword, which is a name.
    """
    for boast in boasts_in(text, facts.language):
        if boast.text.lower() not in facts.boasts | _inflected(boast, facts) and not _is_origin(boast, text, facts):
            yield Unsaid("unknown_claim", f"Your data do not say “{boast.text}”.", boast.text, boast.text.lower())
    clauses = clauses_of(text, facts.language)
    yield from unlike_in(text, facts)
    for misplaced in misplaced_in(text, clauses, facts) if wording else ():
        message = f"Your data do not say “{misplaced.written}” together."
        yield Unsaid("misplaced_fact", message, misplaced.written, misplaced.lemma)
    for clause, pieces in zip(clauses, pieces_of(clauses, text, facts.language), strict=True):
        yield from _unsaid_words(clause, text, facts, wording)
        yield from _unsaid_denials(clause, text, facts)
        for quantity in quantities_of(clause, text, facts.language):
            if quantity not in facts.quantities:
                yield Unsaid("unknown_claim", f"Your data do not say “{quantity}”.", quantity, quantity)
        for use in unsaid_uses(clause, text, facts) if wording else ():
            told = text[use.start : use.end]
            yield Unsaid("unknown_claim", f"Your data do not name “{told}” as a use.", told, use.lemma)
        yield from _unsaid_numbers(clause, pieces, text, facts, wording)
        for measured in measured_in(clause, text, facts.language):
            if is_measured_otherwise(measured, facts.measures):
                told = f"{measured.value} {measured.unit}".strip()
                message = f"Your data say “{told}” of another measure."
                yield Unsaid("misplaced_fact", message, told, measured.value)


def unlike_in(text: str, facts: Facts, uses: bool = True) -> Iterator[Unsaid]:
    """Leather, where the source has faux leather; with `uses`, also where it says that something is for leather."""
    clauses = clauses_of(text, facts.language)
    for each in standings_in(clauses, text, facts.language, facts.special, facts.roots):
        only_looks = facts.likenesses.get(each.word.root) == {"like"}
        if (uses or only_looks) and is_otherwise(each, facts.likenesses, facts.likenesses_of):
            written = text[each.word.token.start : each.word.token.end]
            message = f"Your data say “{written}” of something that is otherwise so."
            yield Unsaid("misplaced_fact", message, written, each.word.lemma)


def _unsaid_numbers(
    clause: Clause, pieces: Sequence[Piece], text: str, facts: Facts, wording: bool
) -> Iterator[Unsaid]:
    measured = {
        (each.value, each.unit)
        for each in measured_in(clause, text, facts.language)
        if each.measures in facts.measures.get((each.value, each.unit), ())
    }
    of_pieces = [
        (each, piece.joint)
        for piece in pieces
        for each in numbers_of(piece.tokens, text, facts.language, facts.roots)
    ]
    for number, (of_piece, joint) in zip(
        numbers_of(clause, text, facts.language, facts.roots), of_pieces, strict=True
    ):
        unsaid = _unsaid_number(number, of_piece, facts, pieces[0].goes_on)
        if unsaid and (number.value, number.unit) in measured and _is_only_measured(number, facts):
            continue
        if unsaid and joint == "which" and _is_bare(number, of_piece, facts):
            continue
        if unsaid is None and wording and lasts_otherwise(number, clause, facts):
            written = f"{number.value} {number.unit}"
            unsaid = Unsaid("misplaced_fact", f"Your data say “{written}” of something else.", written, number.value)
        if unsaid:
            yield unsaid


def _inflected(boast: lexicons.Found, facts: Facts) -> Set[str]:
    """The boast itself, if the source has it in other forms of its words and denies none of them."""
    tokens = [token for token in tokens_of(boast.text, facts.language) if not is_small(token, facts.language)]
    roots = [root_of(token.lemma, facts.language) for token in tokens]
    is_said = f" {' '.join(roots)} " in facts.phrases() and facts.denied_roots.isdisjoint(roots)
    return {boast.text.lower()} if is_said else set()


def _is_origin(boast: lexicons.Found, text: str, facts: Facts) -> bool:
    """Made in Ireland, where an attribute says that it comes from there."""
    if not any(lexicons.find(boast.text, ["from"], facts.language)):
        return False
    following = word_behind(text, boast.end, facts.language)
    return any(_is_from(each, facts) for each in following)


def _is_from(token: Token, facts: Facts) -> bool:
    """A place that the source has behind such words, or a material of the whole product: fabricada en TPE."""
    root = root_of(token.lemma, facts.language)
    return root in facts.origins or (is_matter(token.lemma, facts.special, facts.language) and root in facts.whole)


def _words(clause: Clause, text: str, facts: Facts) -> Iterator[Word]:
    return words_of(clause, text, facts.language, facts.special, facts.roots)


def _unsaid_words(clause: Clause, text: str, facts: Facts, wording: bool) -> Iterator[Unsaid]:
    words = list(_words(clause, text, facts))
    is_denied_there = any(word.denied and word.root in facts.denied_roots for word in words)
    start = clause[0].start
    pastimes = [
        (start + each.start, start + each.end)
        for each in lexicons.find(text[start : clause[-1].end], ["pastime"] if wording else [], facts.language)
    ]
    first = next((word for word in words if word.denied), None)
    framed = framed_in(clause, text, facts.language) if wording else set()
    if wording and _belong_together(words, framed, facts):
        framed |= {word.token.start for word in words if links(word.token, facts.language)}
    of_product = _begins_as_made(clause, facts.language)
    can = any(token.written in lexicons.words("can", facts.language) for token in clause)
    for word in words:
        # The gloves are not for this or that; a base that does not slip.
        is_subject = facts.names_product(word.root) or (word is first and word.root in facts.parts)
        if is_denied_there and word.denied and is_subject:
            continue
        if _only_denies(word, clause, facts.language) or denies(word.token, text, facts.language):
            continue
        if any(begin <= word.token.start < end for begin, end in pastimes):
            continue
        written = text[word.token.start : word.token.end]
        if wording and is_measured(word.token, clause, facts.language):
            continue
        unsaid = _unsaid_word(word, written, facts, wording, word.token.start in framed)
        if not unsaid and _is_able_otherwise(word, facts):
            unsaid = Unsaid("unknown_word", f"Your data do not say “{written}”.", written, word.lemma)
        if wording and not unsaid and not can and _is_only_possible(word, facts):
            unsaid = Unsaid("unknown_word", f"Your data do not say “{written}”.", written, word.lemma)
        if wording and not unsaid and of_product and not word.of and _is_of_part(word, facts):
            unsaid = Unsaid("misplaced_fact", f"Your data say “{written}” of a part.", written, word.lemma)
        if unsaid:
            yield unsaid


def _is_only_possible(word: Word, facts: Facts) -> bool:
    """What is recyclable is not recycled, though it can be."""
    written, endings = word.token.written, tuple(lexicons.words("done", facts.language))
    if not endings or not written.endswith(endings) or {word.root, root_of(written, facts.language)} & facts.done:
        return False
    return word.root in facts.roots


def _belong_together(words: Sequence[Word], framed: Set[int], facts: Facts) -> bool:
    """Whether one clause of the source has all the things of a clause, at least two."""
    things = {
        word.root
        for word in words
        if word.root in facts.roots and word.token.start not in framed and not facts.names_product(word.root)
    }
    return len(things) >= _LEAST_TOGETHER and facts.units.have(things)


def _begins_as_made(clause: Clause, language: str) -> bool:
    """Made of wood: what is so is the product."""
    first = next((token for token in clause if not is_function_word(token.lemma, language)), clause[0])
    return first.written in lexicons.words("made", language)


def _is_of_part(word: Word, facts: Facts) -> bool:
    return not word.denied and is_matter(word.lemma, facts.special, facts.language) and word.root not in facts.whole


def _only_denies(word: Word, clause: Clause, language: str) -> bool:
    """The "free" of "free of palm oil"."""
    if word.token.written not in lexicons.words("denies-before", language):
        return False
    following = next((each for each in clause if each.start >= word.token.end), None)
    return following is not None and is_function_word(following.lemma, language)


def denies(token: Token, text: str, language: str) -> bool:
    """Avoid, unsuitable, and the "free" behind a hyphen: what they deny is asked of the words that they deny."""
    written = token.written.replace("’", "'")
    if written in lexicons.words("denies-before", language):
        return text[token.start - 1 : token.start] in HYPHENS
    return written in denying(language)


def _unsaid_denials(clause: Clause, text: str, facts: Facts) -> Iterator[Unsaid]:
    """What is denied has to be denied in the source, whatever is said beside it; and asking denies nothing."""
    words = list(_words(clause, text, facts))
    if facts.lacking and _is_given(clause, text, facts.language):
        for word in words:
            if not word.denied and word.root in facts.lacking:
                told = text[word.token.start : word.token.end]
                yield Unsaid("negation", f"Your data deny “{told}”.", told, word.lemma)
    denied = [word for word in words if word.denied]
    written = [text[word.token.start : word.token.end] for word in denied]
    is_asked = text[clause[-1].end :].lstrip().startswith(("?", "？"))
    if denied and (is_asked or not any(word.root in facts.denied_roots for word in denied)):
        told = " ".join(written)
        yield Unsaid("negation", f"Your data do not deny “{told}”.", told, denied[0].lemma)


def _is_given(clause: Clause, text: str, language: str) -> bool:
    """Whether it says that something is included, and does not deny it."""
    given, denied = lexicons.words("given", language), denied_in(clause, text, language)
    return any(each.written in given for each in clause if id(each) not in denied)


def _unsaid_word(word: Word, written: str, facts: Facts, wording: bool, is_framed: bool) -> Unsaid | None:
    lemma, language, claims = word.lemma, facts.language, facts.is_fact(word.lemma)
    small = word.token.written
    roots = {word.root, root_of(small, language), *_able_roots(small, facts)}
    if language == "es":
        roots |= {root_of(lemma_of(each, language), language) for each in bare_forms(small)}
    known, other = (facts.denied_roots, facts.roots) if word.denied else (facts.roots, facts.denied_roots)
    if not roots.isdisjoint(known):
        message = f"Your data do not say “{written}” of what stands beside it."
        return Unsaid("misplaced_fact", message, written, lemma) if claims and not _is_in_place(word, facts) else None
    # Bebés are babies, and to drink is beber.
    is_denied_claim = claims and not roots.isdisjoint(other)
    if (is_framed and not is_denied_claim) or (not wording and is_neutral(lemma, language)):
        return None
    if not roots.isdisjoint(other):
        message = f"Your data {'do not deny' if word.denied else 'deny'} “{written}”."
        return Unsaid("negation", message, written, lemma)
    if wording and not word.denied and _is_made_of_known(small, facts):
        return None
    return Unsaid("unknown_claim" if claims else "unknown_word", f"Your data do not say “{written}”.", written, lemma)


def _able_roots(written: str, facts: Facts) -> Set[str]:
    """What folds is foldable; but a stack is not stackable: in English, the source has to write a verb."""
    language, stem = facts.language, able_from(written, facts.language)
    if stem == written or (language == "en" and facts.written.isdisjoint(f"{stem}{end}" for end in _ENGLISH_VERBS)):
        return set()
    return {root_of(lemma_of(stem + ending, language), language) for ending in _VERBS[language]}


def _is_able_otherwise(word: Word, facts: Facts) -> bool:
    """A strap that folds is no foldable bag."""
    roots = _able_roots(word.token.written, facts) & facts.roots
    if word.denied or not roots or {word.root, root_of(word.token.written, facts.language)} & facts.roots:
        return False
    return word.of in facts.roots and not any(facts.units.have({root, word.of}) for root in roots)


def _is_made_of_known(written: str, facts: Facts) -> bool:
    """A word of two that the source says; no fact is made of them."""
    return any(
        all(_is_known(half, facts) for half in halves) and facts.says_at_once(*halves)
        for halves in halves_of(written, facts.language)
    )


def _is_known(word: str, facts: Facts) -> bool:
    lemma = lemma_of(word, facts.language)
    root = root_of(lemma, facts.language)
    if facts.is_fact(lemma) or root in facts.denied_roots:
        return root in facts.whole and root not in facts.denied_roots
    return root in facts.roots


def _is_in_place(word: Word, facts: Facts) -> bool:
    """Whether a material, colour or claim stands beside what the source says it of.

    What the title or an attribute says of the product goes with all that names the product.
    """
    if not word.of or word.root not in facts.beside or not facts.beside[word.root].isdisjoint((word.of, word.head)):
        return True
    if word.of not in facts.roots:
        # Green gives a touch: that is no part of the product, and has to pass as a word that frames.
        return True
    is_of_product = facts.names_product(word.of) or (word.of in facts.whole and word.of not in facts.parts)
    return word.root in facts.whole and is_of_product


def _unsaid_number(number: Number, of_piece: Number, facts: Facts, goes_on: bool) -> Unsaid | None:
    written = f"{number.value} {number.unit}".strip()
    known = [each for each in facts.numbers.get(number.value, ()) if each.unit == number.unit]
    if not known:
        return Unsaid("unknown_number", f"Your data do not say “{written}”.", written, number.value)
    known = [each for each in known if each.bound == number.bound]
    # Up to 12 hours are not 12 hours, and neither are over 12 hours.
    if known and _is_of_product(number, of_piece, facts):
        return None
    if any(_is_meant_alike(number, each, goes_on) for each in known):
        return None
    # What stands behind an "and" is of something else.
    if of_piece.told and any(_is_meant_alike(of_piece, each, goes_on) for each in known):
        return None
    return Unsaid("misplaced_fact", f"Your data say “{written}” of something else.", written, number.value)


def _is_only_measured(number: Number, facts: Facts) -> bool:
    """24 cm in diameter, where the source has that as the diameter, and neither names what has it."""
    known = [each for each in facts.numbers[number.value] if (each.unit, each.bound) == (number.unit, number.bound)]
    measures = measure_names(facts.language)
    return number.told <= measures and any(each.told <= measures for each in known)


def _is_bare(number: Number, of_piece: Number, facts: Facts) -> bool:
    """Of a core of foam, 8 cm thick, foam that is 8 cm thick: whether it is of the foam is asked of the piece."""
    known = [each for each in facts.numbers.get(number.value, ()) if each.unit == number.unit]
    alike = [
        each for each in (of_piece, *known) if not each.before and not each.behind and each.bound == number.bound
    ]
    return len(alike) > 1 and alike[0] is of_piece


def _is_of_product(number: Number, of_piece: Number, facts: Facts) -> bool:
    """What the title says goes with all but the parts; what another clause says of the product, with its names."""
    around = of_piece.before | of_piece.behind
    if (number.value, number.unit) in facts.whole_numbers:
        return around.isdisjoint(facts.parts)
    is_of_names = bool(around) and all(map(facts.names_product, around))
    return is_of_names and facts.units.have((number_node(number.value, number.unit), PRODUCT))


def _is_meant_alike(number: Number, known: Number, goes_on: bool) -> bool:
    around, known_around = number.before | number.behind, known.before | known.behind
    if not number.told:
        # Of a clause that goes on, and of one with other numbers, it is known that the source says all in one.
        return goes_on or not known.told or (not around and not number.alone and not known.alone)
    if number.before & known.before or number.behind & known.behind:
        return True
    return known.alone and bool(around & known_around)
