"""Words that say nothing of a product by themselves, known in any of their forms by their roots."""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

import Stemmer

from workers.listings import lexicons
from workers.listings.tokens import lemma_of

_STEMMERS = {
    "en": "english", "de": "german", "fr": "french", "es": "spanish", "it": "italian", "pt": "portuguese",
    "nl": "dutch", "sv": "swedish", "da": "danish", "nb": "norwegian", "fi": "finnish", "hu": "hungarian",
    "ro": "romanian", "tr": "turkish",
}  # fmt: skip
# What French writes before a word that begins with a vowel, and Spanish behind a verb.
_BEFORE = re.compile(r"(?:[cdjlmnst]|qu)['’](?=\w)", re.IGNORECASE)
_BEHIND = re.compile(r"(?<=[aeiouáéírdn])(?:te|me|se|nos|los|las|les|lo|la|le)\Z")
_ACCENTS = str.maketrans("áéíóú", "aeiou")
# What stands between the words of which German makes one.
_LINKS = ("", "s", "n", "en", "es", "er")
_SHORTEST_PART = 4


@lru_cache(maxsize=100_000)
def root_of(lemma: str, language: str) -> str:
    """The stem of a lemma: weich of weiche, which the dictionary has for a word of its own."""
    stemmer = _stemmer(language)
    lemma = _BEFORE.sub("", lemma) if language == "fr" else lemma
    return str(stemmer.stemWord(lemma)) if stemmer else lemma


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name, maxCacheSize=0) if name else None


def is_ordinary(written: str, language: str) -> bool:
    return _is_listed(written.lower().replace("’", "'"), "ordinary", language)


def is_trouble(written: str, language: str) -> bool:
    """What may be denied although nobody has said it: without hassle."""
    return _is_listed(written.lower().replace("’", "'"), "trouble", language)


@lru_cache(maxsize=100_000)
def _is_listed(word: str, section: str, language: str) -> bool:
    roots = _roots(section, language)
    return any(
        form in roots or root_of(form, language) in roots or root_of(lemma_of(form, language), language) in roots
        for form in _forms(word, language)
    )


def _forms(word: str, language: str) -> Iterator[str]:
    yield word
    if language == "en" and word.endswith("ly"):
        yield word.removesuffix("ly")
        yield f"{word.removesuffix('ily')}y"
    if language == "fr":
        yield _BEFORE.sub("", word)
    if language == "es" and len(word) > _SHORTEST_PART:
        yield word.translate(_ACCENTS)
        bare = _BEHIND.sub("", _BEHIND.sub("", word))
        yield bare
        yield bare.translate(_ACCENTS)


@cache
def _roots(section: str, language: str) -> frozenset[str]:
    words = lexicons.words(section, language)
    lemmas = {lemma_of(word, language) for word in words}
    return frozenset(words | {root_of(each, language) for each in words | lemmas})


def halves_of(word: str, language: str) -> Iterator[tuple[str, str]]:
    """How German may have made one word of two: Küchenmesser is Küche and Messer, or Küchen and Messer."""
    if language != "de" or len(word) < 2 * _SHORTEST_PART:
        return
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        first, last = word[:place], word[place:]
        for link in _LINKS:
            if first.endswith(link) and len(first) - len(link) >= _SHORTEST_PART - 1:
                yield first.removesuffix(link), last
