"""How sure the models may be, fitted on what was held out: a temperature for each (Guo et al. 2017), and from which
probability on the fast one is believed."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from workers.sentiment import encoder
from workers.sentiment.encoder import WEIGHTS, tokenizer
from workers.sentiment.fast import Fast
from workers.sentiment.scoring import softmax
from workers.sentiment.training.corpora import Example

# Of whole reviews, the share that the encoder reads: the time that it may take decides. Of short texts, the
# probability above which it makes nothing better.
READ, SHORT_UNSURE = 0.14, 0.95
# Both together are right more often than the encoder alone.
ENCODER_SHARE = 0.65
WHOLE = "fine_foods"
TEMPERATURES = np.geomspace(0.3, 4.0, 60)


def fit(sets: Mapping[str, Sequence[Example]]) -> dict[str, float]:
    """`scoring.Calibration` as JSON, but for the version."""
    loaded = encoder.load()
    if loaded is None:
        raise SystemExit("onnxruntime cannot be loaded.")
    # Raters who are split over a sentence leave no label to be sure of; stars of three are one.
    used = {name: [each for each in rows if name == WHOLE or not each.labels[1]] for name, rows in sets.items()}
    examples = [each for rows in used.values() for each in rows]
    texts, labels = [each.text for each in examples], np.array([each.labels for each in examples])
    # Whole reviews and sentences count the same.
    weights = np.concatenate([np.full(len(each), 1 / len(each)) for each in used.values()])
    fast, theirs = Fast(WEIGHTS / "fast.npz", tokenizer()).logits(texts), loaded.read(texts).logits
    temperature = _temperature(fast, labels, weights)
    whole = np.array([each.source == WHOLE for each in examples])
    sure = softmax(fast[whole], temperature).max(axis=1)
    return {
        "fast_temperature": round(temperature, 3),
        "encoder_temperature": round(_temperature(theirs, labels, weights), 3),
        "unsure_below": round(float(np.quantile(sure, READ)), 4),
        "short_unsure_below": SHORT_UNSURE,
        "encoder_share": ENCODER_SHARE,
    }


def _temperature(logits: NDArray[np.floating], labels: NDArray[np.float64], weights: NDArray[np.float64]) -> float:
    """The one under which the labels are likeliest."""

    def surprise(temperature: float) -> float:
        likely = (softmax(logits, temperature) * labels).sum(axis=1)
        return float(-(weights * np.log(np.maximum(likely, 1e-9))).sum())

    return float(min(TEMPERATURES, key=surprise))
