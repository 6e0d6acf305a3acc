"""What is said of a brand where it is named: words of praise and blame in its clauses."""

import re
from collections.abc import Collection, Mapping, Sequence

from workers.visibility.blocks import Block, Kind
from workers.visibility.claims import Claim
from workers.visibility.lexicons import SIGN, Lexicon
from workers.visibility.names import Place
from workers.visibility.roles import Role
from workers.visibility.sentences import Sentence, named_together, sign_of
from workers.visibility.shapes import Sentiment

# How a sentence begins that goes on about the same.
_GOES_ON = ("it ", "it'", "they ", "es ", "sie ", "er ", "il ", "elle ", "its ")
_SIGN = re.compile(SIGN)
# How many characters before a word of praise a "not" turns it round.
_REACH = 24
_CLAUSE = re.compile(r"[;:]|,\s(?:and|und|et|y|but|aber|mais|pero|while|whereas)\s|\s(?:but|aber|mais|pero)\s")
# A brand right behind it is what the sentence turns to.
_CONTRAST = re.compile(r"\b(?:but|whereas|while|aber|während|mais|tandis que|pero|mientras(?: que)?) (?:\w+ )?\Z")
_OF_ALL = re.compile(
    r"(?:both|all|they|beide|alle|sie|les deux|tous|toutes|ils|elles|ambos|ambas|todos|todas)\b", re.IGNORECASE
)


class Feelings:
    """Of one answer."""

    def __init__(
        self, sentences: Sequence[Sentence], blocks: Sequence[Block], places: Sequence[Place], words: Lexicon
    ) -> None:
        self._sentences, self._blocks, self._places, self._words = sentences, blocks, places, words

    def of(self, brand: int, roles: Mapping[int, Role], claims: Sequence[Claim]) -> Sentiment:
        """What the answer says of the brand on the whole."""
        mine = [index for index, place in enumerate(self._places) if place.brand == brand and index in roles]
        if any(roles[index] is Role.AGAINST for index in mine):
            return "negative"
        if any(claim.rank == 1 and set(claim.places) & set(mine) for claim in claims):
            return "positive"
        own = [index for index in mine if roles[index] is Role.OWN]
        if not own:
            return "negative" if any(roles[index] is Role.WORSE for index in mine) else "neutral"
        return self._said([text for index in own for text in self._passages(index)])

    def _said(self, passages: Sequence[str]) -> Sentiment:
        balance = [self._balance(text) for text in passages]
        praise, blame = sum(each[0] for each in balance), sum(each[1] for each in balance)
        if praise == blame:
            return "neutral"
        return "positive" if praise > blame else "negative"

    def _balance(self, text: str) -> tuple[int, int]:
        unbeaten, spared = (_spans(self._words.pattern(section), text) for section in ("unbeaten", "spared"))
        praise, blame = len(unbeaten), 0
        for section, sign in (("positive", 1), ("negative", -1)):
            for found in self._words.pattern(section).finditer(text):
                if _is_within(found, unbeaten):
                    continue
                is_denied = _is_within(found, spared) or self._is_denied(text, found)
                praise += (sign > 0) != is_denied
                blame += (sign < 0) != is_denied
        return praise, blame

    def _is_denied(self, text: str, found: re.Match[str]) -> bool:
        """Also "enttäuscht nie", "klagen nur wenige"."""
        before = text[max(0, found.start() - _REACH) : found.start()]
        is_behind = self._words.pattern("negation behind").match(text, found.end()) is not None
        return is_behind or self._words.pattern("negation").search(before) is not None

    def _passages(self, index: int) -> list[str]:
        sentence = next(each for each in self._sentences if index in each.places)
        block = self._blocks[sentence.block]
        if block.kind is Kind.HEADING:
            return [sentence.text, *self._below(sentence.block)]
        if block.kind is Kind.PROSE:
            return [self._clause(sentence, index), *self._going_on(sentence)]
        inside = [each for each in self._sentences if each.block == sentence.block]
        return [_until_another(each.text, self._brothers(sentence, index)) for each in inside]

    def _below(self, heading: int) -> list[str]:
        """What stands below a heading, without the sentences about other brands."""
        found: list[str] = []
        for sentence in self._sentences:
            if sentence.block > heading:
                if self._blocks[sentence.block].kind is Kind.HEADING:
                    break
                found += [] if sentence.places else [sentence.text]
        return found

    def _going_on(self, sentence: Sentence) -> list[str]:
        """The next sentence, if it goes on about the same: "It is light."."""
        at = self._sentences.index(sentence) + 1
        following = self._sentences[at] if at < len(self._sentences) else None
        is_same = following is not None and following.block == sentence.block and not following.places
        return [following.text] if following and is_same and following.text.lower().startswith(_GOES_ON) else []

    def _clause(self, sentence: Sentence, index: int) -> str:
        """The part of the sentence around the brand, up to the parts around other brands."""
        text, brothers = sentence.text, self._brothers(sentence, index)
        others = [found.start() for found in _SIGN.finditer(text) if found.group() not in brothers]
        at = text.index(sign_of(index))
        start = max((each for each in others if each < at), default=-1) + 1
        end = min((each for each in others if each > at), default=len(text))
        begin = _after_break(text, start, at) if start else self._beginning(text, at)
        return text[begin : _before_break(text, at, end)]

    def _beginning(self, text: str, at: int) -> int:
        """Behind what is said of others: "avoid copies, buy X", "most are loud, but X is quiet"."""
        contrast = _CONTRAST.search(text, 0, at)
        if contrast and not _OF_ALL.match(text):
            return contrast.start()
        warns = self._words.pattern("refused after").match(text, 0, at)
        return text.rfind(",", 0, at) + 1 if warns else 0

    def _brothers(self, sentence: Sentence, index: int) -> Collection[str]:
        group = next(each for each in named_together(sentence, self._words) if index in each)
        same = {i for i in sentence.places if self._places[i].brand == self._places[index].brand}
        return {sign_of(each) for each in {*group, *same}}


def _spans(pattern: re.Pattern[str], text: str) -> list[tuple[int, int]]:
    return [found.span() for found in pattern.finditer(text)]


def _is_within(found: re.Match[str], spans: Sequence[tuple[int, int]]) -> bool:
    return any(start <= found.start() < end for start, end in spans)


def _until_another(text: str, brothers: Collection[str]) -> str:
    other = next((found.start() for found in _SIGN.finditer(text) if found.group() not in brothers), len(text))
    return text[:other]


def _after_break(text: str, start: int, at: int) -> int:
    """Where the brand's own part begins: behind the last break between the brand before and it."""
    breaks = [found.end() for found in _CLAUSE.finditer(text, start, at)]
    return breaks[-1] if breaks else text.rfind(",", start, at) + 1 or at


def _before_break(text: str, at: int, end: int) -> int:
    if end == len(text):
        return end
    breaks = [found.start() for found in _CLAUSE.finditer(text, at, end)]
    return breaks[-1] if breaks else end
