"""What a sample of answers tells about all: 95 % intervals where answers to one question resemble each other.

The questions are a sample of what shoppers ask, and the answers to each a sample of what the assistants say. So a
question is a cluster, and its answers are worth less than as many answers to different questions.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Z = 1.959963984540054
RESAMPLES, SEED = 2000, 20261127
# Below as many questions, and as many of them that differ from the others, resampling misses the truth too often.
# What has two bounds has another interval then, and that is the better one still for some more.
FEWEST, FEWEST_DIFFERENT, FEWEST_BOUNDED = 10, 6, 30
# A score varies less than a share of hits and misses does; but that all questions have about the same may be chance.
LEAST_EFFECT = 0.25


@dataclass(frozen=True, slots=True)
class Estimate:
    """`low` and `high` are None where there are too few questions to tell."""

    value: float
    low: float | None
    high: float | None


def rate(hits: Floats, answers: Floats) -> Estimate:
    """The share of answers with something, from the counts of each question: Wilson's interval for fewer answers.

    Their number is divided by the design effect, as Dean and Pagano recommend for samples in clusters (Survey
    Research Methods 2015). That effect is estimated from the questions, so Student's quantile takes the normal one's
    place, with as many degrees of freedom as there are questions less one.
    """
    return _share(hits, answers, least_effect=1.0)


def _share(hits: Floats, answers: Floats, least_effect: float) -> Estimate:
    # A question without anything to count, such as one whose answers do not name the brand, tells nothing.
    hits, answers = hits[answers > 0], answers[answers > 0]
    count, questions = float(answers.sum()), len(answers)
    value = float(hits.sum() / count)
    if questions < 2 or value <= 0 or value >= 1:
        # Nothing tells how alike the answers are: the questions are what counts.
        return Estimate(value, *wilson(value, min(count, questions)))
    effective = count / max(least_effect, _design_effect(hits, answers, value))
    return Estimate(value, *wilson(value, effective, student(questions - 1)))


def student(freedom: int) -> float:
    """Student's quantile for 95 % (Abramowitz and Stegun 26.7.5), within 1 % from 3 degrees of freedom on."""
    z, n = Z, freedom
    return (
        z
        + (z**3 + z) / (4 * n)
        + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * n**2)
        + (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / (384 * n**3)
    )


def wilson(share: float, count: float, quantile: float = Z) -> tuple[float, float]:
    """Wilson's interval (JASA 1927) of a share of `count` independent trials."""
    square = quantile**2
    centre = (share + square / (2 * count)) / (1 + square / count)
    half = quantile / (1 + square / count) * (share * (1 - share) / count + square / (4 * count**2)) ** 0.5
    # At both ends the bound is the end itself, and not what rounding makes of it.
    return centre - half if share > 0 else 0.0, centre + half if share < 1 else 1.0


def _design_effect(hits: Floats, answers: Floats, value: float) -> float:
    """By how much the linearised variance exceeds that of independent answers."""
    questions, count = len(answers), float(answers.sum())
    residuals = hits - value * answers
    variance = questions / (questions - 1) * float(residuals @ residuals) / count**2
    return variance * count / (value * (1 - value))


def ratio(sums: Floats, counts: Floats, least: float, most: float | None) -> Estimate:
    """A mean or a share from each question's sum and count: a studentised bootstrap over the questions.

    Efron and Tibshirani 1993, chapter 12, with the linearised standard error of a ratio. Percentiles of the resampled
    ratios themselves are too narrow for the 10 to 50 questions that a job asks. Where too few questions say something
    else than the others, resampling does not see what is missing: what lies between two bounds then has a share's
    interval, with its own variance; without an upper bound there is none.
    """
    value = float(sums.sum() / counts.sum())
    if _is_enough(sums, counts, FEWEST_DIFFERENT if most is None else FEWEST_BOUNDED):
        error = _standard_error(sums, counts)
        lower, upper = np.quantile(_studentised(sums, counts, value), (0.025, 0.975))
        low, high = value - float(upper) * error, value - float(lower) * error
        return Estimate(value, max(least, low), high if most is None else min(most, high))
    if most is None:
        return Estimate(value, None, None)
    share = _share((sums - least * counts) / (most - least), counts, LEAST_EFFECT)
    return Estimate(
        value, *(None if end is None else least + (most - least) * end for end in (share.low, share.high))
    )


def _is_enough(sums: Floats, counts: Floats, different: int) -> bool:
    """Whether enough questions have something to count, and enough of these differ from the commonest value."""
    known = counts > 0
    values, frequencies = np.unique(np.round(sums[known] / counts[known], 9), return_counts=True)
    return bool(known.sum() >= FEWEST and len(values) and known.sum() - frequencies.max() >= different)


def _standard_error(sums: Floats, counts: Floats) -> float:
    questions = len(counts)
    residuals = sums - sums.sum() / counts.sum() * counts
    return float((questions / max(questions - 1, 1) * residuals @ residuals) ** 0.5 / counts.sum())


def _studentised(sums: Floats, counts: Floats, value: float) -> Floats:
    """How many of its own standard errors each resampled ratio is off."""
    questions = len(counts)
    weights = _resamples(questions)
    totals = weights @ counts
    ratios = np.divide(weights @ sums, totals, out=np.full(len(totals), value), where=totals > 0)
    squares = weights @ sums**2 - 2 * ratios * (weights @ (sums * counts)) + ratios**2 * (weights @ counts**2)
    errors = np.sqrt(questions / (questions - 1) * np.maximum(squares, 0)) / np.maximum(totals, 1e-12)
    known = errors > 1e-9
    return (ratios[known] - value) / errors[known] if known.any() else np.zeros(1)


@cache
def _resamples(questions: int) -> Floats:
    """How often each question is in each resample: resamples × questions."""
    random = np.random.default_rng(SEED)
    return random.multinomial(questions, np.full(questions, 1 / questions), RESAMPLES).astype(np.float64)
