"""What a sentence advises against, or says that nothing is known of: by its verbs, and what these are about."""

import re
from collections.abc import Collection, Iterator

from workers.visibility.lexicons import SIGN, Lexicon
from workers.visibility.sentences import Sentence, place_of

# What may stand between a verb and its object: "avoid no-name tablets such as X", "one to skip is the X".
_OBJECT = re.compile(rf"[:,]?(?: [\w'&-]+){{0,6}}? ?[\"(]?({SIGN})")
_SIGN = re.compile(SIGN)
# From where a verb has nothing to do with a brand before it.
_FARTHEST = 140


def refused(sentence: Sentence, own: Collection[int], before: int | None, words: Lexicon) -> Iterator[int]:
    """The places that it advises against.

    `own`: the places that are not named for comparison only. `before`: the last place before the sentence, which
    "I would skip it" is about.
    """
    for found in words.pattern("refused after").finditer(sentence.text):
        if (place := _following(sentence.text, found.end(), words)) is not None:
            yield place
    for found in words.pattern("refused before").finditer(sentence.text):
        preceding = _preceding(sentence.text, found.start(), own)
        if preceding is not None:
            yield preceding
        elif before is not None and _is_about(found, words) and not _SIGN.search(sentence.text):
            yield before


def unknown(sentence: Sentence, words: Lexicon) -> Iterator[int]:
    """The places that nothing is known of: those nearest to the words that say so."""
    for found in words.pattern("not known").finditer(sentence.text):
        distances = {
            max(each.start() - found.end(), found.start() - each.end()): place_of(each.group())
            for each in _SIGN.finditer(sentence.text)
        }
        if distances and min(distances) <= _FARTHEST:
            yield distances[min(distances)]


def _following(text: str, start: int, words: Lexicon) -> int | None:
    found = _OBJECT.match(text, start)
    if found is None or words.pattern("not objects").search(found.group()[:-1]):
        return None
    return place_of(found[1])


def _preceding(text: str, end: int, own: Collection[int]) -> int | None:
    signs = [each for each in _SIGN.finditer(text, 0, end) if place_of(each.group()) in own]
    return place_of(signs[-1].group()) if signs and end - signs[-1].end() <= _FARTHEST else None


def _is_about(found: re.Match[str], words: Lexicon) -> bool:
    return words.pattern("pronouns").search(found.group()) is not None
