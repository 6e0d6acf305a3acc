"""What texts mean, as directions: the encoder's other output."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from workers.sentiment import encoder
from workers.sentiment.encoder import Encoder


class Embedder:
    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Texts × 384, each of length 1. A text's direction does not depend on the texts beside it."""
        return self._encoder.read(texts).meanings


@cache
def load() -> Embedder | None:
    """Loaded once per process; None where onnxruntime cannot be loaded."""
    loaded = encoder.load()
    return Embedder(loaded) if loaded else None
