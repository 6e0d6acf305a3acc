"""The figures, as the result shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from workers.jobs.llm_visibility_score.shapes import (
    MOST_SHOWN_DOMAINS,
    BrandedSummary,
    Change,
    CitedDomain,
    Figure,
    SentimentFigure,
    Summary,
    Voice,
)
from workers.jobs.shared import to_digits
from workers.visibility.changes import change
from workers.visibility.folding import folded
from workers.visibility.intervals import Estimate
from workers.visibility.scoring import Figures, Measure, Sample, figures, measures, share_of_voice
from workers.visibility.shapes import Brand

F = TypeVar("F", bound=Figure)
DIGITS = 4


@dataclass(frozen=True, slots=True)
class Before:
    """The samples of the last run, and with whom it compared; empty without one."""

    samples: Sequence[Sample] = ()
    competitors: Sequence[str] = ()


class Reporter:
    """Sums up samples of answers for a brand among others."""

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._brand = brands[0].name
        self._names = [brand.name for brand in brands]
        self._sites = ["".join(filter(str.isalnum, folded(name).lower())) for name in brands[0].names]
        self._measures: Mapping[str, Measure] = measures(self._brand, self._sites)

    def summary(self, now: Sequence[Sample], before: Before) -> Summary | None:
        """None without answers."""
        found = figures(now, self._brand, self._names, self._sites)
        if found is None:
            return None
        return Summary(
            question_count=len({each.question for each in now}),
            answer_count=found.answers,
            mention_rate=self._figure("mention_rate", found.mention_rate, now, before),
            mean_position=self._optional("mean_position", found.mean_position, now, before),
            top3_rate=self._figure("top3_rate", found.top3_rate, now, before),
            share_of_voice=list(self._voices(found, now, before)),
            citation_rate=self._figure("citation_rate", found.citation_rate, now, before),
            cited_domains=[CitedDomain(domain=each, answer_count=n) for each, n in found.cited[:MOST_SHOWN_DOMAINS]],
            sentiment=self._sentiment(found, now, before),
            visibility_score=self._figure("visibility_score", found.visibility_score, now, before, digits=2),
        )

    def branded(self, now: Sequence[Sample], before: Before) -> BrandedSummary | None:
        found = figures(now, self._brand, self._names, self._sites)
        if found is None:
            return None
        return BrandedSummary(
            answer_count=found.answers,
            mention_rate=self._figure("mention_rate", found.mention_rate, now, before),
            sentiment=self._sentiment(found, now, before),
        )

    def _voices(self, found: Figures, now: Sequence[Sample], before: Before) -> list[Voice]:
        """A share among other competitors is not another share of the same."""
        alike = before if set(before.competitors) == set(self._names[1:]) else Before()
        return [
            Voice(brand=name, share=_figure(estimate, _change(share_of_voice(name), now, alike)))
            for name, estimate in found.share_of_voice.items()
            if estimate is not None
        ]

    def _figure(
        self, name: str, estimate: Estimate, now: Sequence[Sample], before: Before, digits: int = DIGITS
    ) -> Figure:
        return _figure(estimate, _change(self._measures[name], now, before, digits), digits)

    def _optional(self, name: str, estimate: Estimate | None, now: Sequence[Sample], before: Before) -> Figure | None:
        return None if estimate is None else self._figure(name, estimate, now, before)

    def _sentiment(self, found: Figures, now: Sequence[Sample], before: Before) -> SentimentFigure | None:
        figure = self._optional("sentiment", found.sentiment, now, before)
        if figure is None:
            return None
        counts = {f"{name}_count": count for name, count in found.feelings.items()}
        return SentimentFigure.model_validate({**dict(figure), **counts})


def _figure(estimate: Estimate, changed: Change | None, digits: int = DIGITS) -> Figure:
    low, high = (None if end is None else to_digits(end, digits) for end in (estimate.low, estimate.high))
    return Figure(value=to_digits(estimate.value, digits), low=low, high=high, change=changed)


def _change(measure: Measure, now: Sequence[Sample], before: Before, digits: int = DIGITS) -> Change | None:
    found = change(measure, before.samples, now) if before.samples else None
    if found is None:
        return None
    return Change(
        difference=to_digits(found.difference, digits),
        p_value=to_digits(found.p_value, DIGITS),
        significant=found.is_significant,
        paired_question_count=found.paired,
    )
