"""Where brands stand in a text: by name or alias in any spelling, or misspelled."""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rapidfuzz.distance import OSA

from workers.visibility.folding import folded, pattern_of
from workers.visibility.lexicons import Lexicon
from workers.visibility.shapes import Brand

# A word of a name, as far as a misspelling is looked for.
_TOKEN = re.compile(r"(?<![\w@#/])[^\W\d_]{4,}(?!\w|-?[@/])")
_PART = re.compile(r"(?<![\w@#/])[^\W\d_]+(?!\w|-?[@/])")
_FORMS = ("der", "die", "das", "den", "dem", "des")
_PREPOSITIONS = ("mit", "in", "zu", "seit", "vor", "nach", "bei", "von", "aus", "auf", "an", "um", "fur", "uber")
_ADJECTIVE, _ENDINGS = re.compile(r"([^\W\d_]{4,}?)(?:er|es|e)"), ("e", "er", "en", "em", "es")
# Names of fewer letters are a letter away from too many words.
_SHORTEST, _LONG = 5, 9


@dataclass(frozen=True, slots=True)
class Place:
    """A name in the text. `brand` is its place among the brands."""

    brand: int
    start: int
    end: int
    # As it is written in the list of brands.
    name: str
    is_misspelled: bool = False


class Names:
    """The names of some brands, ready to be looked for in texts."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._patterns = [
            (number, name, re.compile(_declined(name), re.IGNORECASE))
            for number, brand in enumerate(brands)
            for name in brand.names
        ]
        # Names of one word: of the others, a misspelled part leaves the rest to tell.
        self._single = [
            (number, name, folded(name).lower()) for number, name, _ in self._patterns if _is_long_word(name)
        ]
        self._several = [
            (number, name, folded(name).lower().split())
            for number, name, _ in self._patterns
            if " " in name.strip() and all(part.isalpha() for part in name.split())
        ]
        self._all = {folded(name).lower() for _, name, _ in self._patterns}

    def places(self, text: str, words: Lexicon) -> list[Place]:
        """In folded text, in order, none within another: the longest name at a place is the one that is meant."""
        exact = [
            Place(number, found.start(), found.end(), name)
            for number, name, pattern in self._patterns
            for found in pattern.finditer(text)
        ]
        return _apart([*exact, *self._misspelled(text, words), *self._misspelled_in_part(text)])

    def _misspelled(self, text: str, words: Lexicon) -> Iterator[Place]:
        for found in _TOKEN.finditer(text) if self._single else ():
            token = found.group().lower()
            if token in self._all or not (found.group()[0].isupper() or text.islower()):
                continue
            for number, name, plain in self._single:
                if _is_slip(token, plain) and not words.is_word(token):
                    yield Place(number, found.start(), found.end(), name, is_misspelled=True)

    def _misspelled_in_part(self, text: str) -> Iterator[Place]:
        """ "Herman Miler": names of several words of which one has a slip, and the others are as they should be."""
        tokens = list(_PART.finditer(text)) if self._several else []
        for number, name, parts in self._several:
            for at in range(len(tokens) - len(parts) + 1):
                window = tokens[at : at + len(parts)]
                if window[0][0][0].lower() != parts[0][0] or not window[0][0][0].isupper():
                    continue
                words = zip((token[0].lower() for token in window), parts, strict=True)
                wrong = [(token, part) for token, part in words if token != part]
                if len(wrong) == 1 and len(wrong[0][1]) >= _SHORTEST and _is_slip(*wrong[0]):
                    yield Place(number, window[0].start(), window[-1].end(), name, is_misspelled=True)


def _declined(name: str) -> str:
    """With the forms that German gives a name of several words: Der Spiegel, den Spiegel; Weißer Riese, weiße Riese.

    Behind prepositions an article begins an idiom ("mit der Zeit"): there it has to be the name's own.
    """
    pattern = pattern_of(name)
    first, _, rest = name.partition(" ")
    if rest and first.lower() in _FORMS:
        others = "|".join(form for form in _FORMS if form != first.lower())
        behind = "".join(rf"(?<!\b{preposition} )" for preposition in _PREPOSITIONS)
        return rf"{pattern}|(?<![\w@#/]){behind}(?:{others}) {pattern_of(rest)}"
    if rest and (found := _ADJECTIVE.fullmatch(first)):
        return "|".join([pattern, *(pattern_of(f"{found[1]}{ending} {rest}") for ending in _ENDINGS)])
    return pattern


def _is_long_word(name: str) -> bool:
    return name.isalpha() and len(name) >= _SHORTEST


def _is_slip(token: str, name: str) -> bool:
    """Whether a word is a name with a slip of the pen. A short name with another letter in it is another name."""
    if token[0] != name[0] or abs(len(token) - len(name)) > 2:
        return False
    allowed = 2 if len(name) >= _LONG else 1
    distance = OSA.distance(token, name, score_cutoff=allowed)
    is_other = len(name) == _SHORTEST and len(token) == len(name) and sorted(token) != sorted(name)
    return 0 < distance <= allowed and not is_other


def joined(places: Sequence[Place], text: str) -> list[Place]:
    """A brand and its product line behind each other ("LG CordZero") are one name."""
    found: list[Place] = []
    for place in places:
        if found and found[-1].brand == place.brand and not text[found[-1].end : place.start].strip(" "):
            found[-1] = replace(found[-1], end=place.end)
        else:
            found.append(place)
    return found


def _apart(places: list[Place]) -> list[Place]:
    kept: list[Place] = []
    starts: list[int] = []
    for place in sorted(places, key=lambda each: (each.start - each.end, each.is_misspelled, each.brand)):
        at = bisect_right(starts, place.start)
        if (at == 0 or kept[at - 1].end <= place.start) and (at == len(kept) or place.end <= kept[at].start):
            kept.insert(at, place)
            starts.insert(at, place.start)
    return kept
