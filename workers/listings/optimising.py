"""A listing before and after: its scores, proposals for its fields, and what only its seller can settle."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from workers.listings import hygiene
from workers.listings.bulleting import ASPECTS, improve_bullets, praised
from workers.listings.checking import check, check_field
from workers.listings.describing import improve_description, improve_search_terms
from workers.listings.diffs import word_diff
from workers.listings.drafting import Draft
from workers.listings.facts import facts_of, orders_in
from workers.listings.keywords import Searches, is_covered, rank, rank_searches, search_words_of, searches_of
from workers.listings.repairing import is_said
from workers.listings.rulebook import Check, Rules
from workers.listings.scoring import Yardstick, score, speaks_of
from workers.listings.shapes import (
    Evidence,
    Field,
    ListingText,
    Material,
    Optimisation,
    Proposal,
    RankedKeyword,
    Score,
    SellerWarning,
    Violation,
)
from workers.listings.titles import improve_title
from workers.listings.tokens import READ, lemmas_of
from workers.listings.validating import Source, refusals_by

# Of drafts: what a cut or an added text makes possible is done by the next one.
_ROUNDS = 4
# Characters of an attribute's name in a warning.
_LONGEST_NAME = 60


def optimise(material: Material, rules: Rules) -> Optimisation:
    """By rules, keywords and the seller's own data alone. Optimised again, the proposed listing stays as it is."""
    searches = searches_of(material)
    first = draft = _drafted(material, rules, searches)
    reasons = draft.reasons
    for _ in range(_ROUNDS):
        again = _drafted(replace(material, listing=draft.listing), rules, searches)
        if again.listing == draft.listing:
            break
        reasons = {name: [*reasons.get(name, ()), *again.reasons.get(name, ())] for name in rules.fields}
        draft = again
    refused = {problem.field for problem in refusals_by(first.source, material, rules, draft.listing)}
    # What would be refused of anybody else is not proposed either.
    proposed = replace(draft.listing, **{name: getattr(material.listing, name) for name in refused})
    found = _compared(material, rules, first.keywords, proposed, reasons)
    return found if _is_better(found) else _compared(material, rules, first.keywords, material.listing, {})


def _is_better(found: Optimisation) -> bool:
    """A repaired text may be shorter, or harder to read, than the score likes: it is proposed where an error goes."""
    errors, left = (sum(each.severity == "error" for each in some) for some in (found.violations, found.remaining))
    return found.after.total >= found.before.total or left < errors


def _drafted(material: Material, rules: Rules, searches: Searches) -> Draft:
    facts = facts_of(material)
    keywords = tuple(rank_searches(searches, material, facts))
    source = Source(material.listing, facts, search_words_of(keywords, material))
    draft = Draft(material, rules, source, keywords, material.listing)
    if not _improve(draft):
        draft = Draft(material, rules, source, keywords, material.listing, moves=False)
        _improve(draft)
    return draft


def _improve(draft: Draft) -> bool:
    """Whether what was cut off a text has found a place in another one."""
    improve_title(draft)
    moved = list(draft.homeless)
    improve_bullets(draft)
    improve_description(draft)
    improve_search_terms(draft)
    said = draft.context().elsewhere
    return all(is_said(text, said, draft.language) for text in moved)


def with_proposed(material: Material, rules: Rules, proposed: ListingText) -> Optimisation:
    """The same for texts that a language model wrote. Ask `refusals` first whether they may be used."""
    return _compared(material, rules, tuple(rank(material, facts_of(material))), proposed, {})


class _Scale:
    """Scores of the same listing with other texts."""

    def __init__(self, material: Material, rules: Rules, ranked: tuple[RankedKeyword, ...]) -> None:
        self.yardstick = Yardstick(rules, material.language, ranked, material.evidence)

    def weigh(self, listing: ListingText) -> tuple[list[Violation], Score]:
        violations = check(listing, self.yardstick.rules, self.yardstick.language)
        return violations, score(listing, violations, self.yardstick)


def _compared(
    material: Material,
    rules: Rules,
    ranked: tuple[RankedKeyword, ...],
    proposed: ListingText,
    reasons: dict[Field, list[str]],
) -> Optimisation:
    scale = _Scale(material, rules, ranked)
    violations, before = scale.weigh(material.listing)
    remaining, after = scale.weigh(proposed)
    changed = [name for name in rules.fields if getattr(proposed, name) != getattr(material.listing, name)]
    proposals = tuple(
        _proposal(name, material, proposed, scale, violations, before, reasons.get(name, ())) for name in changed
    )
    return Optimisation(
        before=before,
        after=after,
        violations=tuple(violations),
        remaining=tuple(remaining),
        proposals=proposals,
        proposed=proposed,
        warnings=tuple(_warnings(material, proposed, remaining, rules)),
        keywords=ranked,
        suggestions=tuple(each for each in ranked if each.use == "suggestion"),
    )


def _proposal(
    name: Field,
    material: Material,
    proposed: ListingText,
    scale: _Scale,
    violations: list[Violation],
    before: Score,
    reasons: Sequence[str],
) -> Proposal:
    text = getattr(proposed, name)
    alone = replace(material.listing, **{name: text})
    left = check_field(name, alone, scale.yardstick.rules, material.language)
    after = score(alone, [*left, *(each for each in violations if each.field != name)], scale.yardstick)
    broken = {(each.rule, each.message) for each in left}
    fixed = [each for each in violations if each.field == name and (each.rule, each.message) not in broken]
    current = getattr(material.listing, name)
    return Proposal(
        field=name,
        current=current,
        proposed=text,
        diff=word_diff(_lines(current), _lines(text)),
        reasons=tuple(dict.fromkeys([*(each.message for each in fixed), *reasons])),
        keywords_gained=_gained(material.listing, alone, scale.yardstick),
        violations_fixed=tuple(fixed),
        score_change=round(after.total - before.total, 1),
    )


def _lines(text: str | tuple[str, ...]) -> str:
    return text if isinstance(text, str) else "\n".join(text)


def _gained(current: ListingText, proposed: ListingText, by: Yardstick) -> tuple[str, ...]:
    old, new = (_words(each, by) for each in (current, proposed))
    usable = [each.text for each in by.keywords if each.use != "suggestion"]
    return tuple(
        text for text in usable if is_covered(text, new, by.language) and not is_covered(text, old, by.language)
    )


def _words(listing: ListingText, by: Yardstick) -> frozenset[str]:
    texts = (listing.title, *listing.bullets, hygiene.plain(listing.description[:READ]), listing.search_terms)
    return frozenset(lemmas_of("\n".join(texts), by.language))


def _warnings(
    material: Material, proposed: ListingText, remaining: list[Violation], rules: Rules
) -> Iterator[SellerWarning]:
    yield from _of_reviews(material, proposed)
    first = {(each.field, each.bullet, each.rule): each for each in reversed(remaining)}
    for violation in reversed(first.values()):
        why = _why_left(rules.check_of(violation.rule))
        yield SellerWarning("violation", f"{violation.message.removesuffix('.')}. {why} Please rewrite it yourself.")
    yield from _unread(material.listing)
    listing = material.listing
    for text in (listing.title, *listing.bullets, listing.description[:READ]):
        for found in orders_in(hygiene.plain(text), material.language)[:1]:
            message = "Your listing has words that speak to a language model, not to shoppers. Take them out."
            yield SellerWarning("instruction", message, found.text[:200])


def _unread(listing: ListingText) -> Iterator[SellerWarning]:
    """Facts of a very long text are not all known: proposals may leave them out, and an assistant's be refused."""
    texts = [("title", listing.title), ("description", listing.description)]
    texts += [(f"bullet {number}", text) for number, text in enumerate(listing.bullets, 1)]
    texts += [(f"attribute “{name[:_LONGEST_NAME]}”", value) for name, value in listing.attributes.items()]
    for name, text in texts:
        if len(text) > READ:
            message = (
                f"Of the {name} only the first {READ:,} characters of {len(text):,} are read. What stands behind "
                "is neither scored nor known as a fact. Shorten it."
            )
            yield SellerWarning("unread", message)


def _why_left(check: Check) -> str:
    match check:
        case "missing" | "characters_at_least" | "entries_at_least" | "placeholder":
            return "Your data say nothing more that could stand there."
        case "characters_at_most" | "bytes_at_most" | "entries_at_most":
            return "What would have to be cut says something that stands nowhere else."
    return "Without it the text would lose a fact or its sense."


def _of_reviews(material: Material, proposed: ListingText) -> Iterator[SellerWarning]:
    visible = frozenset(lemmas_of(_visible(proposed), material.language))
    for each in praised(material.evidence):
        if not speaks_of(each, visible, material.language):
            message = (
                f"{_reviews(each)} {_named(each)}. Your texts do not mention it. Say it, if it is true of every unit."
            )
            yield SellerWarning("praise", message, each.quote, each.count)
    negative = [each for each in material.evidence if each.polarity == "negative"]
    for each in sorted(negative, key=lambda one: (-one.count, one.aspect)):
        message = (
            f"{_reviews(each, 'criticise')} {_named(each)}. Better texts do not settle that: look at the product."
        )
        yield SellerWarning("complaint", message, each.quote, each.count)


def _visible(listing: ListingText) -> str:
    return "\n".join((listing.title, *listing.bullets, hygiene.plain(listing.description[:READ])))


def _reviews(evidence: Evidence, verb: str = "praise") -> str:
    return f"1 review {verb}s" if evidence.count == 1 else f"{evidence.count} reviews {verb}"


def _named(evidence: Evidence) -> str:
    return ASPECTS.get(evidence.aspect, evidence.aspect)
