"""The encoder: MiniLM-L6 with weights of 8 bits, run by onnxruntime, one text at a time."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from workers.sentiment.wordpiece import WordPiece

logger = logging.getLogger(__name__)

# Read when onnxruntime is loaded. Else it keeps a name of this machine in a file and tells Microsoft of its sessions.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"

WEIGHTS = Path(__file__).parent / "weights"
# Pieces that are read of a text: attention grows with the square, and reviews have 75 words on average.
LONGEST = 128


@dataclass(frozen=True, slots=True)
class Reading:
    logits: NDArray[np.float32]
    """Texts × negative, neutral, positive."""
    meanings: NDArray[np.float32]
    """Texts × 384, each of length 1: texts that mean alike point the same way."""


@cache
def tokenizer() -> WordPiece:
    return WordPiece((WEIGHTS / "pieces.txt").read_text(encoding="ascii").splitlines())


class Encoder:
    def __init__(self, path: Path) -> None:
        # Only here: where onnxruntime cannot be loaded, the fast model works alone.
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # A worker has as many processes as it has cores.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def read(self, texts: Sequence[str]) -> Reading:
        """One after the other: numbers of 8 bits are scaled by what is in a batch, so a text's result would depend on
        the texts beside it."""
        pieces = tokenizer()
        logits = np.zeros((len(texts), 3), np.float32)
        meanings = np.zeros((len(texts), 384), np.float32)
        for number, text in enumerate(texts):
            row = np.array([pieces.numbers(text, LONGEST)])
            (logits[number],), (meanings[number],) = self._session.run(["logits", "meaning"], {"numbers": row})
        return Reading(logits, meanings)


@cache
def load() -> Encoder | None:
    """The encoder, loaded once per process; None where onnxruntime cannot be loaded on this machine."""
    try:
        return Encoder(WEIGHTS / "encoder.onnx")
    except (ImportError, OSError) as error:
        logger.warning("onnxruntime cannot be loaded, and reviews are read by the fast model alone: %s", error)
        return None
