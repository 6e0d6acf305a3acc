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
_ABLE = {
    "en": re.compile(r"(?<=\w{3})[ai]ble\Z"),
    "de": re.compile(r"(?<=\w{3})bar(?:e[nrms]?)?\Z"),
    "fr": re.compile(r"(?<=\w{3})[ai]bles?\Z"),
    "es": re.compile(r"(?<=\w{3})[ai]bles?\Z"),
}
# What stands between the words of which German makes one.
_LINKS = ("", "s", "n", "en", "es", "er")
_SHORTEST_PART = 4


@lru_cache(maxsize=100_000)
def root_of(lemma: str, language: str) -> str:
    """The stem of a lemma, or of what means the same: weich of weiche, which the dictionary has as its own word."""
    stemmer = _stemmer(language)
    lemma = _BEFORE.sub("", lemma) if language == "fr" else lemma
    root = str(stemmer.stemWord(lemma)) if stemmer else lemma
    return _same(language).get(root, root)


@cache
def _same(language: str) -> dict[str, str]:
    """Roots of words that mean the same of any product, by the root of the first of them: kid and child."""
    stemmer = _stemmer(language)
    if stemmer is None or language not in lexicons.LISTED:
        return {}
    groups = ([str(stemmer.stemWord(word)) for word in line.split()] for line in lexicons.lines("same", language))
    return {root: group[0] for group in groups for root in group[1:]}


@cache
def _stemmer(language: str) -> Stemmer.Stemmer | None:
    name = _STEMMERS.get(language)
    return Stemmer.Stemmer(name, maxCacheSize=0) if name else None


def is_ordinary(written: str, language: str) -> bool:
    return _is_listed(written.lower().replace("’", "'"), "ordinary", language)


def is_setting(written: str, language: str) -> bool:
    """What stands around a product where it is used: a shelf, a coat, soup."""
    return _is_listed(written.lower().replace("’", "'"), "setting", language)


@lru_cache(maxsize=100_000)
def _is_listed(word: str, section: str, language: str) -> bool:
    words, roots = _words(section, language), _roots(section, language)
    # Of a word that is nothing but an ending, nothing is left.
    forms = set(filter(None, _forms(word, language)))
    lemmas = {lemma_of(form, language) for form in forms}
    if not words.isdisjoint(forms | lemmas):
        return True
    # Of "remove", what is removable is another thing, and so is a remover.
    if word.endswith(_abilities(language)):
        return False
    return any(root_of(each, language) in roots for each in forms | lemmas)


@cache
def _abilities(language: str) -> tuple[str, ...]:
    return tuple(lexicons.words("ability", language))


def _forms(word: str, language: str) -> Iterator[str]:
    yield word
    if language == "en" and word.endswith("ly"):
        yield word.removesuffix("ly")
        yield f"{word.removesuffix('ily')}y"
    if language == "fr":
        yield _BEFORE.sub("", word)
    if language == "es":
        yield word.translate(_ACCENTS)
        yield from bare_forms(word)


def bare_forms(word: str) -> Iterator[str]:
    """A Spanish word without the pronouns at its end, and without the accent that they give it."""
    if len(word) > _SHORTEST_PART:
        bare = _BEHIND.sub("", _BEHIND.sub("", word))
        yield bare
        yield bare.translate(_ACCENTS)


@cache
def _words(section: str, language: str) -> frozenset[str]:
    words = lexicons.words(section, language)
    return frozenset(words | {lemma_of(word, language) for word in words})


@cache
def _roots(section: str, language: str) -> frozenset[str]:
    return frozenset(root_of(each, language) for each in _words(section, language))


def able_from(word: str, language: str) -> str:
    """What can be done with what is so: wash of washable. The word itself, if it has no such ending."""
    ending = _ABLE.get(language)
    return ending.sub("", word) if ending else word


def halves_of(word: str, language: str) -> Iterator[tuple[str, str]]:
    """How German may have made one word of two: Küchenmesser is Küche and Messer, or Küchen and Messer."""
    if language != "de" or len(word) < 2 * _SHORTEST_PART:
        return
    for place in range(_SHORTEST_PART, len(word) - _SHORTEST_PART + 1):
        first, last = word[:place], word[place:]
        for link in _LINKS:
            if first.endswith(link) and len(first) - len(link) >= _SHORTEST_PART - 1:
                yield first.removesuffix(link), last
