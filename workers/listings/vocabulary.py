"""Kinds of words: facts, materials and colours among them, and those that say nothing by themselves."""

from collections.abc import Collection, Iterable
from functools import cache

from workers.listings import lexicons
from workers.listings.tokens import Token, is_function_word, lemma_of


def is_meant(token: Token, language: str) -> bool:
    return not token.is_number and not is_function_word(token.lemma, language)


def is_fact(lemma: str, language: str) -> bool:
    """Whether a word is a material, a colour or a claim: it says something that the product has to have."""
    return lemma in _fact_words(language)


@cache
def _fact_words(language: str) -> frozenset[str]:
    return _listed_words(("material", "colour", "claim"), language)


def _listed_words(sections: Iterable[str], language: str) -> frozenset[str]:
    """In the language and in English, which texts of all languages have words of. Not its false friends: fast."""
    own, english = (
        {word for section in sections for word in lexicons.words(section, each)} for each in (language, "en")
    )
    own |= {lemma_of(word, language) for word in own}
    english |= {lemma_of(word, "en") for word in english}
    return frozenset(own | (english if language == "en" else english - lexicons.words("ordinary", language)))


def is_matter(lemma: str, special: Collection[str], language: str) -> bool:
    """Whether a word is a material or a colour, which one part has and another has not."""
    return lemma in special or lemma in _matter_words(language)


@cache
def _matter_words(language: str) -> frozenset[str]:
    return _listed_words(("material", "colour"), language)


def is_material(lemma: str, special: Collection[str], language: str) -> bool:
    return lemma in special or lemma in _material_words(language)


@cache
def _material_words(language: str) -> frozenset[str]:
    return _listed_words(("material",), language)


def sounds_like_a_claim(lemma: str, language: str) -> bool:
    """By its ending: most words that say how something is have one of a few."""
    return lemma.endswith(tuple(lexicons.words("ending", language)))


def is_neutral(lemma: str, language: str) -> bool:
    return lemma in _neutral_words(language)


@cache
def _neutral_words(language: str) -> frozenset[str]:
    words = lexicons.words("neutral", language)
    # What is a fact in another form stays one: "light" is not neutral because "lights" were.
    return frozenset(words | {lemma_of(word, language) for word in words}) - _fact_words(language)
