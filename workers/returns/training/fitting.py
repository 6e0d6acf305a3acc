"""Two logistic regressions over the fifteen reasons, on n-grams and on meanings, and how sure their sum may be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.model_selection import StratifiedKFold

from workers.returns.ngrams import PLACES, ngrams
from workers.returns.reading import softmax
from workers.returns.reasons import REASONS
from workers.returns.training.texts import Example, comparable
from workers.sentiment.embedding import Embedder

# Inverse strengths of the regularisation, and what a labelled comment counts beside a generated one.
NGRAMS_C, MEANING_C, LABELLED = 20.0, 3.0, 3.0
ITERATIONS, TOLERANCE = 500, 1e-3
FOLDS = 5
SHARES = (0.5, 0.75, 1.0, 1.25, 1.5)
TEMPERATURES = np.geomspace(0.3, 4.0, 60)

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts as both models see them. `weights`: what each counts."""

    counts: sparse.csr_matrix
    meanings: NDArray[np.float32]
    labels: Labels
    weights: Floats
    names: list[str]

    def __getitem__(self, chosen: NDArray[np.intp]) -> "Texts":
        names = [self.names[number] for number in chosen]
        return Texts(self.counts[chosen], self.meanings[chosen], self.labels[chosen], self.weights[chosen], names)

    def __add__(self, other: "Texts") -> "Texts":
        return Texts(
            sparse.vstack([self.counts, other.counts]).tocsr(),
            np.concatenate([self.meanings, other.meanings]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.weights, other.weights]),
            self.names + other.names,
        )

    def without(self, others: "Texts") -> "Texts":
        """Those that do not stand in the others: nothing is tested that was learned."""
        known = {comparable(name) for name in others.names}
        return self[np.flatnonzero([comparable(name) not in known for name in self.names])]


@dataclass(frozen=True, slots=True)
class Fitted:
    idf: NDArray[np.float32]
    ngrams: Floats
    ngrams_bias: Floats
    meaning: Floats
    meaning_bias: Floats

    def logits(self, texts: Texts) -> tuple[Floats, Floats]:
        by_ngrams = weighted(texts.counts, self.idf) @ self.ngrams + self.ngrams_bias
        return by_ngrams, texts.meanings @ self.meaning + self.meaning_bias


def prepared(examples: Sequence[Example], embedder: Embedder, weight: float = 1.0) -> Texts:
    names = [example.text for example in examples]
    found = ngrams(names)
    counts = sparse.csr_matrix((found.values, found.places, found.begins), shape=(len(names), PLACES))
    labels = np.array([REASONS.index(example.reason) for example in examples])
    return Texts(counts, embedder.embed(names), labels, np.full(len(names), weight), names)


def weighted(counts: sparse.csr_matrix, idf: NDArray[np.float32]) -> sparse.csr_matrix:
    """As `reading.NgramModel` weighs them: by how rare an n-gram is, each text with a length of 1."""
    products = counts.multiply(idf).tocsr()
    lengths = np.sqrt(np.asarray(products.multiply(products).sum(axis=1))).ravel()
    return sparse.diags(1 / np.maximum(lengths, 1e-9)) @ products


def fit(texts: Texts) -> Fitted:
    found = np.asarray((texts.counts > 0).sum(axis=0)).ravel()
    idf = (np.log((1 + len(texts.names)) / (1 + found)) + 1).astype(np.float16).astype(np.float32)
    by_ngrams = _regression(NGRAMS_C).fit(weighted(texts.counts, idf), texts.labels, texts.weights)
    by_meaning = _regression(MEANING_C).fit(texts.meanings, texts.labels, texts.weights)
    return Fitted(idf, by_ngrams.coef_.T, by_ngrams.intercept_, by_meaning.coef_.T, by_meaning.intercept_)


def _regression(strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, class_weight="balanced", max_iter=ITERATIONS, tol=TOLERANCE)


def cross_validated(generated: Texts, labelled: Texts, seed: int) -> tuple[Floats, Floats, Labels]:
    """Logits of each labelled comment, by models that learned from the generated texts and from the other folds."""
    generated = generated.without(labelled)
    shape = len(labelled.names), len(REASONS)
    by_ngrams, by_meaning = np.zeros(shape), np.zeros(shape)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for learned, tested in folds.split(labelled.names, labelled.labels):
        fitted = fit(generated + labelled[learned])
        by_ngrams[tested], by_meaning[tested] = fitted.logits(labelled[tested])
    return by_ngrams, by_meaning, labelled.labels


def best_share(by_ngrams: Floats, by_meaning: Floats, labels: Labels) -> float:
    """What the meaning counts: the share under which the labels are likeliest, at the best temperature."""

    def lowest(share: float) -> float:
        sums = by_ngrams + share * by_meaning
        return surprise(sums, labels, temperature(sums, labels))

    return min(SHARES, key=lowest)


def temperature(logits: Floats, labels: Labels) -> float:
    """The one under which the labels are likeliest (Guo et al. 2017)."""
    return float(min(TEMPERATURES, key=lambda each: surprise(logits, labels, each)))


def surprise(logits: Floats, labels: Labels, temperature: float) -> float:
    likely = softmax(logits, temperature)[np.arange(len(labels)), labels]
    return float(-np.log(np.maximum(likely, 1e-4)).mean())


def macro_f1(logits: Floats, labels: Labels) -> float:
    return float(f1_score(labels, logits.argmax(axis=1), average="macro"))
