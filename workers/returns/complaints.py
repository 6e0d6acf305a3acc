"""What comments complain about, in a word of theirs: the part of a product that several customers name."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

FEWEST = 3
"""Comments that share a word, at least."""
SHORTEST = 3
_WORD = re.compile(r"[a-z]+")
# What says that something is wrong, but not what; what every comment may have; and time, size and number.
_SAYS_NOTHING = frozenset(Path(__file__).with_name("common_words.txt").read_text(encoding="ascii").split())


def complaints(groups: Sequence[int], comments: Sequence[str], titles: Sequence[str]) -> list[str]:
    """For each comment the word that it shares with most others of its group, or nothing.

    `groups`: the index of each comment's product in `titles`. Words of the title say nothing: every comment on a
    bottle may have "bottle". When a comment was written plays no part, so what is new is not chosen for being new.
    """
    # Only words, not comments, are kept of all.
    said = [sorted(set(_words(comment))) for comment in comments]
    of_title = [set(_words(title)) for title in titles]
    shared: dict[int, Counter[str]] = {}
    for group, words in zip(groups, said, strict=True):
        shared.setdefault(group, Counter()).update(word for word in words if word not in of_title[group])
    return [_most_shared(shared[group], words) for group, words in zip(groups, said, strict=True)]


def _most_shared(counts: Counter[str], words: Sequence[str]) -> str:
    """Of several, the first in the alphabet."""
    word = max(words, key=lambda each: counts[each], default="")
    return word if counts[word] >= FEWEST else ""


def _words(text: str) -> Iterator[str]:
    for word in _WORD.findall(text.lower()):
        singular = word[:-1] if word.endswith("s") and not word.endswith("ss") else word
        if len(singular) >= SHORTEST and not {word, singular} & _SAYS_NOTHING:
            yield singular
