"""Small cuts in a text that leave it well formed: phrases out of sentences, clauses off titles, ends tidied."""

import re
from dataclasses import dataclass

from workers.listings.tokens import function_words

_SEPARATOR = re.compile(r"\s*(?:[,;|•]\s*|\s[-–—]\s+|\s?[–—]\s?|[\n\r]+)")
# Lines, and what HTML sets apart, are sentences of their own.
_BLOCK = r"</?(?:p|div|li|ul|ol|br|h[1-6]|t[dhr]|table)\b"
_SENTENCE_END = re.compile(rf"[.!?…]+(?=\s|\Z|<)|[\n\r]+|{_BLOCK}[^<>]{{0,1000}}>|(?={_BLOCK})", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[,;:]\s|\s[-–—]\s|[–—]")
_ARTICLE = re.compile(r"\b(an?)(\s+)(?=[^\W\d_])", re.IGNORECASE)
_EDGES = " \t,;:|/&+-–—•·"
_TIDY = (
    (re.compile(r"\(\s*[,;]?\s*\)|\[\s*\]|\{\s*\}"), ""),
    (re.compile(r"([(\[])\s+"), r"\1"),
    (re.compile(r"\s+([)\],;:!?])"), r"\1"),
    (re.compile(r"\s+\.(?=\s|\Z)"), "."),
    # Of marks that met where something was taken out, the stronger one stays.
    (re.compile(r"[,;:]\s*(?=[,;:.])"), ""),
    (re.compile(r"\s[-–—]\s*(?=[,;:.]|\s[-–—]\s)"), ""),
    (re.compile(r"([,;:])\s+[-–—]\s"), r"\1 "),
    (re.compile(r"[ \t]{2,}"), " "),
    (re.compile(r"<(p|li|b|i|strong|em|span)>\s{0,9}</\1>", re.IGNORECASE), ""),
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A clause of a title and what stands before it: a comma, a dash."""

    separator: str
    text: str


def pieces_of(title: str) -> list[Piece]:
    """A title's clauses: "Brand Bottle - Black, 500 ml" has three. Joined, they are the title."""
    pieces, start, separator = [], 0, ""
    for match in _SEPARATOR.finditer(title):
        if text := title[start : match.start()].strip():
            pieces.append(Piece(separator, text))
            separator = ""
        separator = match[0] if match[0].strip() else ", "
        start = match.end()
    if text := title[start:].strip():
        pieces.append(Piece(separator, text))
    return pieces


def joined(pieces: list[Piece]) -> str:
    return "".join(piece.text if index == 0 else piece.separator + piece.text for index, piece in enumerate(pieces))


def tidy(text: str) -> str:
    """Without doubled spaces and marks, and without what is left over at its ends."""
    for _ in range(3):
        before = text
        for pattern, new in _TIDY:
            text = pattern.sub(new, text)
        text = text.strip().lstrip(_EDGES + ".!?").rstrip(_EDGES)
        if text == before:
            break
    return text


def without_loose_ends(text: str, language: str) -> str:
    """A title does not end with "and", "with" or "for", nor with a mark."""
    while True:
        text = text.rstrip(_EDGES + ".!?")
        head, space, last = text.rpartition(" ")
        if not space or last.lower() not in function_words(language):
            return text
        text = head


def capitalised(text: str) -> str:
    """With a capital first letter, unless the first word has one further on: iPhone."""
    match = re.match(r"\W*(\w+)", text)
    if not match or match[1] != match[1].lower():
        return text
    place = match.start(1)
    return text[:place] + text[place].upper() + text[place + 1 :]


def with_right_article(text: str, place: int) -> str:
    """After something was taken out at a place: an amazing bottle is a bottle."""
    found = [match for match in _ARTICLE.finditer(text, max(0, place - 8), place + 8) if match.end() >= place - 1]
    for match in found[:1]:
        is_vowel = text[match.end()].lower() in "aeiou"
        article = "an" if is_vowel else "a"
        article = article.capitalize() if match[1][0].isupper() else article
        return text[: match.start(1)] + article + match[2] + text[match.end() :]
    return text


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence or line that a place stands in, with its end mark."""
    return _around(_SENTENCE_END, text, start, end)


def clause_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The clause within its sentence, with the mark behind it."""
    first, last = sentence_around(text, start, end)
    begin, stop = _around(_CLAUSE_END, text[first:last], start - first, end - first)
    return first + begin, first + stop


def _around(mark: re.Pattern[str], text: str, start: int, end: int) -> tuple[int, int]:
    # Read a bounded part on each side: texts may have a megabyte without a mark.
    low, high = max(0, start - 2_000), min(len(text), end + 2_000)
    before = [match.end() for match in mark.finditer(text, low, start)]
    behind = mark.search(text, end, high)
    return (before[-1] if before else low), (behind.end() if behind else high)


def cut_at_word(text: str, limit: int, language: str) -> str:
    """The longest beginning of whole words; a number keeps its unit or goes with it."""
    if len(text) <= limit:
        return text
    head = text[: limit + 1]
    head = head[: head.rindex(" ")] if " " in head.strip() else text[:limit]
    head = re.sub(r"\s\d[\d.,]*\Z", "", head)
    return without_loose_ends(head, language)


def cut_at_sentence(text: str, limit: int, language: str) -> tuple[str, str]:
    """The sentences that fit, and the rest. A first sentence that does not fit is cut at a clause, or else a word."""
    if len(text) <= limit:
        return text, ""
    ends = [match.end() for match in _SENTENCE_END.finditer(text, 0, limit + 1) if match.end() <= limit]
    if not ends:
        ends = [match.start() for match in _CLAUSE_END.finditer(text, 0, limit)]
    if ends and ends[-1] > limit // 3:
        return text[: ends[-1]].strip(), text[ends[-1] :].strip(_EDGES)
    head = cut_at_word(text, limit, language)
    return head, text[len(head) :].strip(_EDGES)
