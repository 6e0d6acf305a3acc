"""The fast model: a convolution over word pieces (Kim 2014) that has learned what the encoder says.

A filter's answer to a window is a sum over the window's pieces, so all answers to single pieces are computed once,
when the model is loaded, and a text is read by looking them up and adding. That is quick, and a text's result never
depends on the texts beside it.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.sentiment.wordpiece import WordPiece

Floats = NDArray[np.float32]

# Pieces that are read of a text, begin and end; as the model was taught.
LONGEST = 256
# Pieces that are looked up at a time: as much as the processor's cache holds of their answers.
AT_ONCE = 4096


class Fast:
    """Weights: `pieces` (int8, pieces × dimensions) by `scale`, `filters` by window and place in it, two layers."""

    def __init__(self, weights: Path, tokenizer: WordPiece) -> None:
        self._tokenizer = tokenizer
        with np.load(weights, allow_pickle=False) as stored:
            parts = {name: stored[name].astype(np.float32) for name in stored.files}
        vectors = parts["pieces"] * parts["scale"]
        vectors[tokenizer.padding] = 0
        # By window and place in it: pieces × filters.
        self._answers: list[Floats] = [vectors @ part for part in parts["filters"]]
        self._shift: list[Floats] = list(parts["shift"])
        self._hidden, self._hidden_shift = parts["hidden"], parts["hidden_shift"]
        self._output, self._output_shift = parts["output"], parts["output_shift"]

    def logits(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Texts × negative, neutral, positive."""
        found = np.zeros((len(texts), 3))
        chosen: list[list[int]] = []
        begin = pieces = 0
        for number, text in enumerate(texts):
            # Windows hang over both ends of a text.
            padding = [self._tokenizer.padding] * 2
            row = [*padding, *self._tokenizer.numbers(text, LONGEST)[1:-1], *padding]
            chosen.append(row)
            pieces += len(row)
            if pieces >= AT_ONCE or number == len(texts) - 1:
                found[begin : number + 1] = self._read(chosen)
                chosen, begin, pieces = [], number + 1, 0
        return found

    def _read(self, rows: list[list[int]]) -> NDArray[np.float64]:
        lengths = np.array([len(row) for row in rows])
        numbers = np.concatenate([np.array(row) for row in rows])
        begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        # A window of up to three pieces begins anywhere but at a row's last two places.
        inside = np.ones(len(numbers), dtype=bool)
        inside[begins + lengths - 1] = inside[begins + lengths - 2] = False
        at = np.flatnonzero(inside)
        segments = np.concatenate([[0], np.cumsum(lengths - 2)[:-1]])
        largest, mean, place = [], [], 0
        for width, shift in enumerate(self._shift, start=1):
            answers = self._answers[place][numbers[at]]
            for offset in range(1, width):
                answers += self._answers[place + offset][numbers[at + offset]]
            answers += shift
            np.maximum(answers, 0, out=answers)
            largest.append(np.maximum.reduceat(answers, segments))
            mean.append(np.add.reduceat(answers, segments) / (lengths - 2)[:, None])
            place += width
        pooled = np.concatenate(largest + mean, axis=1)
        # By einsum and not by BLAS, whose sums depend on how many rows there are.
        hidden = np.maximum(np.einsum("nk,hk->nh", pooled, self._hidden) + self._hidden_shift, 0)
        logits: NDArray[np.float32] = np.einsum("nh,lh->nl", hidden, self._output) + self._output_shift
        return logits.astype(np.float64)
