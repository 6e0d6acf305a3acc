"""Why things were returned: the marketplace's code and the customer's comment, each asked and weighed.

The comment decides where it is clear, the code where there is no comment, or none in a language that is read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from workers.returns import comments, evidence, reading
from workers.returns.codes import Code, look_up
from workers.returns.comments import Comment
from workers.returns.priors import INDEX, Distribution, posterior, prior
from workers.returns.reading import Reader
from workers.returns.reasons import REASONS, Reason

Source = Literal["comment", "code", "both", "none"]

# Where neither code nor comment says anything, no reason is likelier than another.
NOTHING_SAID = round(1 / len(REASONS), 2)
# A second guess below this probability says nothing.
SECOND = 0.05
# A clause that says another reason at least so clearly is a second issue.
CLEAR = 0.5
# The least probability that a comment gives a reason that it supports.
SUPPORTS = 2 / len(REASONS)


@dataclass(frozen=True, slots=True)
class ReturnText:
    """`reason_code` as the marketplace gave it, `comment` as the customer wrote it; either may be empty."""

    reason_code: str
    comment: str


@dataclass(frozen=True, slots=True)
class Classification:
    reason: str
    """One of `Reason`."""
    confidence: float
    """Of the reasons that are given with 0.8, about eight in ten are right."""
    evidence: str
    """Exactly comment[start:end]: the part that says the reason. Empty where the comment does not say it."""
    start: int
    end: int
    second: str | None
    """The next likely reason, or another issue that the comment names."""
    second_confidence: float | None
    code_reason: str | None
    """What the code says, None where it is empty or unknown."""
    code_contradicted: bool
    """The comment decided for another reason than any that the code means."""
    language: str
    """Of the comment: ISO 639-1, "und" where it cannot be told."""
    source: Source
    """What the reason comes from."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A return with what its comment says: None where it says nothing that is understood."""

    comment: Comment
    code: Code | None
    said: Distribution | None


def version() -> str:
    """Changes whenever a return may be classified differently."""
    return reading.load().version


def classify(returns: Sequence[ReturnText]) -> list[Classification]:
    """One for each return, which depends on nothing but its code and its comment."""
    reader = reading.load()
    found = [comments.read(each.comment) for each in returns]
    texts = [comment.text for comment in found if comment.is_readable]
    rows = iter(reader.probabilities(texts))
    return [
        _classified(_Read(comment, look_up(each.reason_code), next(rows) if comment.is_readable else None), reader)
        for each, comment in zip(returns, found, strict=True)
    ]


def _classified(read: _Read, reader: Reader) -> Classification:
    likely = _likely(read)
    reason = REASONS[int(likely.argmax())]
    source = _source(read, reason)
    span, clear = _evidence(read.comment, reason, reader) if source in ("comment", "both") else ((0, 0), None)
    second, second_confidence = _second(likely, reason, clear)
    confidence = NOTHING_SAID if source == "none" else round(float(likely[INDEX[reason]]), 4)
    return Classification(
        reason=reason.value,
        confidence=confidence,
        evidence=read.comment.stored[span[0] : span[1]],
        start=span[0],
        end=span[1],
        second=second,
        second_confidence=second_confidence,
        code_reason=read.code.reason.value if read.code else None,
        code_contradicted=_contradicted(read, reason),
        language=read.comment.language,
        source=source,
    )


def _likely(read: _Read) -> Distribution:
    """P(reason) by what there is: both, one of them, or nothing, which is other."""
    code = read.code if read.code and (read.code.says_something or read.said is None) else None
    if read.said is not None:
        return posterior(read.said, code) if code else read.said
    if code:
        return prior(code)
    nothing = np.zeros(len(REASONS))
    nothing[INDEX[Reason.OTHER]] = NOTHING_SAID
    return nothing


def _source(read: _Read, reason: Reason) -> Source:
    by_code = read.code is not None and read.code.agrees(reason) and (read.said is None or read.code.says_something)
    by_comment = read.said is not None and (not by_code or read.said[INDEX[reason]] >= SUPPORTS)
    if by_comment:
        return "both" if by_code else "comment"
    return "code" if by_code else "none"


def _contradicted(read: _Read, reason: Reason) -> bool:
    said = read.said is not None and read.code is not None and read.code.says_something
    return said and read.code is not None and not read.code.agrees(reason)


def _evidence(comment: Comment, reason: Reason, reader: Reader) -> tuple[tuple[int, int], Distribution | None]:
    """The clause that says the reason, as a span of the stored comment, and what the clauses say at most of each."""
    spans = evidence.clauses(comment.cleaned.text)
    if not spans:
        return (0, 0), None
    if len(spans) == 1:
        return comment.cleaned.stored_span(*spans[0]), None
    said = reader.quick_probabilities([comment.cleaned.text[span.start : span.end] for span in spans])
    span = evidence.clearest(spans, said[:, INDEX[reason]].tolist())
    return comment.cleaned.stored_span(*span), said.max(axis=0)


def _second(likely: Distribution, reason: Reason, clear: Distribution | None) -> tuple[str | None, float | None]:
    """Another issue that a clause names clearly, or else the next likely reason."""
    rest = likely.copy()
    if clear is not None and clear[: INDEX[Reason.OTHER]].max() >= CLEAR:
        issues = np.where(clear >= CLEAR, clear, 0)
        issues[[INDEX[reason], INDEX[Reason.OTHER]]] = 0
        rest = np.maximum(rest, issues)
    rest[INDEX[reason]] = 0
    second = int(rest.argmax())
    # A second guess is never surer than the first.
    confidence = round(float(min(rest[second], likely[INDEX[reason]])), 4)
    return (REASONS[second].value, confidence) if confidence >= SECOND else (None, None)
