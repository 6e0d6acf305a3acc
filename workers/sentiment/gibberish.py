"""Words as a hand makes them that falls on the keyboard."""

import re

_MASHED = re.compile(
    r"asdf|sdfg|dfgh|fghj|ghjk|hjkl|lkjh|kjhg|fdsa|qwert|werty|ertyu|zxcv|xcvb|poiu|([a-z]{2,4})\1\1|[bcdfghjklmnpqrstvwxz]{5}"
)
_MASHED_SHORT = frozenset({"asd", "sdf", "dfg", "fgh", "ghj", "hjk", "jkl", "qwe", "rty", "zxc", "xcv", "bnm"})


def is_gibberish(words: list[str]) -> bool:
    """Whether most of the words, in lower case, are mashed ones."""
    longer = [word for word in words if len(word) > 1]
    return sum(map(_is_mashed, longer)) * 2 > len(longer)


def _is_mashed(word: str) -> bool:
    return word in _MASHED_SHORT or (len(word) > 3 and word.isascii() and bool(_MASHED.search(word)))
