"""The words of each language, from workers/visibility/lexicon. Lines that begin with # are remarks."""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from simplemma import is_known, lemmatize

from workers.visibility.folding import folded

LANGUAGES = ("en", "de", "fr", "es")
# A brand in a sentence is one of these, the n-th of the text the n-th of them. `visible` takes out those of the text.
FIRST_SIGN = 0xE000
# No sign has a case. Where that is told apart nowhere, Python would ask each of the 6,400 for it, at each place.
SIGN = "(?-i:[\ue000-\uf8ff])"
_TO_THE_NEXT = "(?-i:[^.;!?\ue000-\uf8ff])*?"
_FOLDER = Path(__file__).parent / "lexicon"
_STARTS_WITH_A_WORD = re.compile(r"(?:\(\?:)*[a-z]")
_WORD = re.compile(r"[^\W\d_]+")
_ACCENTS = {
    "de": {"a": "ä", "o": "ö", "u": "ü"},
    "fr": {"a": "àâ", "c": "ç", "e": "éèêë", "i": "îï", "o": "ô", "u": "ùûü"},
    "es": {"a": "á", "e": "é", "i": "í", "n": "ñ", "o": "ó", "u": "úü"},
}
# No word of a language has more letters.
_LONGEST = 40
# How much of an answer tells its language.
_BEGINNING = 2_000


@dataclass(frozen=True, slots=True)
class Lexicon:
    language: str
    sections: dict[str, list[str]]

    def words(self, section: str) -> frozenset[str]:
        return _words(self.language, section)

    def pattern(self, section: str) -> re.Pattern[str]:
        """Any of a section's expressions."""
        return _pattern(self.language, section)

    def is_word(self, word: str) -> bool:
        """Whether the language has such a word, whatever else it may be the name of."""
        return any(_is_known(part, self.language) for part in word.lower().split("-"))

    def is_verb(self, word: str, following: str) -> bool:
        """Whether it is a verb's form for one thing: by its infinitive or by what it has behind it."""
        has_object = self.is_word(word) and self.pattern("objects").match(following) is not None
        if self.language == "en":
            return has_object and word.endswith("s")
        infinitive = lemmatize(word, lang=self.language)
        is_finite = infinitive != word and self.pattern("infinitive").fullmatch(infinitive) is not None
        return is_finite or (has_object and word not in self.words("function") | self.words("and"))


@cache
def lexicon(language: str) -> Lexicon:
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in (_FOLDER / f"{language}.txt").read_text("utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1].replace(" ", "").isalpha():
            lines = found.setdefault(line[1:-1], [])
        elif line and not line.startswith("# "):
            lines.append(folded(line))
    return Lexicon(language, found)


@lru_cache(maxsize=10_000)
def _is_known(word: str, language: str) -> bool:
    """Also of words that have lost an accent."""
    if is_known(word, lang=language):
        return True
    accents = _ACCENTS.get(language, {})
    accented = (
        word[:at] + each + word[at + 1 :] for at, letter in enumerate(word) for each in accents.get(letter, "")
    )
    return len(word) <= _LONGEST and any(is_known(each, lang=language) for each in accented)


@cache
def _words(language: str, section: str) -> frozenset[str]:
    return frozenset(lexicon(language).sections[section])


@cache
def _pattern(language: str, section: str) -> re.Pattern[str]:
    between = "|".join(re.escape(word) for word in lexicon(language).sections["between"])
    brand = rf"(?:(?:{between})(?:'\s?|\s))*({SIGN})"
    blame = f"(?:{'|'.join(lexicon(language).sections['negative'])})"
    lines = (line.replace("<negative>", blame) for line in lexicon(language).sections[section])
    expanded = (line.replace("@", brand).replace("~", _TO_THE_NEXT) for line in lines)
    # What an expression ends with is whole words, where an object follows.
    end = r"(?!\w)" if section == "refused after" else ""
    return re.compile("|".join(f"(?:{_guarded(line)}{end})" for line in expanded), re.IGNORECASE)


def _guarded(expression: str) -> str:
    """From the beginning of a word, where the expression begins with one."""
    return rf"(?<!\w){expression}" if _STARTS_WITH_A_WORD.match(expression) else expression


def language_of(text: str, otherwise: str) -> str:
    """The language whose little words the text has most of; the other one where it has too few to tell."""
    words = _WORD.findall(folded(text[:_BEGINNING]).lower())
    counts = {each: sum(word in _words(each, "function") for word in words) for each in LANGUAGES}
    best = max(LANGUAGES, key=lambda each: (counts[each], each == otherwise))
    return best if counts[best] >= 2 and counts[best] > counts.get(otherwise, 0) else otherwise
