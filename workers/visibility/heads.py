"""The texts around names: lines, entries and what these begin with."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from workers.visibility.blocks import Block, Kind
from workers.visibility.lexicons import Lexicon
from workers.visibility.names import Place

# A label in front of a name: "Best overall: Ring".
_AFTER_LABEL = re.compile(r"(?:^|\n)[^.!?\n]*(?::|\s[–—-])[ ]*$")
# Where the head of an entry ends.
_TAIL = re.compile(r"\s[–—-]+\s|:\s|\s\(")
_NAME = re.compile(r"[^\w\n]*([^\W\d_]{2,})")
# What follows a name that has its head for itself.
_ALONE = re.compile(r"[ ]*(?:[|:(\n]|[ ][–—-]+[ ]|\Z)")


@dataclass(frozen=True, slots=True)
class Setting:
    """A text, and what is known around its names."""

    # The answer's own words, folded.
    text: str
    # The words of the question.
    asked: frozenset[str]
    blocks: Sequence[Block]
    words: Lexicon


def line_of(place: Place, setting: Setting) -> str:
    start = setting.text.rfind("\n", 0, place.start) + 1
    end = setting.text.find("\n", place.end)
    return setting.text[start : end if end >= 0 else None]


def head_line(place: Place, setting: Setting) -> str:
    """Its line; of an entry what stands before a dash or a colon."""
    blocks = blocks_around(place, setting)
    if not blocks or blocks[0].kind is Kind.PROSE:
        return line_of(place, setting)
    line = setting.text[blocks[0].start : blocks[0].end].lstrip().split("\n", 1)[0]
    return _TAIL.split(line, maxsplit=1)[0]


def is_head(place: Place, setting: Setting) -> bool:
    for block in blocks_around(place, setting):
        before = setting.text[block.start : place.start].strip(" ")
        before = "" if block.kind is Kind.ROW and before.endswith("|") else before
        if (block.kind is not Kind.PROSE and not before) or _AFTER_LABEL.search(before):
            return True
    return False


def is_whole_head(place: Place, setting: Setting) -> bool:
    """Whether an entry, a heading or a cell begins with it and has no other word before its text."""
    is_entry = any(block.kind is not Kind.PROSE for block in blocks_around(place, setting))
    return is_entry and is_head(place, setting) and _ALONE.match(setting.text, place.end) is not None


def blocks_around(place: Place, setting: Setting) -> list[Block]:
    at = bisect_right(setting.blocks, place.start, key=lambda block: block.start) - 1
    return [setting.blocks[at]] if at >= 0 and place.start < setting.blocks[at].end else []


def entries_beside(place: Place, setting: Setting) -> list[Block]:
    own = blocks_around(place, setting)
    return [each for each in setting.blocks if own and each.kind is own[0].kind and each is not own[0]]


def begins_with_name(block: Block, heads: Sequence[Place], setting: Setting) -> bool:
    """With a brand, or with what is no word of the language."""
    if any(block.start <= head.start < block.end for head in heads):
        return True
    word = _NAME.match(setting.text, block.start, block.end)
    is_name = word is not None and (not setting.words.is_word(word[1]) or not word[1][1:].islower())
    return word is not None and word[1][0].isupper() and is_name
