"""A customer's comment as it is read: plain text, its language, and whether it says anything at all."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from workers.returns.denials import without_denied
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
_MARKS = " .,;:!?-–—"
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}", re.IGNORECASE)

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

# Comments of nothing but these praise: whatever was the reason, it is not in them.
_PRAISING = frozenset(
    """
    the this that it its is was are a an i we my all very really so just as item items product products thing
    everything good great nice fine perfect perfectly excellent awesome amazing beautiful lovely wonderful love loved
    like liked likes works working well okay ok happy satisfied quality with and thanks thank you
    """.strip()
    .replace("\n    ", " ")
    .split(" ")
)
# In front of what is said: "item is broken", "it was broken".
_SUBJECT = re.compile(r"^(?:i )?(?:(?:the |this )?(?:it|its|item|product|unit) )?(?:(?:is|was|are|were) )?")

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
_BROKEN = (Reason.DEFECTIVE, Reason.DAMAGED_IN_TRANSIT)
_WRONG_SIZE = (Reason.TOO_SMALL, Reason.TOO_LARGE, Reason.WRONG_ITEM_SENT, Reason.ORDERED_BY_MISTAKE)
_WRONG_LOOK = (Reason.STYLE_OR_COLOR, Reason.WRONG_ITEM_SENT, Reason.ORDERED_BY_MISTAKE, Reason.NOT_AS_DESCRIBED)
VAGUE: Mapping[str, tuple[Reason, ...]] = {
    # It may have been broken by the carrier, or have broken in use.
    **dict.fromkeys(("broke", "broken", "cracked"), _BROKEN),
    **dict.fromkeys(("wrong size", "size wrong", "size", "incorrect size"), _WRONG_SIZE),
    **dict.fromkeys(("wrong color", "wrong colour", "wrong style"), _WRONG_LOOK),
    **dict.fromkeys(("not as expected", "not what expected", "not what i expected", "not what i wanted"), REASONS),
} | {
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
    said: str
    """The plain text with line ends in place of what it denies."""
    text: str
    """What is said in one line."""
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
    plain = " ".join(cleaned.text.split())
    if not says_something(plain):
        return Comment(stored, cleaned, cleaned.text, "", languages.UNKNOWN)
    said = without_denied(cleaned.text)
    text = " ".join(said.split()).lstrip(_MARKS)
    return Comment(stored, cleaned, said, text if says_something(text) else "", language(plain))


def says_something(text: str) -> bool:
    """Whether it has a word, and neither is one of the ways to say nothing nor only praises."""
    said = _said(text)
    return bool(_LETTERS.search(text)) and said not in EMPTY and not _PRAISING.issuperset(said.split())


def vague_meanings(text: str) -> tuple[Reason, ...]:
    """What a comment may mean that says no more than that something broke, is not liked or does not fit."""
    return VAGUE.get(_SUBJECT.sub("", _said(text)), ())


def _said(text: str) -> str:
    return " ".join(word for word in words(text) if word.isalnum())


def language(text: str) -> str:
    """Letters that are drawn out (tooo biiiig) are read as one: they are of no language else."""
    text = _DRAWN_OUT.sub(r"\1", text)
    return _remembered_language(text) if len(text) <= LONGEST_REMEMBERED else languages.detect(text)


_remembered_language = lru_cache(REMEMBERED)(languages.detect)
