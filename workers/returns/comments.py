"""A customer's comment as it is read: plain text, its language, and whether it says anything at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from workers.returns.ngrams import words
from workers.returns.reasons import REASONS, Reason
from workers.sentiment import cleaning, languages
from workers.sentiment.cleaning import Cleaned

# Characters that are read of a comment. Amazon's form takes some hundred.
READ = 4_000
# Comments whose language is remembered: many customers write the same. Longer ones differ, and would fill the memory.
REMEMBERED, LONGEST_REMEMBERED = 20_000, 200
_LETTERS = re.compile(r"[^\W\d_]{2}|[a-z]'", re.IGNORECASE)
_ASCII_LETTERS = re.compile("[A-Za-z]{2}")

# What customers write where they have to write something, as `words` gives it.
EMPTY = frozenset(
    """
    na|n a|n|x|xx|no|yes|ok|okay|none|nil|null|nothing|nothing else|nope|other|other reason|unknown|not applicable
    idk|i dont know|dont know|not sure|no comment|no comments|no reason|no reason given|see above|see below|as above
    see comment|see comments|see note|see notes|see attached|see photo|see photos|see pictures|same|same as above
    same reason|test|testing|return|returned|returning|return item|return this|please return|refund|refund please
    please refund|thanks|thank you|thx|hi|hello|just because|because|reason|comment|comments|customer return|misc
    various
    """.strip()
    .replace("\n    ", "|")
    .split("|")
)

# Whole comments that say less than they seem to: beside a code that names one of these reasons, it decides.
_DO_NOT = ("didnt", "dont", "doesnt", "does not", "did not", "do not", "dosnt", "wont", "not")
_DISLIKES = (
    "like",
    "like it",
    "like this",
    "want",
    "want it",
    "happy",
    "happy with it",
    "happy with this",
    "satisfied",
)
VAGUE: Mapping[str, tuple[Reason, ...]] = {
    f"{negation} {verb}": meanings
    for negation in _DO_NOT
    for verbs, meanings in (
        (_DISLIKES, REASONS),
        (("fit", "fit me", "fit well", "fit right"), (Reason.TOO_SMALL, Reason.TOO_LARGE, Reason.NOT_COMPATIBLE)),
    )
    for verb in verbs
}


@dataclass(frozen=True, slots=True)
class Comment:
    stored: str
    cleaned: Cleaned
    text: str
    """One line of plain text."""
    language: str
    """ISO 639-1, "und" where nothing tells."""

    @property
    def is_readable(self) -> bool:
        """Whether it says something in a language that the classifier knows, or in none that can be told."""
        return bool(self.text) and (
            self.language in languages.SUPPORTED
            or (self.language == languages.UNKNOWN and bool(_ASCII_LETTERS.search(self.text)))
        )


def read(stored: str) -> Comment:
    cleaned = cleaning.clean(stored, READ)
    text = " ".join(cleaned.text.split())
    if not says_something(text):
        return Comment(stored, cleaned, "", languages.UNKNOWN)
    return Comment(stored, cleaned, text, language(text))


def says_something(text: str) -> bool:
    """Whether it has a word, and is not one of the ways to say nothing."""
    return bool(_LETTERS.search(text)) and _said(text) not in EMPTY


def vague_meanings(text: str) -> tuple[Reason, ...]:
    """The reasons that a comment may mean that says no more than that something is not liked or does not fit."""
    return VAGUE.get(_said(text).removeprefix("i ").removeprefix("it "), ())


def _said(text: str) -> str:
    return " ".join(word for word in words(text) if word.isalnum())


def language(text: str) -> str:
    return _remembered_language(text) if len(text) <= LONGEST_REMEMBERED else languages.detect(text)


_remembered_language = lru_cache(REMEMBERED)(languages.detect)
