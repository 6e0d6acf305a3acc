"""The service's own answer to a shopper's question: the products whose texts fit it best.

BM25F (Robertson, Zaragoza and Taylor, CIKM 2004): a word counts by the field in which it stands, then saturates over
all fields together. Words are stems, and one that no product has is taken for the nearest that some have.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from heapq import nsmallest
from math import log

import Stemmer
from rapidfuzz import fuzz, process

from workers.visibility.asking import words_of_templates
from workers.visibility.folding import folded
from workers.visibility.lexicons import lexicon
from workers.visibility.names import Names
from workers.visibility.shapes import Brand, Mention

# How much a word of a field counts.
WEIGHTS = {"title": 3.0, "category": 3.0, "brand": 2.0, "attributes": 1.5, "bullets": 1.0, "description": 0.5}
SATURATION, LENGTH = 1.2, 0.75
SHOWN = 5
# Shorter words are another word with every letter that changes; a word has to be this like one that is known.
_SHORTEST_TYPO, _ALIKE = 5, 82
# A word that was guessed counts less than one that was written.
_GUESSED = 0.7
_STEMMERS = {"en": "english", "de": "german", "fr": "french", "es": "spanish"}
_WORD = re.compile(r"[^\W_]{2,}")
_MARKUP = re.compile(r"<[^<>]{0,200}>|[*_#`|\[\]<>]|https?://\S+")
_LONGEST_TITLE, _LONGEST_REASON = 120, 160


@dataclass(frozen=True, slots=True)
class Product:
    """What is known of a product, of the seller's or a competitor's: texts by the names in WEIGHTS."""

    id: str
    title: str
    brand: str
    fields: Mapping[str, str]
    # Its page, if that is known.
    url: str = ""


@dataclass(frozen=True, slots=True)
class Ranked:
    product: Product
    score: float


class Index:
    """Products, ready to be asked for."""

    def __init__(self, products: Sequence[Product], language: str) -> None:
        self._products, self._language = products, language
        weighted = [_weighted(product, language) for product in products]
        lengths = [sum(counts.values()) for counts in weighted]
        mean = sum(lengths) / len(lengths) if lengths else 1.0
        self._postings: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for number, (counts, length) in enumerate(zip(weighted, lengths, strict=True)):
            norm = SATURATION * (1 - LENGTH + LENGTH * length / (mean or 1.0))
            for stem, count in counts.items():
                self._postings[stem].append((number, count / (count + norm)))
        self._known = list(self._postings)

    def ranked(self, question: str, most: int = SHOWN) -> list[Ranked]:
        """The best products first; of equal ones, the first by id. Empty where none has a word of the question."""
        scores: dict[int, float] = defaultdict(float)
        for stem, weight in self._asked(question).items():
            postings = self._postings[stem]
            rarity = log(1 + (len(self._products) - len(postings) + 0.5) / (len(postings) + 0.5))
            for number, part in postings:
                scores[number] += weight * rarity * part
        best = nsmallest(most, scores, key=lambda number: (-scores[number], self._products[number].id))
        return [Ranked(self._products[number], scores[number]) for number in best]

    def _asked(self, question: str) -> dict[str, float]:
        """The stems of the question that some product has, with their weights."""
        found: dict[str, float] = {}
        for word in dict.fromkeys(_words(question)):
            stem = _stem(word, self._language)
            if stem in self._postings:
                found[stem] = 1.0
            elif guess := self._nearest(stem):
                found.setdefault(guess, _GUESSED)
        little = lexicon(self._language).words("function") | words_of_templates(self._language)
        telling = {stem: weight for stem, weight in found.items() if stem not in _stemmed(little, self._language)}
        return telling or found

    def _nearest(self, stem: str) -> str | None:
        if len(stem) < _SHORTEST_TYPO:
            return None
        nearest = process.extractOne(stem, self._known, scorer=fuzz.ratio, score_cutoff=_ALIKE)
        return nearest[0] if nearest else None


def answer_of(found: Sequence[Ranked]) -> str:
    """A numbered list, as an assistant would write it, with nothing but what the products' own texts say."""
    return "\n".join(f"{place}. {line_of(each.product)}" for place, each in enumerate(found, start=1))


def mentions_of(found: Sequence[Ranked], brands: Sequence[Brand], language: str) -> list[Mention]:
    """The brands of the products, each at the rank of its first one.

    By what is known of the products, and not by reading the list: a listing may say of others whatever it likes.
    """
    names, words = Names(brands), lexicon(language)
    mentions: dict[int, Mention] = {}
    for position, each in enumerate(found, start=1):
        maker = folded(each.product.brand or each.product.title)
        for place in names.places(maker, words):
            brand = brands[place.brand].name
            mentions.setdefault(place.brand, Mention(brand, position, line_of(each.product), "neutral"))
    return list(mentions.values())


def _weighted(product: Product, language: str) -> dict[str, float]:
    """How often a product has each stem, by the weights of the fields."""
    found: dict[str, float] = defaultdict(float)
    for field, weight in WEIGHTS.items():
        for word, count in Counter(_words(product.fields.get(field, ""))).items():
            found[_stem(word, language)] += weight * count
    return found


def _words(text: str) -> list[str]:
    return _WORD.findall(folded(_MARKUP.sub(" ", text)).lower())


@lru_cache(200_000)
def _stem(word: str, language: str) -> str:
    return str(_stemmer(language).stemWord(word))


@cache
def _stemmer(language: str) -> Stemmer.Stemmer:
    # Its own cache is sorted each time that it is full, which takes minutes for 20,000 listings.
    return Stemmer.Stemmer(_STEMMERS[language], maxCacheSize=0)


@cache
def _stemmed(words: frozenset[str], language: str) -> frozenset[str]:
    return frozenset(_stem(word, language) for word in words)


def line_of(product: Product) -> str:
    """One line: the brand, unless the title names it, the title, and what the listing says first."""
    title = _plain(product.title, _LONGEST_TITLE)
    brand = "" if folded(product.brand).lower() in folded(title).lower() else f"{_plain(product.brand, 60)} "
    reason = _plain(product.fields.get("bullets", ""), _LONGEST_REASON)
    return f"{brand}{title} – {reason}" if reason else f"{brand}{title}"


def _plain(text: str, longest: int) -> str:
    """On one line and without markup: a listing says what it says, and not where the list ends."""
    shown = " ".join(_MARKUP.sub(" ", text).split())
    return shown if len(shown) <= longest else f"{shown[: longest - 1].rstrip()}…"
