"""More texts than people have written: the fast model is taught by the encoder, which reads these as well as others.

Words are replaced by some of nearly the same use, and pieces of two texts are joined (Tang et al. 2019, Jiao et al.
2020). What comes out need not make sense: the encoder says what is said, so "works terrible" is a lesson too.
"""

import random
import re
from collections.abc import Mapping, Sequence

from torch import Tensor
from torch.nn import functional

LONGEST_SHORT = 30
"""Words: only sentences are varied."""
NEIGHBOURS, NEAR = 12, 0.35
"""Words to choose from, and the least cosine of their vectors to the word's own."""
REPLACED = 0.25
"""The share of words that are replaced."""
SPLICED = 0.3
"""The share of variants that are joined from two texts."""
LONGEST_PIECE = 12
JOINTS = (", but ", " and ", ", ", ". ", " ")
KEPT = frozenset((
    "the", "and", "but", "not", "for", "with", "was", "were", "are", "this", "that", "you", "have", "has", "had",
    "its", "it's", "they", "them", "then", "there", "she", "her", "him", "his", "from", "who", "what", "when",
    "why", "how", "can", "will", "would", "could", "should", "did", "does", "don't", "isn't",
))  # fmt: skip
"""Words that carry a sentence: they stay."""
_WORDS = re.compile(r"[A-Za-z']+|[^A-Za-z']+")


def variants(
    texts: Sequence[str], vectors: Tensor, pieces: Sequence[str], count: int, draw: random.Random
) -> list[str]:
    """So many different variants of the short ones among the texts. `vectors`: the encoder's, one a piece."""
    near = neighbours(vectors, pieces)
    short = [text for text in texts if 2 <= len(text.split()) <= LONGEST_SHORT]
    made: set[str] = set()
    while len(made) < count:
        text = draw.choice(short)
        made.add(_replaced(text, near, draw) if draw.random() < 1 - SPLICED else _spliced(short, draw))
    return sorted(made)


def neighbours(vectors: Tensor, pieces: Sequence[str]) -> dict[str, list[str]]:
    """By word: those that stand where it may stand, their opposites included."""
    whole = [number for number, piece in enumerate(pieces) if piece.isalpha() and len(piece) > 2]
    directions = functional.normalize(vectors[whole] - vectors[whole].mean(0), dim=1)
    found = {}
    for begin in range(0, len(whole), 2000):
        nearest = (directions[begin : begin + 2000] @ directions.T).topk(NEIGHBOURS + 1, dim=1)
        for row, (numbers, cosines) in enumerate(zip(nearest.indices, nearest.values, strict=True)):
            # The nearest one is the word itself.
            others = zip(numbers.tolist()[1:], cosines.tolist()[1:], strict=True)
            found[pieces[whole[begin + row]]] = [pieces[whole[number]] for number, cosine in others if cosine > NEAR]
    return found


def _replaced(text: str, near: Mapping[str, Sequence[str]], draw: random.Random) -> str:
    return "".join(_another(word, near, draw) for word in _WORDS.findall(text))


def _another(word: str, near: Mapping[str, Sequence[str]], draw: random.Random) -> str:
    choices = near.get(word.lower())
    if not choices or word.lower() in KEPT or draw.random() >= REPLACED:
        return word
    chosen = draw.choice(choices)
    return chosen.capitalize() if word[0].isupper() else chosen


def _spliced(texts: Sequence[str], draw: random.Random) -> str:
    first, second = draw.choice(texts).split(), draw.choice(texts).split()
    first = first[: draw.randint(1, min(LONGEST_PIECE, len(first)))]
    second = second[draw.randint(0, len(second) - 2) :][:LONGEST_PIECE]
    return " ".join(first) + draw.choice(JOINTS) + " ".join(second)
