"""WordPiece, as BERT's uncased vocabularies use it (Devlin et al. 2019): from text to the numbers of its pieces.

The tokenizers of PyPI bring a client of a model hub along; the algorithm is this page.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

# A longer word is no word.
LONGEST_WORD = 40
# Words that are remembered with their pieces: texts repeat the same ones. A bound, as texts come from outside.
REMEMBERED = 100_000
UNKNOWN, START, END, PADDING = "[UNK]", "[CLS]", "[SEP]", "[PAD]"
# Runs of letters and digits, or single marks.
_WORDS = re.compile(r"[^\W_]+|[^\w\s]|_")


def words(text: str) -> list[str]:
    """The words and marks of a text, in lower case and without accents."""
    if not text.isascii():
        text = "".join(mark for mark in unicodedata.normalize("NFD", text) if unicodedata.category(mark) != "Mn")
    return _WORDS.findall(text.lower())


class WordPiece:
    """A tokenizer with one vocabulary: a piece's number is its line. Pieces inside of a word begin with ##."""

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self._number = {piece: number for number, piece in enumerate(vocabulary)}
        self._unknown = self._number[UNKNOWN]
        self.start, self.end, self.padding = (self._number[each] for each in (START, END, PADDING))
        self._remembered: dict[str, tuple[int, ...]] = {}

    def numbers(self, text: str, most: int) -> list[int]:
        """At most `most` numbers, start and end included. Of a longer text its begin and its end: three quarters
        and one quarter, because reviews often close with their verdict."""
        pieces = list(self._pieces(text))
        if len(pieces) > (room := most - 2):
            tail = room // 4
            pieces = pieces[: room - tail] + pieces[len(pieces) - tail :]
        return [self.start, *pieces, self.end]

    def _pieces(self, text: str) -> Iterator[int]:
        for word in words(text):
            known = self._remembered.get(word)
            if known is None:
                known = tuple(self._split(word))
                if len(self._remembered) < REMEMBERED:
                    self._remembered[word] = known
            yield from known

    def _split(self, word: str) -> list[int]:
        """The longest known piece at the begin of the word, and so on; a word with an unknown part is unknown."""
        if len(word) > LONGEST_WORD:
            return [self._unknown]
        numbers, begin = [], 0
        while begin < len(word):
            mark = "##" if begin else ""
            for end in range(len(word), begin, -1):
                number = self._number.get(mark + word[begin:end])
                if number is not None:
                    break
            else:
                return [self._unknown]
            numbers.append(number)
            begin = end
        return numbers
