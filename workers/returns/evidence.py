"""Which part of a comment says its reason, and which other issues it names: its clauses, one by one."""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from workers.returns.priors import INDEX, Distribution
from workers.returns.reasons import REASONS, Reason

# A clause ends at a mark or before a word that begins another thought. Decimals and sizes (8.5, 1/2) stay whole.
_END = re.compile(
    r"[.!?;:,\n…]+(?!\d)|\s[-–—/&+]+\s|\s(?=(?:and|but|because|cause|cuz|so|however|although|though|also|plus|then)\s)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
# Clauses that are looked at of a comment, and words of a clause that are given as evidence.
CLAUSES, WORDS = 40, 25
_WORDS = re.compile(r"\S+")
# The conjunction itself says nothing.
_CONJUNCTION = re.compile(
    r"(?:and|but|because|cause|cuz|so|however|although|though|also|plus|then)\s+", re.IGNORECASE
)
# What is praised is no issue: "love the color but it broke".
_PRAISE = re.compile(
    r"\b(?:loved?|liked?|nice|great|good|beautiful|pretty|perfect(?:ly)?|cute|excellent|works? (?:fine|well))\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:no|not|never|nothing|hardly|too|pretty (?:bad|poor))\b|n'?t\b", re.IGNORECASE)
# A clause names an issue with at least this probability.
CLEAR = 0.8
# What is left to the issue that is named first, where the whole comment speaks more of one that is added to it.
FIRST = 0.6
_ADDED = re.compile(r"\b(?:and|also|plus|as well)\b|&|\+", re.IGNORECASE)


class Clause(NamedTuple):
    start: int
    end: int


def clauses(text: str) -> list[Clause]:
    """Spans without white space around them, each with a letter or digit in it; at most CLAUSES."""
    found: list[Clause] = []
    begin = 0
    for match in _END.finditer(text):
        _add(found, text, begin, match.end())
        begin = match.end()
        if len(found) >= CLAUSES:
            return found
    _add(found, text, begin, len(text))
    return found


def _add(found: list[Clause], text: str, begin: int, end: int) -> None:
    part = text[begin:end]
    if opening := _CONJUNCTION.match(part.lstrip()):
        begin += len(part) - len(part.lstrip()) + opening.end()
        part = text[begin:end]
    if not _LETTER.search(part):
        return
    words = list(_WORDS.finditer(part))[:WORDS]
    # The mark at the end belongs to no clause, that at the begin of a word does.
    stop = words[-1].start() + len(words[-1][0].rstrip(".!?;:,…-–—/&+")) if words else 0
    found.append(Clause(begin + words[0].start(), begin + max(stop, words[0].start() + 1)))


class Clauses(NamedTuple):
    """The clauses of a comment, and what each says."""

    spans: list[Clause]
    said: NDArray[np.float64]
    """Clauses × REASONS."""
    praise: list[bool]
    adds: bool
    """Whether the comment says that it adds something to something."""

    def clearest(self, reason: Reason) -> Clause:
        """The one that says the reason with the highest probability, the first of equals."""
        return self.spans[int(self.said[:, INDEX[reason]].argmax())]

    def issues(self) -> dict[Reason, float]:
        """The reasons that clauses name clearly, in the comment's order, with the highest probability of each."""
        found: dict[Reason, float] = {}
        for row, praise in zip(self.said, self.praise, strict=True):
            reason = REASONS[int(row.argmax())]
            if row.max() >= CLEAR and reason is not Reason.OTHER and not praise:
                found[reason] = max(found.get(reason, 0.0), float(row.max()))
        return found


def is_praise(clause: str) -> bool:
    return bool(_PRAISE.search(clause)) and not _DENIED.search(clause)


def adds(text: str) -> bool:
    return bool(_ADDED.search(text))


def weighed(said: Distribution, clauses: Clauses) -> Distribution:
    """Of the issues that a comment adds up, the first is its reason, even if it says more about a later one.

    So is the first that a clause names clearly where the comment as a whole is read as another, and not clearly.
    """
    issues, likeliest = list(clauses.issues()), REASONS[int(said.argmax())]
    is_heard = clauses.adds if likeliest in issues else said.max() < CLEAR
    if not issues or not is_heard or issues[0] is likeliest:
        return said
    changed = said.copy()
    both = said[INDEX[likeliest]] + said[INDEX[issues[0]]]
    changed[INDEX[issues[0]]], changed[INDEX[likeliest]] = FIRST * both, (1 - FIRST) * both
    return changed
