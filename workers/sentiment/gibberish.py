"""Words as a hand makes them that falls on the keyboard."""

import re

_MASHED = re.compile(
    r"asdf|sdfg|dfgh|fghj|ghjk|hjkl|lkjh|kjhg|fdsa|qwert|werty|ertyu|zxcv|xcvb|poiu|([a-z]{2,4})\1\1|[bcdfghjklmnpqrstvwxz]{5}"
)


def is_gibberish(words: list[str]) -> bool:
    """Whether most of the words, in lower case, are mashed ones. These are of four letters or more."""
    longer = [word for word in words if len(word) > 1]
    mashed = sum(len(word) > 3 and word.isascii() and bool(_MASHED.search(word)) for word in longer)
    return mashed * 2 > len(longer)
