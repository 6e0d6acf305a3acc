"""What a proposal changes, word by word."""

import re
from difflib import SequenceMatcher

from workers.listings.shapes import DiffKind, DiffPart

_PIECE = re.compile(r"\s+|[^\s]+")
# SequenceMatcher takes time by the square: of longer changes, all of the old stands against all of the new.
_MOST = 2_000


def word_diff(current: str, proposed: str) -> tuple[DiffPart, ...]:
    """Parts whose "same" and "removed" make the current text, and "same" and "added" the proposed one."""
    old, new = _PIECE.findall(current), _PIECE.findall(proposed)
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    middle = _middle(old[head : len(old) - tail], new[head : len(new) - tail])
    parts = [("same", old[:head]), *middle, ("same", old[len(old) - tail :])]
    return tuple(DiffPart(kind, "".join(pieces)) for kind, pieces in parts if pieces)


def _common(old: list[str], new: list[str]) -> int:
    count = 0
    for first, second in zip(old, new, strict=False):
        if first != second:
            break
        count += 1
    return count


def _middle(old: list[str], new: list[str]) -> list[tuple[DiffKind, list[str]]]:
    if len(old) > _MOST or len(new) > _MOST:
        return [("removed", old), ("added", new)]
    parts: list[tuple[DiffKind, list[str]]] = []
    for tag, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        parts += [("same", old[i:j])] if tag == "equal" else [("removed", old[i:j]), ("added", new[k:m])]
    return parts
