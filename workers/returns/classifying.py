"""Why things were returned: the marketplace's code and the customer's comment, each asked and weighed.

The comment decides where it is clear, the code where there is no comment, or none in a language that is read.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np

from workers.returns import comments, evidence, reading
from workers.returns.codes import Code, look_up
from workers.returns.comments import Comment
from workers.returns.evidence import Clauses
from workers.returns.priors import INDEX, Distribution, posterior, prior
from workers.returns.reading import Reader
from workers.returns.reasons import REASONS, Reason

Source = Literal["comment", "code", "both", "none"]

# Raise it with every change of what is said of a return by the same weights: of codes, comments, clauses, priors. It
# is part of the version, so returns that were classified by other rules are new again.
RULES = 1

# Where neither code nor comment says anything, no reason is likelier than another.
NOTHING_SAID = round(1 / len(REASONS), 2)
# A second guess below this probability says nothing.
SECOND = 0.05
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
    """What the code, or a shop's own reason in words, says; None where it is empty or says nothing clearly."""
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
    clauses: Clauses | None
    """None where there is one clause only."""


def version() -> str:
    """Changes whenever a return may be classified differently."""
    return f"{reading.load().version}-{RULES}"


def classify(returns: Sequence[ReturnText]) -> list[Classification]:
    """One for each return, which depends on nothing but its code and its comment."""
    return [_classified(read) for read in _read(returns, reading.load())]


def _read(returns: Sequence[ReturnText], reader: Reader) -> Iterator[_Read]:
    found = [comments.read(each.comment) for each in returns]
    readable = [comment for comment in found if comment.is_readable]
    said = dict(zip((id(comment) for comment in readable), _said(readable, reader), strict=True))
    for each, comment in zip(returns, found, strict=True):
        probabilities, clauses = said.get(id(comment), (None, None))
        yield _Read(comment, look_up(each.reason_code) or _in_words(each.reason_code, reader), probabilities, clauses)


# A shop has some dozens of them.
@lru_cache(1_000)
def _in_words(code: str, reader: Reader) -> Code | None:
    """What a shop's own reason says that is no code: "Item was too small". None where it says nothing clearly."""
    words = comments.read(code)
    if not words.is_readable:
        return None
    said = reader.quick_probabilities([words.text])[0]
    return Code(REASONS[int(said.argmax())]) if said.max() >= evidence.CLEAR else None


def _said(readable: Sequence[Comment], reader: Reader) -> Iterator[tuple[Distribution, Clauses | None]]:
    whole = reader.probabilities([comment.text for comment in readable])
    spans = [evidence.clauses(comment.said) for comment in readable]
    texts = [
        [comment.said[span.start : span.end] for span in each] if len(each) > 1 else []
        for comment, each in zip(readable, spans, strict=True)
    ]
    rows = reader.quick_probabilities([text for each in texts for text in each])
    begin = 0
    for comment, row, each, parts in zip(readable, whole, spans, texts, strict=True):
        end = begin + len(parts)
        if not parts:
            yield row, None
            continue
        praise = [evidence.is_praise(part) for part in parts]
        clauses = Clauses(each, rows[begin:end], praise, evidence.adds(comment.text))
        yield evidence.weighed(row, clauses), clauses
        begin = end


def _classified(read: _Read) -> Classification:
    likely = _likely(read)
    reason = REASONS[int(likely.argmax())]
    source = _source(read, reason)
    start, end = _evidence(read, reason) if source in ("comment", "both") else (0, 0)
    second, second_confidence = _second(read, likely, reason)
    return Classification(
        reason=reason.value,
        confidence=NOTHING_SAID if source == "none" else round(float(likely[INDEX[reason]]), 4),
        evidence=read.comment.stored[start:end],
        start=start,
        end=end,
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
        return posterior(_meant(read.said, read.comment), code) if code else read.said
    if code:
        return prior(code)
    nothing = np.zeros(len(REASONS))
    nothing[INDEX[Reason.OTHER]] = NOTHING_SAID
    return nothing


def _meant(said: Distribution, comment: Comment) -> Distribution:
    """Beside a code, "doesn't fit" may be any of three reasons, and "don't like it" all of them."""
    meanings = comments.vague_meanings(comment.text)
    if not meanings:
        return said
    spread = np.zeros(len(REASONS))
    spread[[INDEX[reason] for reason in meanings]] = 1 / len(meanings)
    return spread


def _source(read: _Read, reason: Reason) -> Source:
    by_code = read.code is not None and read.code.agrees(reason) and (read.said is None or read.code.says_something)
    by_comment = read.said is not None and (not by_code or read.said[INDEX[reason]] >= SUPPORTS)
    if by_comment:
        return "both" if by_code else "comment"
    return "code" if by_code else "none"


def _contradicted(read: _Read, reason: Reason) -> bool:
    if read.said is None or read.code is None or not read.code.says_something:
        return False
    return not read.code.agrees(reason)


def _evidence(read: _Read, reason: Reason) -> tuple[int, int]:
    """The clause that says the reason, as a span of the stored comment."""
    cleaned = read.comment.cleaned
    if read.clauses:
        return cleaned.stored_span(*read.clauses.clearest(reason))
    spans = evidence.clauses(read.comment.said)
    return cleaned.stored_span(*spans[0]) if spans else (0, 0)


def _second(read: _Read, likely: Distribution, reason: Reason) -> tuple[str | None, float | None]:
    """Another issue that a clause names clearly, or else the next likely reason."""
    issues = read.clauses.issues() if read.clauses else {}
    rest = likely.copy()
    for issue, probability in issues.items():
        rest[INDEX[issue]] = max(rest[INDEX[issue]], probability)
    rest[INDEX[reason]] = 0
    second = int(rest.argmax())
    # A second guess is never surer than the first.
    confidence = round(float(min(rest[second], likely[INDEX[reason]])), 4)
    return (REASONS[second].value, confidence) if confidence >= SECOND else (None, None)
