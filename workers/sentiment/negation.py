"""Whether a phrase is denied, or only supposed."""

from workers.sentiment import lexicons
from workers.sentiment.tokens import Span

_GROUPS = lexicons.groups("groups.txt")
NEGATIONS, _NO_NEGATIONS, _CONDITIONS = (
    frozenset(_GROUPS[name]) for name in ("negation", "no_negation", "condition")
)
# How many words before a phrase are looked at.
_REACH, _CONDITION_REACH = 3, 5


def is_negated(words: list[str], first: int, start: int) -> bool:
    """Whether a negation stands shortly before the word at `start`, and not before the word at `first`."""
    for index in range(start - 1, max(first, start - _REACH) - 1, -1):
        if words[index] in NEGATIONS:
            return words[index + 1] not in _NO_NEGATIONS and words[index + 1 : index + 3] != ["to", "mention"]
    return False


def is_supposed(words: list[str], clause: Span, start: int) -> bool:
    """Whether the clause asks, or the word at `start` follows a condition or a hope."""
    asks = clause.end < len(words) and words[clause.end] == "?"
    return asks or not _CONDITIONS.isdisjoint(words[max(clause.start, start - _CONDITION_REACH) : start])
