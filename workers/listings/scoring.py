"""A listing's score from 0 to 100, and its parts.

    total = 100 × Σ weight × value ÷ Σ weight, over the parts that there is something to judge by

rules         exp(−(errors + 0.4 × warnings) ÷ 6), where a rule that a text breaks counts once for that text
keywords      the share of the keywords' weights that the texts have; keywords that the seller's data do not allow are
              not asked for
completeness  the mean of how near the texts, bullets, attributes and pictures come to what the marketplace's rules
              call complete
readability   readability.py
benefits      how many bullets (sentences, where a marketplace has no bullets) say what a buyer has of it, of three
reviews       the share of what customers praise, and of complaints about the size, that the texts speak of; each
              counts ln(1 + reviews)

Every part only rises, or stays, when a violation is taken away, a keyword gets in, or a text, bullet or attribute is
added; a text may be harder to read than what stood there alone.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from workers.listings import hygiene, lexicons
from workers.listings.keywords import is_covered
from workers.listings.readability import readability
from workers.listings.rulebook import Rules
from workers.listings.shapes import Evidence, ListingText, Part, RankedKeyword, Score, ScorePart, Violation
from workers.listings.tokens import READ, content_of, lemma_of, lemmas_of, sentences_of, tokens_of

WEIGHTS: dict[ScorePart, float] = {
    "rules": 30,
    "keywords": 25,
    "completeness": 20,
    "readability": 10,
    "benefits": 8,
    "reviews": 7,
}
_WARNING = 0.4
_PATIENCE = 6.0
_BENEFITS = 3


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What a listing is judged by beside its texts."""

    rules: Rules
    language: str
    keywords: tuple[RankedKeyword, ...] = ()
    evidence: tuple[Evidence, ...] = ()


def score(listing: ListingText, violations: Iterable[Violation], by: Yardstick) -> Score:
    texts = _Texts(listing, by)
    values: dict[ScorePart, tuple[float | None, str]] = {
        "rules": _rules(violations),
        "keywords": _keywords(texts, by),
        "completeness": _completeness(texts, by.rules),
        "readability": _readability(texts, by.language),
        "benefits": _benefits(texts, by),
        "reviews": _reviews(texts, by),
    }
    judged = sum(weight for name, weight in WEIGHTS.items() if values[name][0] is not None)
    parts = tuple(_part(name, weight, *values[name], judged) for name, weight in WEIGHTS.items())
    return Score(round(sum(part.points for part in parts), 1), parts)


def _part(name: ScorePart, weight: float, value: float | None, says: str, judged: float) -> Part:
    return Part(name, weight, value, 100 * weight * (value or 0.0) / judged, says)


class _Texts:
    """A listing's texts as shoppers read them: plain, and only those that the marketplace has."""

    def __init__(self, listing: ListingText, by: Yardstick) -> None:
        has = by.rules.fields
        self.listing = listing
        self.title = hygiene.plain(listing.title[:READ])
        bullets = listing.bullets if "bullets" in has else ()
        # One that is said twice is read once.
        self.bullets = list(dict.fromkeys(hygiene.plain(each[:READ]) for each in bullets if each.strip()))
        self.description = hygiene.plain(listing.description[:READ])
        self.search_terms = listing.search_terms[:READ] if "search_terms" in has else ""
        self.sentences = sentences_of(self.description)
        visible = "\n".join((self.title, *self.bullets, self.description))
        self.visible = frozenset(lemmas_of(visible, by.language))
        self.indexed = self.visible | frozenset(lemmas_of(self.search_terms, by.language))


def _rules(violations: Iterable[Violation]) -> tuple[float, str]:
    broken = {(each.field, each.bullet, each.rule): each.severity for each in violations}
    errors = sum(severity == "error" for severity in broken.values())
    warnings = len(broken) - errors
    says = f"{_number(errors, 'error')} and {_number(warnings, 'warning')} by the marketplace's rules."
    return math.exp(-(errors + _WARNING * warnings) / _PATIENCE), says


def _keywords(texts: _Texts, by: Yardstick) -> tuple[float | None, str]:
    usable = [each for each in by.keywords if each.use != "suggestion"]
    whole = sum(each.weight for each in usable)
    if not whole:
        return None, "There are no keywords: import competitors' listings or keywords."
    covered = [each for each in usable if is_covered(each.text, texts.indexed, by.language)]
    says = f"{len(covered)} of {_number(len(usable), 'keyword')} stand in the texts."
    return sum(each.weight for each in covered) / whole, says


def _completeness(texts: _Texts, rules: Rules) -> tuple[float, str]:
    shares = dict(_shares(texts, rules))
    missing = [name.replace("_", " ") for name, share in shares.items() if share < 1]
    says = f"More would be read of: {', '.join(missing)}." if missing else "Nothing is missing."
    return sum(shares.values()) / len(shares), says


def _shares(texts: _Texts, rules: Rules) -> Iterator[tuple[str, float]]:
    wanted = rules.complete
    for name, length in (
        ("title", len(texts.title)),
        ("bullets", len(texts.bullets)),
        ("description", len(texts.description)),
        ("search_terms", len(texts.search_terms)),
        ("attributes", sum(bool(value.strip()) for value in texts.listing.attributes.values())),
        ("images", texts.listing.images),
    ):
        if name in wanted and length is not None:
            yield name, min(1.0, length / wanted[name])
    if "bullets" in rules.fields:
        longest = sorted((min(1.0, len(each) / wanted["bullet"]) for each in texts.bullets), reverse=True)
        yield "length of bullets", sum(longest[: wanted["bullets"]]) / wanted["bullets"]


def _readability(texts: _Texts, language: str) -> tuple[float | None, str]:
    value = readability([*texts.bullets, *texts.sentences], language)
    if value is None:
        return None, "There is no formula of readability for the language."
    return (
        value,
        "The texts read easily." if value >= 0.75 else "Shorter sentences and words would be easier to read.",
    )


def _benefits(texts: _Texts, by: Yardstick) -> tuple[float, str]:
    noun, read = ("bullet", texts.bullets) if "bullets" in by.rules.fields else ("sentence", texts.sentences)
    count = sum(says_a_benefit(text, by.language) for text in read)
    says = f"{_number(count, noun)} {'says' if count == 1 else 'say'} what a buyer has of it."
    return min(1.0, count / _BENEFITS), says


def says_a_benefit(text: str, language: str) -> bool:
    words = {token.written for token in tokens_of(text, language)}
    return not words.isdisjoint(lexicons.words("benefit", language))


def _reviews(texts: _Texts, by: Yardstick) -> tuple[float | None, str]:
    asked = [each for each in by.evidence if each.polarity == "positive" or _asks_for_the_size(each)]
    whole = sum(map(_heaviness, asked))
    if not whole:
        return None, "No reviews were analysed."
    answered = [each for each in asked if speaks_of(each, texts.visible, by.language)]
    says = f"The texts speak of {len(answered)} of {len(asked)} things that customers write about."
    return sum(map(_heaviness, answered)) / whole, says


def _asks_for_the_size(evidence: Evidence) -> bool:
    """A complaint that a listing can answer: those of the other aspects need another product."""
    return evidence.polarity == "negative" and evidence.aspect == "size_fit"


def _heaviness(evidence: Evidence) -> float:
    return math.log1p(max(0, evidence.count))


def speaks_of(evidence: Evidence, present: frozenset[str], language: str) -> bool:
    """Whether texts have a word of the aspect, or most words of the quote."""
    if not present.isdisjoint(aspect_lemmas(evidence.aspect, language)):
        return True
    quote = set(content_of(evidence.quote[:READ], language))
    return bool(quote) and 2 * len(quote & present) > len(quote)


@cache
def aspect_lemmas(aspect: str, language: str) -> frozenset[str]:
    words = lexicons.groups("aspect", language).get(aspect, frozenset())
    return frozenset(words | {lemma_of(word, language) for word in words})


def _number(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count} {noun}s"
