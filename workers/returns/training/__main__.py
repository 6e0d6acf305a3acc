"""Makes the weights of `workers/returns/weights`, from the same seeds. MODEL_CARD.md there says how to run it."""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from workers.returns.reading import WEIGHTS
from workers.returns.training.fitting import (
    LABELLED,
    Fitted,
    Texts,
    best_share,
    cross_validated,
    fit,
    macro_f1,
    prepared,
    temperature,
)
from workers.returns.training.texts import generated, labelled
from workers.sentiment import embedding

SEED = 21


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m workers.returns.training", description=__doc__)
    parser.add_argument("--labelled", type=Path, required=True, help="labelled comments to learn from")
    parser.add_argument("--held-out", type=Path, required=True, help="labelled comments for the figures alone")
    options = parser.parse_args(arguments)
    embedder = embedding.load()
    if embedder is None:
        raise SystemExit("onnxruntime cannot be loaded.")
    texts = prepared(generated(SEED), embedder)
    known = prepared(labelled(options.labelled), embedder, LABELLED)
    held_out = prepared(labelled(options.held_out), embedder)
    texts = texts.without(held_out)
    fitted = fit(texts + known)
    store(fitted, calibrated(texts, known, fitted))
    figures("generated texts alone, on the labelled", fit(texts.without(known)), known)
    figures("all, on the held out", fitted, held_out)


def calibrated(texts: Texts, known: Texts, fitted: Fitted) -> dict[str, float]:
    """`reading.Calibration` without its version, by cross-validation; prints its figures."""
    by_ngrams, by_meaning, labels = cross_validated(texts, known, SEED)
    share = best_share(by_ngrams, by_meaning, labels)
    both = by_ngrams + share * by_meaning
    line("cross-validated on the labelled", *(macro_f1(each, labels) for each in (by_ngrams, by_meaning, both)))
    return {
        "meaning_share": share,
        "temperature": round(temperature(both, labels), 3),
        "ngrams_temperature": round(temperature(by_ngrams, labels), 3),
    }


def figures(name: str, fitted: Fitted, tested: Texts) -> None:
    share = json.loads((WEIGHTS / "calibration.json").read_text(encoding="utf-8"))["meaning_share"]
    by_ngrams, by_meaning = fitted.logits(tested)
    logits = (by_ngrams, by_meaning, by_ngrams + share * by_meaning)
    line(name, *(macro_f1(each, tested.labels) for each in logits))


def line(name: str, by_ngrams: float, by_meaning: float, both: float) -> None:
    print(f"| {name} | {by_ngrams:.3f} | {by_meaning:.3f} | {both:.3f} |", flush=True)


def store(fitted: Fitted, calibration: dict[str, float]) -> None:
    """N-grams with 8 bits, each reason's by its own scale; everything else with 16."""
    scale = np.abs(fitted.ngrams).max(axis=0) / 127
    WEIGHTS.mkdir(exist_ok=True)
    np.savez_compressed(
        WEIGHTS / "weights.npz",
        ngrams=np.round(fitted.ngrams / scale).astype(np.int8),
        ngrams_scale=scale.astype(np.float32),
        ngrams_bias=fitted.ngrams_bias.astype(np.float32),
        idf=fitted.idf.astype(np.float16),
        meaning=fitted.meaning.astype(np.float16),
        meaning_bias=fitted.meaning_bias.astype(np.float32),
    )
    digest = hashlib.sha256((WEIGHTS / "weights.npz").read_bytes()).hexdigest()
    (WEIGHTS / "SHA256SUMS").write_text(f"{digest}  weights.npz\n", encoding="ascii")
    versioned = {"version": hashlib.sha256(f"{digest}{calibration}".encode()).hexdigest()[:12], **calibration}
    (WEIGHTS / "calibration.json").write_text(json.dumps(versioned, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
