"""What a seller should look at, whatever the label: spam, and harm to people."""

import re
from bisect import bisect_right
from collections import Counter

from workers.sentiment import phrases
from workers.sentiment.negation import is_negated, is_supposed
from workers.sentiment.tokens import Span, Words, clauses_of

_URL = re.compile(
    r"(?:https?://|www\.)\S{3,300}|\b[a-z0-9-]{2,40}\.(?:com|net|shop|store|online|xyz|top|club)/\S{2,200}",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b[\w.+-]{2,64}@[\w-]{2,64}\.[a-z]{2,10}", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+\d{1,3}[ -]?)?(?:\(\d{2,4}\)[ -]?|\b\d{2,4}[ -])\d{3}[ -]?\d{3,5}|\+\d{8,14}")
_CONTACT = re.compile(
    r"\b(?:whats ?app|telegram|hit me up|(?:contact|e-?mail|text|call|dm|message) (?:me|us|him|her|them|now))\b",
    re.IGNORECASE,
)
_CODE = r"(?:(?:my|our|the|this|promo|discount|coupon|referral) ){0,3}code\b"
# What invites to something else: spam where an address stands beside it.
_INVITATION = re.compile(
    rf"\b(?:(?:use|with|enter|apply) {_CODE}|(?:visit|follow|check out|subscribe to) (?:my|our)\b|link in (?:my )?bio"
    r"|click (?:here|(?:on )?(?:the|this) link)|work from home|buy (?:now|here|from)\b"
    r"|(?:big|huge|\d+ ?%) (?:discounts?|off))",
    re.IGNORECASE,
)
# What nobody writes of a purchase.
_OFFER = re.compile(
    rf"\b(?:(?:use|enter) (?:my|our) {_CODE}|(?:follow|dm) me on (?:instagram|tiktok|telegram|twitter)"
    r"|(?:earn|make|making) (?:money online|(?:\$ ?[\d,]+|[\d,]+ ?(?:\$|dollars)) (?:a|per|every) (?:day|week|month))"
    r"|spell caster|online casino|viagra|cialis|payday loans?|(?:crypto|bitcoin|forex) (?:invest|trad|recover)\w*"
    r"|subscribe to my channel|buy (?:followers|likes|reviews)|(?:lost|stolen) (?:bitcoin|crypto|funds))",
    re.IGNORECASE,
)

# One of these is in every text that the patterns above find, and in few others: most texts are spared the patterns.
_HINTS = (
    *(
        "http",
        "www.",
        ".com/",
        ".net/",
        ".shop/",
        ".store/",
        ".online/",
        ".xyz/",
        ".top/",
        ".club/",
        "whats",
        "telegram",
    ),
    *(
        "hit me up",
        "contact ",
        "mail ",
        "text me",
        "text us",
        "text him",
        "text her",
        "text them",
        "text now",
        "call ",
    ),
    *(
        "dm ",
        "message ",
        " code",
        "casino",
        "viagra",
        "cialis",
        "payday",
        "crypto",
        "bitcoin",
        "forex",
        "spell caster",
    ),
    *(
        "follow me",
        "subscribe to my",
        "earn ",
        "earning ",
        "make money",
        "make $",
        "making $",
        "making money",
        "dollars",
    ),
    *("buy followers", "buy likes", "buy reviews", "stolen ", "lost "),
)
_SENTENCES = re.compile(r"[.!?\n]+")
_SEGMENTS = re.compile(r"[,;|\n/#•]+")
_MANY_WORDS, _FEW_DIFFERENT = 24, 0.25
_SENTENCE_WORDS, _SENTENCE_TIMES = 4, 3
_MANY_SEGMENTS, _SHARED = 12, 0.4


def mentions_safety(words: Words) -> bool:
    """Whether a text speaks of injury, fire, shock, choking, poison, mould, a recall or the like as having been."""
    found = list(phrases.load("safety.txt").find(words))
    silent = {index for each in found if each.section == "none" for index in range(each.start, each.end)}
    starts = [each.start for each in found if each.section == "safety" and each.start not in silent]
    clauses = clauses_of(words.words) if starts else []
    return any(_is_said(words, clauses, start) for start in starts)


def _is_said(words: Words, clauses: list[Span], start: int) -> bool:
    clause = clauses[bisect_right(clauses, start, key=lambda each: each.start) - 1]
    return not is_negated(words.words, clause.start, start) and not is_supposed(words.words, clause, start)


def is_spam(text: str) -> bool:
    """Whether a plain text was hardly written by a buyer about a purchase: advertisement, copies, keywords.

    Rather misses spam than suspects a buyer.
    """
    return _advertises(text) or _repeats(text) or _is_list_of_keywords(text)


def _advertises(text: str) -> bool:
    lower = text.lower()
    if not any(hint in lower for hint in _HINTS):
        return False
    if _OFFER.search(text):
        return True
    addresses = len(_URL.findall(text))
    if addresses > 2 or (addresses and _INVITATION.search(text)):
        return True
    return bool(_CONTACT.search(text) and (_ADDRESS.search(text) or _PHONE.search(text)))


def _repeats(text: str) -> bool:
    """A sentence three times, or a long text of a few words."""
    sentences = (" ".join(each.lower().split()) for each in _SENTENCES.split(text))
    counted = Counter(each for each in sentences if each.count(" ") >= _SENTENCE_WORDS - 1)
    if max(counted.values(), default=0) >= _SENTENCE_TIMES:
        return True
    words = text.lower().split()
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
