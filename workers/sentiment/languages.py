"""The language of a review, from its script, from words that only English has, and from a classifier of n-grams.

Reviews are short, misspelt, shouted and full of brands, which a classifier alone takes for other languages: about one
English title in ten. A few words of English outweigh it; without any, it has to be sure.
"""

import re
from functools import cache

from py3langid.langid import MODEL_FILE, LanguageIdentifier

from workers.sentiment import lexicons, phrases
from workers.sentiment.gibberish import is_gibberish

SUPPORTED = {"en"}
UNKNOWN = "und"

# What is read of a text, in characters.
_READ = 1_000
# Languages of marketplaces, which the classifier tells apart. Norwegian is written as Bokmål here.
# fmt: off
_LANGUAGES = [
    "ar", "bg", "bn", "ca", "cs", "da", "de", "el", "en", "es", "et", "fa", "fi", "fr", "gu", "he", "hi", "hr", "hu",
    "hy", "id", "it", "ja", "ka", "km", "kn", "ko", "lt", "lv", "mk", "ml", "mr", "ms", "my", "ne", "nl", "no", "pa",
    "pl", "pt", "ro", "ru", "si", "sk", "sl", "sq", "sr", "sv", "sw", "ta", "te", "th", "tl", "tr", "uk", "ur", "vi",
    "zh",
]
# fmt: on

# Addresses are written alike in every language.
ADDRESS = re.compile(r"(?:https?://|www\.)\S{1,500}", re.IGNORECASE)
_NOISE = re.compile(r"\S{1,100}@\S{1,100}|\S{0,50}[\d_#{}<>=;\\^]\S{0,50}")
_WORD = re.compile(r"[^\W\d_]{1,40}(?:'[^\W\d_]{1,10})?")
# Only English has these, misspelt or not: doesnt, dosnt, couldn't. One of them is enough. Without their
# apostrophes, don't and won't are words of other languages too.
_CONTRACTED = re.compile(
    r"(?:doe?se?|did[ei]?|is|was|are|were|has|hav|have|had|cou?l?d|wou?l?d|shou?l?d)n'?t|(?:do|ca|wo)n't"
)
_ENOUGH = 2
# So few words have to be telling themselves, or else the marketplace is believed.
_FEW = 2
_SHARE = 0.25


def detect(text: str, declared: str = "") -> str:
    """The ISO 639-1 code of plain text's language, "und" where nothing tells.

    `declared` is what the marketplace says: it decides where the text does not, and never against the text.
    """
    told = _told(text[:_READ])
    return told if told != UNKNOWN else _code(declared)


def _told(text: str) -> str:
    text = ADDRESS.sub(" ", text)
    words = _WORD.findall(text.lower())
    english = sum(word in _english() for word in (each.replace("'", "") for each in words))
    english += sum(_ENOUGH for word in words if word[-1] == "t" and _CONTRACTED.fullmatch(word))
    if english >= _ENOUGH and english >= _SHARE * len(words):
        return "en"
    words = _WORD.findall(_NOISE.sub(" ", text.lower()))
    if not words:
        return "en" if english else UNKNOWN
    if is_gibberish(words):
        return UNKNOWN
    if not text.isascii() and _is_mostly_of_other_scripts(words):
        return _classified(words)[0]
    return _of_latin_script(words, english)


def _of_latin_script(words: list[str], english: int) -> str:
    language, confidence = _classified(words)
    if not english and (known := _known_abroad(words)):
        return language if language in known else min(known)
    if language == "en" and (english or len(words) > _FEW):
        return "en"
    return language if confidence >= _needed(len(words), english) else "en" if english else UNKNOWN


def _classified(words: list[str]) -> tuple[str, float]:
    language, confidence = _identifier().classify(" ".join(words))
    return str(language), float(confidence)


def _needed(words: int, english: int) -> float:
    """How sure the classifier has to be of another language: surer with fewer words, and against words of English."""
    if english:
        return 0.75
    return 0.5 if words == 1 else 0.3


def _is_mostly_of_other_scripts(words: list[str]) -> bool:
    letters = "".join(words)
    return sum(letter > "\u02ff" for letter in letters) * 2 > len(letters)


def _code(declared: str) -> str:
    """en_US, EN-us and English's own code are en."""
    code = re.split(r"[-_]", declared.strip().lower())[0]
    return code if re.fullmatch(r"[a-z]{2}", code) else UNKNOWN


def _known_abroad(words: list[str]) -> set[str]:
    """The languages of the words that are frequent in short reviews of other languages.

    One or two that are written in many languages ("Super!!!") are of none of them.
    """
    telling = [word for word in words if len(words) > _FEW or word not in _anywhere()]
    return {language for word in telling for language in _abroad().get(word, ())}


@cache
def _english() -> frozenset[str]:
    more = [phrases.words_of_lexicon(name) for name in ("aspects.txt", "opinions.txt")]
    more += map(set, lexicons.groups("spelling.txt").values())
    own = lexicons.words_of_section("english.txt", "english")
    return frozenset(own.union(*more) - lexicons.words_of_section("english.txt", "shared"))


@cache
def _anywhere() -> frozenset[str]:
    return frozenset(lexicons.words_of_section("foreign.txt", "anywhere"))


@cache
def _abroad() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for language in lexicons.sections("foreign.txt").keys() - {"anywhere"}:
        for word in lexicons.words_of_section("foreign.txt", language):
            found.setdefault(word, set()).add(language)
    return found


@cache
def _identifier() -> LanguageIdentifier:
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LANGUAGES)
    return identifier
