"""What a seller should look at, whatever the label: spam, and harm to people."""

import re
from bisect import bisect_right
from collections import Counter

from workers.sentiment import phrases
from workers.sentiment.negation import is_negated, is_supposed
from workers.sentiment.phrases import Found
from workers.sentiment.tokens import Span, Words, clauses_of

_URL = re.compile(
    r"(?:https?://|www\.)\S{3,300}|\b[a-z0-9-]{2,40}\.(?:com|net|org|shop|store|online|xyz|top|club)/\S{2,200}",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b[\w.+-]{2,64}@[\w-]{2,64}\.[a-z]{2,10}", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+\d{1,3}[ -]?)?(?:\(\d{2,4}\)[ -]?|\b\d{2,4}[ -])\d{3}[ -]?\d{3,5}|\+\d{8,14}")
_SENTENCES = re.compile(r"[.!?\n]+")
_SEGMENTS = re.compile(r"[,;|\n/#•]+")
_MANY_WORDS, _FEW_DIFFERENT = 24, 0.25
# "Love love love it" is a buyer's; ten words that are all the same two are nobody's.
_SOME_WORDS, _HARDLY_DIFFERENT = 10, 2
_SENTENCE_WORDS, _SENTENCE_TIMES = 4, 3
_MANY_SEGMENTS, _SHARED = 12, 0.4


def phrases_of(words: Words) -> list[Found]:
    """The phrases that the questions below are answered from."""
    found = list(phrases.load("flags.txt").find(words))
    silent = {index for each in found if each.section == "none" for index in range(each.start, each.end)}
    return [each for each in found if each.start not in silent]


def mentions_safety(words: Words, found: list[Found]) -> bool:
    """Whether a text speaks of injury, fire, shock, choking, poison, mould, a recall or the like as having been."""
    starts = [each.start for each in found if each.section == "safety"]
    clauses = clauses_of(words.words) if starts else []
    return any(_is_said(words, clauses, start) for start in starts)


def _is_said(words: Words, clauses: list[Span], start: int) -> bool:
    clause = clauses[bisect_right(clauses, start, key=lambda each: each.start) - 1]
    return not is_negated(words.words, clause.start, start) and not is_supposed(words.words, clause, start)


def is_spam(text: str, found: list[Found]) -> bool:
    """Whether a plain text was hardly written by a buyer about a purchase: advertisement, copies, keywords.

    Rather misses spam than suspects a buyer.
    """
    return _advertises(text, {each.section for each in found}) or _repeats(text) or _is_list_of_keywords(text)


def _advertises(text: str, sections: set[str]) -> bool:
    if "offer" in sections:
        return True
    addresses = len(_URL.findall(text)) if "/" in text or "www." in text else 0
    if addresses > 2 or (addresses and "invitation" in sections):
        return True
    return "contact" in sections and bool(_ADDRESS.search(text) or _PHONE.search(text))


def _repeats(text: str) -> bool:
    """A sentence three times, a long text of a few words, or the same word or two again and again."""
    sentences = (each.strip() for each in _SENTENCES.split(text.lower()))
    counted = Counter(each for each in sentences if each.count(" ") >= _SENTENCE_WORDS - 1)
    if max(counted.values(), default=0) >= _SENTENCE_TIMES:
        return True
    words = text.lower().split()
    if len(words) >= _SOME_WORDS and len(set(words)) <= _HARDLY_DIFFERENT:
        return True
    return len(words) >= _MANY_WORDS and len(set(words)) < _FEW_DIFFERENT * min(len(words), 200)


def _is_list_of_keywords(text: str) -> bool:
    """Many short entries, nearly half of which share a word: what shops want to be found by."""
    if sum(map(text.count, ",;|\n/#•")) < _MANY_SEGMENTS - 1:
        return False
    entries = [each.lower().split() for each in _SEGMENTS.split(text)]
    short = [each for each in entries if 1 < len(each) <= 5]
    if len(short) < _MANY_SEGMENTS or len(short) < 0.8 * len(entries):
        return False
    common = Counter(word for each in short for word in set(each) if len(word) > 3)
    most = max(common.values(), default=0)
    return most > _SHARED * len(short)
