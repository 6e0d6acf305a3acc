"""The whole analysis of reviews: language, label, aspects, flags.

Reviews go through in batches, because models are quicker so; what is said of one never depends on the others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workers.sentiment import aspects, flags, languages
from workers.sentiment.adapting import labels_of
from workers.sentiment.aspects import Candidate
from workers.sentiment.cleaning import Cleaned, clean
from workers.sentiment.gibberish import is_gibberish
from workers.sentiment.marks import Sentence, graded, sarcastic_sentences, spoken
from workers.sentiment.phrases import Found
from workers.sentiment.scoring import Scorer
from workers.sentiment.shapes import (
    ASPECTS,
    FLAGS,
    LABELS,
    Analysis,
    Aspect,
    AspectOpinion,
    Flag,
    Label,
    ReviewText,
    Source,
)
from workers.sentiment.tokens import Words, words_of

__all__ = [
    "ASPECTS",
    "FLAGS",
    "LABELS",
    "Analysis",
    "Aspect",
    "AspectOpinion",
    "Flag",
    "Label",
    "ReviewText",
    "Source",
    "analyse",
    "version",
]

# Raise it with every change of what is said of a review by the same weights: of the lexicon, the flags, what is read
# of a text. It is part of the version, so reviews that were analysed by other rules are new again.
RULES = 1

# What is read of a long body, in characters: its beginning, and for the label its end too. Verdicts stand there.
HEAD, TAIL = 4_000, 2_000
# A label of at least this probability contradicts the stars.
SURE = 0.85
# A clause without a word of opinion speaks of an aspect if the model sees one in it this surely.
_LEAN = 0.6
# A text says something if it has a letter outside of addresses, or stars in figures (10/10). A number alone does not.
_SAYING = re.compile(r"[^\W\d_]|\d ?/ ?\d")
# Tools write Amazon's picture of stars in front of the title: that is the rating, and not what the customer wrote.
_RATED = re.compile(r"^\d[.,]0 out of 5 stars\b[\s:.,-]*")
_BY_STARS: dict[int | None, Label] = {1: "negative", 2: "negative", 4: "positive", 5: "positive"}

Probabilities = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Part:
    """The title or the body, and what was found in it."""

    source: Source
    stored: str
    cleaned: Cleaned
    sarcastic: list[Sentence]
    words: Words
    candidates: list[Candidate]


@dataclass(frozen=True, slots=True)
class _Read:
    """A review, ready for the models. Without a text for them it gets no label."""

    review: ReviewText
    language: str
    text: str
    parts: list[_Part]


def version(scorer: Scorer) -> str:
    """Of the whole analysis. It changes whenever something else may be said of a review."""
    return f"{scorer.version}-{RULES}"


def analyse(reviews: Sequence[ReviewText], scorer: Scorer) -> list[Analysis]:
    """The analyses of the reviews, in their order."""
    read = [_read(review) for review in reviews]
    told = [each for each in read if each.text]
    rows = iter(scorer.probabilities([each.text for each in told]) if told else ())
    unclear = [candidate.clause for each in told for candidate in _unclear(each)]
    clauses = iter(scorer.fast_probabilities(unclear) if unclear else ())
    return [
        _analysis(each, next(rows), [next(clauses) for _ in _unclear(each)]) if each.text else _unread(each)
        for each in read
    ]


def _read(review: ReviewText) -> _Read:
    title, body = clean(review.title, HEAD), clean(review.body, HEAD)
    tail = clean(review.body[HEAD:][-TAIL:]).text
    language = languages.detect(f"{title.text}\n{body.text}", review.language)
    if language not in (*languages.SUPPORTED, languages.UNKNOWN):
        return _Read(review, language, "", [])
    parts = [_part("title", review.title, title), _part("body", review.body, body)]
    said = [spoken(part.cleaned.text, part.sarcastic) for part in parts]
    text = graded(_whole(_RATED.sub("", said[0]), f"{said[1]} {spoken(tail, sarcastic_sentences(tail))}"))
    return _Read(review, language, text if _SAYING.search(languages.ADDRESS.sub(" ", text)) else "", parts)


def _part(source: Source, stored: str, cleaned: Cleaned) -> _Part:
    words = words_of(cleaned.text)
    candidates = aspects.candidates(cleaned.text, words)
    return _Part(source, stored, cleaned, sarcastic_sentences(cleaned.text), words, candidates)


def _whole(title: str, body: str) -> str:
    """Title and body as one text. Marketplaces without titles repeat the body's beginning as one."""
    title, body = (" ".join(text.split()) for text in (title, body))
    if not title or body.startswith(title.rstrip(".…")):
        return body
    return f"{title}{'' if title[-1] in '.!?' else '.'} {body}" if body else title


def _unclear(read: _Read) -> list[Candidate]:
    return [each for part in read.parts for each in part.candidates if each.polarity is None]


def _unread(read: _Read) -> Analysis:
    flag: Flag = "no_text" if read.parts else "unsupported_language"
    return Analysis(None, None, None, read.language, (), (flag,))


def _analysis(read: _Read, row: Probabilities, clauses: list[Probabilities]) -> Analysis:
    found = [flags.phrases_of(part.words) for part in read.parts]
    is_harmful = any(flags.mentions_safety(part.words, each) for part, each in zip(read.parts, found, strict=True))
    if is_harmful and _is_unlikely_praise(read, row):
        row = row[::-1]
    [place] = labels_of(row[None, :]).tolist()
    label, confidence = LABELS[place], float(row[place])
    opinions = tuple(_opinions(read, clauses))
    score = round(float(row[2] - row[0]), 4)
    said = _flags(read, label, confidence, found)
    return Analysis(
        label, score, confidence, read.language, opinions, (*said, "mentions_safety") if is_harmful else said
    )


def _is_unlikely_praise(read: _Read, row: Probabilities) -> bool:
    """Whether a text that speaks of harm is read as praise, and neither surely nor with stars that say so."""
    [place] = labels_of(row[None, :]).tolist()
    is_praise = LABELS[place] == "positive" and row[place] < SURE
    return is_praise and _BY_STARS.get(read.review.rating) != "positive"


def _opinions(read: _Read, clauses: list[Probabilities]) -> list[AspectOpinion]:
    rows = iter(clauses)
    found: list[AspectOpinion] = []
    for part in read.parts:
        for candidate in part.candidates:
            polarity = candidate.polarity or _polarity(next(rows))
            if polarity:
                found.append(_opinion(part, candidate, polarity))
    return found


def _polarity(row: Probabilities) -> Label | None:
    """What the model reads in a clause. None where it only names the aspect."""
    return LABELS[int(row.argmax())] if abs(row[2] - row[0]) >= _LEAN else None


def _opinion(part: _Part, candidate: Candidate, polarity: Label) -> AspectOpinion:
    if polarity == "positive" and any(each.start <= candidate.start < each.end for each in part.sarcastic):
        polarity = "negative"
    start, end = part.cleaned.stored_span(candidate.start, candidate.end)
    return AspectOpinion(candidate.aspect, polarity, part.stored[start:end], start, end, part.source)


def _flags(read: _Read, label: Label, confidence: float, phrases: list[list[Found]]) -> tuple[Flag, ...]:
    found: list[Flag] = []
    stars = _BY_STARS.get(read.review.rating)
    if stars and label not in ("neutral", stars) and confidence >= SURE:
        found.append("rating_text_mismatch")
    spam = [flags.is_spam(part.cleaned.text, each) for part, each in zip(read.parts, phrases, strict=True)]
    if any(spam) or (read.language == languages.UNKNOWN and is_gibberish(read.text.lower().split())):
        found.append("suspected_spam")
    return tuple(found)
