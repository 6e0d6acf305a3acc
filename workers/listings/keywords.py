"""What shoppers search for, from competitors' listings, questions, reviews and imports, and where it may stand.

Phrases of one to four words are weighed by TF-IDF summed over the documents that have them:

    weight = Σ over documents  field × (1 + ln tf) × ln(1 + N / df)

with tf times in a document, df of N documents, and a title counting three times a bullet. The sum grows with df, so
that what a market calls its product comes first, and the logarithm holds back what is in every text of any product.
An imported keyword is one more document's title; its searches a month v raise its weight by 1 + log10(1 + v).
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise, takewhile
from typing import Literal, NamedTuple

from workers.listings import hygiene, lexicons
from workers.listings.amounts import is_unit
from workers.listings.facts import Facts, orders_in
from workers.listings.meanings import NAME_FIRST
from workers.listings.shapes import KeywordUse, ListingText, Material, RankedKeyword
from workers.listings.statements import unsaid_in
from workers.listings.tokens import Clause, clauses_of, content_of, is_function_word, lemma_of, lemmas_of, tokens_of
from workers.listings.vocabulary import is_fact, is_neutral, sounds_like_a_claim

AT_MOST = 40
# Of three, "stainless steel water bottle" would be two halves that nobody searches for.
_LONGEST = 4
# With a function word in between: lunch box for kids.
_LONGEST_WITH_LINKS = 5
_READ = 5_000
_TITLE, _TEXT = 3.0, 1.0
# Who call the product so: one may be alone with it.
_SHOPPERS = 2

_PROPER = re.compile(r"[^\W\d_A-Z][A-Z]")

Kind = Literal["competitor", "question", "review", "imported"]
_PROHIBITED = ("promotion", "superlative", "subjective", "guarantee", "medical", "pesticide", "environment")


@dataclass(slots=True)
class _Phrase:
    """A phrase by its lemmas: how often each document has it, and how it is written."""

    frequencies: Counter[int] = field(default_factory=Counter)
    weights: dict[int, float] = field(default_factory=dict)
    spellings: Counter[str] = field(default_factory=Counter)
    volume: int | None = None
    is_imported: bool = False


@dataclass(frozen=True, slots=True)
class _Document:
    kind: Kind
    parts: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Searches:
    """What shoppers search for, by weight. Most of the work, and the same for all drafts of a listing."""

    documents: tuple[_Document, ...]
    weighed: tuple[tuple[float, _Phrase], ...]


def rank(material: Material, facts: Facts) -> list[RankedKeyword]:
    """The keywords by weight, the most telling first. Equal weights are ordered by their text."""
    return rank_searches(searches_of(material), material, facts)


def searches_of(material: Material) -> Searches:
    """From what others say: of the listing itself, only its brand and category count."""
    documents = tuple(_documents(material))
    phrases = _without_parts(
        {key: each for key, each in _phrases(documents, material).items() if _is_telling(each, len(documents))}
    )
    weighed = [(_weight(phrase, len(documents)), key, phrase) for key, phrase in phrases.items()]
    weighed.sort(key=lambda each: (-each[0], each[1]))
    return Searches(documents, tuple((weight, phrase) for weight, _, phrase in weighed[:AT_MOST]))


def rank_searches(searches: Searches, material: Material, facts: Facts) -> list[RankedKeyword]:
    """`rank`, where the searches are known."""
    best = searches.weighed[0][0] if searches.weighed else 1.0
    vouched = _vouched(searches.documents, material, facts)
    return [_ranked(weight / best, phrase, facts, vouched) for weight, phrase in searches.weighed]


def search_words_of(ranked: Iterable[RankedKeyword], material: Material) -> frozenset[str]:
    """The lemmas that only search terms may have."""
    keywords = (each for each in ranked if each.use == "search_terms")
    return frozenset(lemma for each in keywords for lemma in content_of(each.text, material.language))


def words_about(listing: ListingText, product_title: str, language: str) -> frozenset[str]:
    """The lemmas that say what a product is: of its title, name and category."""
    text = "\n".join((listing.title[:_READ], product_title[:_READ], listing.category))
    return frozenset(lemma for lemma in content_of(text, language) if not is_neutral(lemma, language))


def is_covered(keyword: str, present: frozenset[str] | set[str], language: str) -> bool:
    """Whether all of its words stand in a listing, in any form and order."""
    return present.issuperset(content_of(keyword, language))


def _documents(material: Material) -> Iterator[_Document]:
    """Without texts that give orders to a language model: who writes them writes no keywords."""
    for each in material.competitors:
        texts = (hygiene.plain(text[:_READ]) for text in (each.title, *each.bullets))
        title, *bullets = (text if not orders_in(text, material.language) else "" for text in texts)
        yield _Document("competitor", ((title, _TITLE), *((bullet, _TEXT) for bullet in bullets)))
    others: list[tuple[Kind, Iterable[str], float]] = [
        ("question", material.questions, _TEXT),
        ("imported", (each.text for each in material.keywords), _TITLE),
        # The last ones: they only count what the others say.
        ("review", material.reviews, _TEXT),
    ]
    for kind, texts_of_kind, weight in others:
        for text in texts_of_kind:
            if not orders_in(text[:_READ], material.language):
                yield _Document(kind, ((hygiene.plain(text[:_READ]), weight),))


def _phrases(documents: Iterable[_Document], material: Material) -> dict[tuple[str, ...], _Phrase]:
    brands = _brands(material)
    found: dict[tuple[str, ...], _Phrase] = defaultdict(_Phrase)
    for index, document in enumerate(documents):
        for text, weight in document.parts:
            for grams in _grams_of(text, brands, material.language):
                # What only reviews say is no search.
                if document.kind == "review" and grams.lemmas not in found:
                    continue
                phrase = found[grams.lemmas]
                phrase.frequencies[index] += 1
                phrase.weights[index] = max(weight, phrase.weights.get(index, 0.0))
                phrase.spellings[grams.spelling] += 1
                phrase.is_imported |= document.kind == "imported" and grams.is_all
    _add_volumes(found, material)
    return found


class _Grams(NamedTuple):
    lemmas: tuple[str, ...]
    spelling: str
    # Whether they are all that stands between brands, numbers and marks.
    is_all: bool


# Competitors' texts are those of many listings.
@lru_cache(maxsize=4_000)
def _grams_of(text: str, brands: frozenset[str], language: str) -> tuple[_Grams, ...]:
    return tuple(
        _Grams(
            tuple(token.lemma for token in grams),
            " ".join(token.written for token in grams),
            len(grams) == len(run),
        )
        for clause in clauses_of(text, language)
        for run in _runs(clause, brands)
        for grams in _grams(run, text, language)
    )


def _add_volumes(found: dict[tuple[str, ...], _Phrase], material: Material) -> None:
    for keyword in material.keywords:
        phrase = found.get(tuple(lemmas_of(keyword.text, material.language)))
        if phrase and keyword.volume is not None:
            phrase.volume = max(keyword.volume, phrase.volume or 0)


def _runs(clause: Clause, brands: frozenset[str]) -> Iterator[Clause]:
    """A clause without brands, numbers with their units, and codes, and cut where they stand."""
    run: list[Clause] = [()]
    was_number = False
    for token in clause:
        written = token.written
        is_code = token.is_number or any(character.isdigit() for character in written)
        if is_code or token.lemma in brands or (was_number and is_unit(written)):
            run.append(())
        else:
            run[-1] += (token,)
        was_number = token.is_number
    yield from (each for each in run if each)


def _grams(clause: Clause, text: str, language: str) -> Iterator[Clause]:
    for start in range(len(clause)):
        if is_function_word(clause[start].lemma, language):
            continue
        for end in range(start + 1, min(start + _LONGEST_WITH_LINKS, len(clause)) + 1):
            grams = clause[start:end]
            meant = sum(not is_function_word(token.lemma, language) for token in grams)
            if is_function_word(grams[-1].lemma, language) or meant > _LONGEST:
                continue
            if len(grams) == 1 and (len(grams[0].lemma) < 3 or is_neutral(grams[0].lemma, language)):
                continue
            if not _is_prohibited(text[grams[0].start : grams[-1].end].lower(), language):
                yield grams


@lru_cache(maxsize=50_000)
def _is_prohibited(text: str, language: str) -> bool:
    return any(lexicons.find(text, _PROHIBITED, language))


def _brands(material: Material) -> frozenset[str]:
    names = (material.listing.brand, *material.brands, *(each.brand for each in material.competitors))
    lemmas = {lemma for name in names for lemma in lemmas_of(name[:200], material.language)}
    own = content_of(material.listing.category, material.language)
    # Lumen & Oak: what names the category is not a brand's alone.
    return frozenset(lemma for lemma in lemmas if not is_function_word(lemma, material.language)) - set(own)


def _weight(phrase: _Phrase, documents: int) -> float:
    rarity = math.log(1 + documents / len(phrase.frequencies))
    weight = sum(phrase.weights[index] * (1 + math.log(times)) for index, times in phrase.frequencies.items())
    return weight * rarity * (1 + math.log10(1 + (phrase.volume or 0)))


def _is_telling(phrase: _Phrase, documents: int) -> bool:
    """What one text of several says is its own affair; imports count."""
    return phrase.is_imported or len(phrase.frequencies) > 1 or documents < 3


def _without_parts(phrases: dict[tuple[str, ...], _Phrase]) -> dict[tuple[str, ...], _Phrase]:
    """Without what stands only within a longer phrase: "lunch" where it is always "lunch box"."""
    documents = {key: len(phrase.frequencies) for key, phrase in phrases.items()}
    parts = {part for key, count in documents.items() for part in _parts(key) if documents.get(part) == count}
    return {key: phrase for key, phrase in phrases.items() if phrase.is_imported or key not in parts}


def _parts(key: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for length in range(1, len(key)):
        yield from (key[start : start + length] for start in range(len(key) - length + 1))


def _ranked(weight: float, phrase: _Phrase, facts: Facts, vouched: frozenset[str]) -> RankedKeyword:
    text = min(phrase.spellings, key=lambda spelling: (-phrase.spellings[spelling], spelling))
    use, reason = _use(text, facts, vouched)
    return RankedKeyword(text, round(weight, 4), len(phrase.frequencies), phrase.volume, use, reason)


def _use(text: str, facts: Facts, vouched: frozenset[str]) -> tuple[KeywordUse, str]:
    """Where a keyword may stand without saying what the seller's data do not say."""
    unsaid = list(unsaid_in(text, facts))
    doubtful = [each for each in unsaid if each.kind != "unknown_word" or each.lemma not in vouched]
    if not doubtful:
        return ("search_terms" if unsaid else "anywhere"), ""
    advice = " Add it to them if it is true." if doubtful[0].kind.startswith("unknown") else ""
    return "suggestion", doubtful[0].message + advice


def _vouched(documents: Iterable[_Document], material: Material, facts: Facts) -> frozenset[str]:
    """What competitors call the product, and shoppers or imported keywords do, too: none of it claims.

    An import alone vouches for nothing: tools list whatever shoppers search for who see a competitor's product.
    """
    language = material.language
    shoppers: Counter[str] = Counter()
    for document in documents:
        if document.kind in ("question", "review"):
            shoppers.update(set(_names(document.parts[0][0], language)))
    titles = {lemma for each in material.competitors for lemma in lemmas_of(each.title[:_READ], language)}
    words = {word for word, count in shoppers.items() if count >= _SHOPPERS}
    words |= {name for each in material.keywords if (name := _name(each.text[:_READ], facts))}
    words &= titles - _proper_names(material)
    return frozenset(words) - _claiming(words, material, facts)


def _name(keyword: str, facts: Facts) -> str | None:
    """What names the thing in a keyword that the source says the rest of: "lotion" in "hand lotion for men"."""
    tokens = tokens_of(keyword, facts.language)
    meant = list(takewhile(lambda token: not is_function_word(token.lemma, facts.language), tokens))
    first, rest = (meant[:1], meant[1:]) if facts.language in NAME_FIRST else (meant[-1:], meant[:-1])
    return first[0].lemma if rest and all(token.lemma in facts.said for token in rest) else None


def _proper_names(material: Material) -> set[str]:
    """What is written with a capital within the word: iPhone, AirPods, GaN."""
    words = (word for each in material.competitors for word in re.findall(r"\w{2,60}", each.title[:_READ]))
    return {lemma_of(word, material.language) for word in words if _PROPER.search(word)}


def _names(text: str, language: str) -> Iterator[str]:
    """What shoppers name with "this" or "my": this flask. The box is what it came in."""
    tokens = tokens_of(text, language)
    for token, following in pairwise(tokens):
        is_named = token.written in lexicons.words("naming", language)
        if is_named and following.lemma not in lexicons.words("packaging", language):
            yield following.lemma


def _claiming(words: set[str], material: Material, facts: Facts) -> set[str]:
    language, brands = material.language, _brands(material)
    return {
        word
        for word in words
        if is_fact(word, language)
        or sounds_like_a_claim(word, language)
        or word in brands
        or word in facts.denied
        or not word.isalpha()
        or lemma_of(word, language) != word
        or _is_prohibited(word, language)
    }
