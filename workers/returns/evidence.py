"""Which part of a comment says its reason: the clause that says it most clearly, as a span of the stored comment."""

import re
from collections.abc import Sequence
from typing import NamedTuple

# A clause ends at a mark or before a word that begins another thought. Decimals and sizes (8.5, 1/2) stay whole.
_END = re.compile(
    r"[.!?;:,\n…]+(?!\d)|\s[-–—/&+]+\s|\s(?=(?:but|because|cause|cuz|so|however|although|though|also|plus|then)\s)",
    re.IGNORECASE,
)
_LETTER = re.compile(r"[^\W_]")
# Clauses that are looked at of a comment, and words of a clause that are given as evidence.
CLAUSES, WORDS = 40, 25
_WORDS = re.compile(r"\S+")


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
    if not _LETTER.search(part):
        return
    words = list(_WORDS.finditer(part))[:WORDS]
    # The mark at the end belongs to no clause, that at the begin of a word does.
    stop = words[-1].start() + len(words[-1][0].rstrip(".!?;:,…-–—/&+")) if words else 0
    found.append(Clause(begin + words[0].start(), begin + max(stop, words[0].start() + 1)))


def clearest(spans: Sequence[Clause], sure: Sequence[float]) -> Clause:
    """The clause that says the reason with the highest probability, the first of equals."""
    return spans[max(range(len(spans)), key=lambda number: (sure[number], -number))]
