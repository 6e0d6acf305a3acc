"""Whether a proposed text says only what the seller's own data say, whoever wrote it.

A changed text is refused unless every word in it stands in the source, in any of its forms, or only frames what it
says (`framing`); every number, material, colour and claim stands there for the same thing; and what is denied there
stays denied. Any other word is taken for a fact. So nothing that a review, a competitor or a language model brings in
can become one, in any language or script. What denies is known by lists: `lexicons.LISTED` are the languages of which
all is known, and in no other one does an assistant write.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from workers.listings import hygiene
from workers.listings.amounts import numbers_of
from workers.listings.checking import check
from workers.listings.facts import Facts, facts_of, orders_in
from workers.listings.keywords import rank, search_words_of
from workers.listings.meanings import words_of
from workers.listings.rephrasing import readings
from workers.listings.rulebook import Rules
from workers.listings.shapes import FIELDS, Field, ListingText, Material, Problem
from workers.listings.statements import unlike_in, unsaid_in
from workers.listings.tokens import clauses_of, lemmas_of, tokens_of

_UNCHANGED = ("attributes", "category", "brand", "images")


@dataclass(frozen=True, slots=True)
class Source:
    """A listing, what its product's data say, and the words that may stand in its search terms beside those."""

    listing: ListingText
    facts: Facts
    search_words: frozenset[str]


def source_of(material: Material) -> Source:
    facts = facts_of(material)
    return Source(material.listing, facts, search_words_of(rank(material, facts), material))


def validate(proposed: ListingText, source: Source) -> list[Problem]:
    """Why the proposed texts are refused; empty if all of them may be used. Texts that stay as they are pass."""
    current = source.listing
    if any(getattr(proposed, name) != getattr(current, name) for name in _UNCHANGED):
        message = "The brand, category, attributes and pictures are not to be changed."
        return [Problem("description", "changed_facts", message, "")]
    return [problem for field in FIELDS for problem in _of_field(field, proposed, source)]


def refusals(material: Material, rules: Rules, proposed: ListingText) -> list[Problem]:
    """Why texts of a language model are not used: what `validate` finds, and errors by the rules that are new."""
    return refusals_by(source_of(material), material, rules, proposed)


def refusals_by(source: Source, material: Material, rules: Rules, proposed: ListingText) -> list[Problem]:
    problems = validate(proposed, source)
    before = {(each.field, each.rule) for each in check(material.listing, rules, material.language)}
    for each in check(proposed, rules, material.language):
        if each.severity == "error" and (each.field, each.rule) not in before:
            problems.append(Problem(each.field, "rule", each.message, ""))
    return problems


def _of_field(field: Field, proposed: ListingText, source: Source) -> Iterator[Problem]:
    if field == "bullets":
        for bullet in proposed.bullets:
            if bullet not in source.listing.bullets:
                yield from _of_text(field, bullet, source)
        return
    text, current = getattr(proposed, field), getattr(source.listing, field)
    if text == current:
        return
    if field == "search_terms" and not text.strip():
        return
    yield from _of_text(field, text, source)


def _of_text(field: Field, text: str, source: Source) -> Iterator[Problem]:
    if not tokens_of(hygiene.plain(text), source.facts.language):
        # Marks alone: an answer that had a key, which is taken out of whatever is stored, is an ellipsis.
        yield Problem(field, "empty", "The proposal has no word.", text[:80])
    yield from _unclean(field, text, _current(field, source.listing))
    plain = hygiene.plain(text)
    for order in orders_in(plain, source.facts.language):
        if order.text not in _current(field, source.listing):
            yield Problem(field, "prohibited", "It speaks to a language model, not to shoppers.", order.text[:80])
    if field == "search_terms":
        yield from _of_search_terms(plain, source)
        return
    unsaid = list(unsaid_in(plain, source.facts, wording=True))
    if unsaid and any(_is_said(reading, source.facts) for reading in readings(plain, source.facts)):
        return
    for each in unsaid:
        yield Problem(field, each.kind, each.message, each.text)


def _is_said(text: str, facts: Facts) -> bool:
    return next(unsaid_in(text, facts, wording=True), None) is None


def _current(field: Field, listing: ListingText) -> str:
    return "\n".join(listing.bullets) if field == "bullets" else getattr(listing, field)


def _unclean(field: Field, text: str, current: str) -> Iterator[Problem]:
    """What has no place in a text, or has one only because it stood there before."""
    if hidden := hygiene.HIDDEN.search(text):
        message = "It has a character that nobody sees."
        yield Problem(field, "hidden_characters", message, f"U+{ord(hidden[0]):04X}")
    for match in hygiene.DECORATION.finditer(text):
        if match[0] not in current:
            yield Problem(field, "hidden_characters", "It is decorated.", match[0])
    for start, end in hygiene.markup(text):
        if text[start:end] not in current and not hygiene.FORMATTING.fullmatch(text, start, end):
            yield Problem(field, "markup", "It has markup that the source has not.", text[start:end][:80])
    for pattern in hygiene.CONTACTS:
        for match in pattern.finditer(text):
            if match[0] not in current:
                message = "It has a price, an address or a number to call."
                yield Problem(field, "contact", message, match[0][:80])


def _of_search_terms(text: str, source: Source) -> Iterator[Problem]:
    """A bag of words: each has to be the source's, or one that shoppers have for the product."""
    facts = source.facts
    kept = set(lemmas_of(source.listing.search_terms, facts.language))
    for unlike in unlike_in(text, facts, uses=False):
        yield Problem("search_terms", unlike.kind, unlike.message, unlike.text)
    for clause in clauses_of(text, facts.language):
        for word in words_of(clause, text, facts.language):
            if word.lemma not in facts.said | source.search_words | kept:
                written = text[word.token.start : word.token.end]
                message = f"“{written}” says more of the product than the source."
                yield Problem("search_terms", "unknown_word", message, written)
        for number in numbers_of(clause, text, facts.language):
            if number.value not in facts.numbers and number.value not in kept:
                yield Problem(
                    "search_terms", "unknown_number", f"“{number.value}” is not in the source.", number.value
                )
