"""An answer, read: which brands it names, where a reader ranks them, in which words, and what it refers to."""

import re
from collections.abc import Callable, Iterable, Sequence
from urllib.parse import urlsplit

from workers.visibility import claims, orders, ordinary, ranking, roles
from workers.visibility.blocks import Block, blocks_of
from workers.visibility.entries import Entries
from workers.visibility.feelings import Feelings
from workers.visibility.folding import folded, visible, without_last_citation
from workers.visibility.heads import Setting
from workers.visibility.lexicons import Lexicon, language_of, lexicon
from workers.visibility.masking import own_words, unmarked
from workers.visibility.names import Names, Place, joined
from workers.visibility.records import as_lists
from workers.visibility.sentences import Sentence, sentences_of
from workers.visibility.shapes import Brand, Found, Mention

LONGEST_QUOTE = 240
# A longer answer is read up to here: what a shopper still reads of one stands before. It is several times what an
# assistant is allowed to answer, and only one that minds no limit writes more.
LONGEST_ANSWER = 10_000
# A text that names brands more often says nothing more by it; each is looked at beside the others.
_MOST_PLACES = 100
_ADDRESS = re.compile(r"https?://[^\s<>()\[\]\"']+")
_WORD = re.compile(r"\w+")
# From places in the text that is read to the answer's own words.
Original = Callable[[int, int], str]


class Reader:
    """Reads answers for some brands. The locale's language is taken where an answer is too short to tell its own."""

    def __init__(self, brands: Sequence[Brand], language: str) -> None:
        self._brands, self._language = brands, language
        self._names = Names(brands)

    def read(self, question: str, answer: str, cited: Iterable[str] = ()) -> Found:
        """`cited`: addresses that came beside the answer."""
        shown = answer[:LONGEST_ANSWER]
        text, back = visible(shown)

        def original(start: int, end: int) -> str:
            return without_last_citation(shown[back[start] : back[end - 1] + 1])

        mentions = tuple(self._mentions(visible(question)[0], text, original))
        return Found(mentions, domains_of([*cited, *_ADDRESS.findall(shown)]))

    def _mentions(self, question: str, answer: str, original: Original) -> list[Mention]:
        words = lexicon(language_of(answer, self._language))
        plain = unmarked(as_lists(answer))
        text = folded(own_words(plain, question, words))
        blocks = blocks_of(plain, words)
        asked = frozenset(_WORD.findall(folded(question).lower()))
        setting = Setting(text, asked, blocks, words)
        places = joined(ordinary.as_brands(self._names.places(text, words)[:_MOST_PLACES], setting), text)
        asked_for = self._names.places(folded(question), words) if places else []
        unwanted = roles.asked_instead(folded(question), asked_for[:_MOST_PLACES], words)
        return self._said(original, folded(question), text, blocks, places, words, unwanted) if places else []

    def _said(
        self,
        original: Original,
        question: str,
        text: str,
        blocks: Sequence[Block],
        places: Sequence[Place],
        words: Lexicon,
        unwanted: int | None,
    ) -> list[Mention]:
        sentences = sentences_of(text, blocks, places)
        parts = roles.roles_of(sentences, blocks, words) | roles.quoted_orders(text, places, words)
        own = roles.own_places(places, parts, unwanted)
        stated = claims.claims_of(sentences, blocks, own, words)
        entries = Entries(text, blocks, sentences, own, words)
        ties = claims.ties_of(sentences, stated, places, own, words)
        order = orders.order_of(question, text, sentences, own, entries.ranked(), words)
        positions = ranking.positions(places, order.own, order.entries, stated, ties, entries.introduced())
        feelings = Feelings(sentences, blocks, places, words)
        return [
            Mention(
                self._brands[brand].name,
                positions.get(brand),
                original(*_quoted(text, sentences, index, places[index])),
                feelings.of(brand, parts, stated),
            )
            for brand, index in _first_places(places, own).items()
        ]


def _first_places(places: Sequence[Place], own: Sequence[int]) -> dict[int, int]:
    """Of each brand the place to quote: the first one where it is named for itself, else the first one."""
    found: dict[int, int] = {}
    for index, place in enumerate(places):
        found.setdefault(place.brand, index)
    for index in reversed(own):
        found[places[index].brand] = index
    return found


def _quoted(text: str, sentences: Sequence[Sentence], index: int, place: Place) -> tuple[int, int]:
    """Where the sentence stands; of a long one, the words around the name."""
    sentence = next(each for each in sentences if index in each.places)
    start, end = sentence.start, sentence.end
    if end - start > LONGEST_QUOTE:
        start = max(start, min(place.start - LONGEST_QUOTE // 2, end - LONGEST_QUOTE))
        end = min(end, start + LONGEST_QUOTE)
        start = start if start == sentence.start else _next_word(text, start, place.start)
        end = end if end == sentence.end else max(text.rfind(" ", place.end, end), place.end)
    return start, end


def _next_word(answer: str, start: int, latest: int) -> int:
    space = answer.find(" ", start, latest)
    return latest if space < 0 else space + 1


def domains_of(addresses: Iterable[str]) -> tuple[str, ...]:
    """Without www., each once, in their order. What is not an address is left out."""
    found: dict[str, None] = {}
    for address in addresses:
        try:
            host = (urlsplit(address).hostname or "").removeprefix("www.").rstrip(".")
        except ValueError:
            continue
        if "." in host:
            found[host] = None
    return tuple(found)
