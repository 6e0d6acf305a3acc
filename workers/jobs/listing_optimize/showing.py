"""What was found, as the result shows it."""

from collections.abc import Sequence

from workers.jobs.listing_optimize.assisting import Written
from workers.jobs.listing_optimize.shapes import (
    DiffPart,
    Failed,
    KeywordFound,
    ListingReport,
    ListingScore,
    RuleViolation,
    ScorePart,
    TextProposal,
    Texts,
    Warned,
)
from workers.jobs.shared import rounded
from workers.listings.hygiene import plain
from workers.listings.keywords import is_covered
from workers.listings.shapes import Optimisation, Proposal, RankedKeyword, Score, SellerWarning, Violation
from workers.listings.tokens import lemmas_of

MOST_KEYWORDS = 20


def report_of(written: Written) -> ListingReport:
    found = written.optimised
    return ListingReport(
        sku=written.draft.sku,
        source="assistant" if written.by_assistant else "rules",
        fallback=written.fallback,
        score_before=_score(found.before),
        score_after=_score(found.after),
        proposals=[_proposal(each) for each in found.proposals],
        violations=_violations(found.violations),
        remaining_violations=_violations(found.remaining),
        missing_keywords=_missing(found, written),
        warnings=[_warned(each) for each in found.warnings],
        refusals=written.refusals,
    )


def failed(written: Written) -> list[Failed]:
    """Why the assistant has not answered, if it has not."""
    problem = written.failure
    return [Failed(sku=written.draft.sku, code=problem.code, message=problem.message)] if problem else []


def _score(score: Score) -> ListingScore:
    parts = [
        ScorePart(
            name=each.name,
            weight=each.weight,
            value=rounded(each.value),
            points=round(each.points, 2),
            says=each.says,
        )
        for each in score.parts
    ]
    return ListingScore(total=score.total, parts=parts)


def _proposal(found: Proposal) -> TextProposal:
    return TextProposal(
        field=found.field,
        current=_texts(found.current),
        proposed=_texts(found.proposed),
        diff=[DiffPart(kind=each.kind, text=each.text) for each in found.diff],
        reasons=list(found.reasons),
        keywords_gained=list(found.keywords_gained),
        violations_fixed=_violations(found.violations_fixed),
        score_change=found.score_change,
        applied=False,
    )


def _texts(texts: str | tuple[str, ...]) -> Texts:
    return texts if isinstance(texts, str) else list(texts)


def _violations(violations: Sequence[Violation]) -> list[RuleViolation]:
    return [
        RuleViolation(
            field=each.field,
            rule=each.rule,
            message=each.message,
            severity=each.severity,
            bullet=each.bullet,
            start=each.start,
            end=each.end,
        )
        for each in violations
    ]


def _missing(found: Optimisation, written: Written) -> list[KeywordFound]:
    language, text = written.draft.material.language, found.proposed
    said = "\n".join((text.title, *text.bullets, plain(text.description), text.search_terms))
    present = frozenset(lemmas_of(said, language))
    missing = [each for each in found.keywords if not is_covered(each.text, present, language)]
    return [_keyword(each) for each in missing[:MOST_KEYWORDS]]


def _keyword(found: RankedKeyword) -> KeywordFound:
    return KeywordFound(
        keyword=found.text, weight=found.weight, volume=found.volume, use=found.use, reason=found.reason
    )


def _warned(warning: SellerWarning) -> Warned:
    return Warned(kind=warning.kind, message=warning.message, quote=warning.quote, count=warning.count)
