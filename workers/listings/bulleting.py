"""Bullets: repaired, as many and as long as a marketplace takes, and made of what the listing's own data say.

New ones come from what was cut off elsewhere, from the description's sentences (first those that speak of what
customers praise, then those that say what a buyer has of it), and from attributes.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from workers.listings import hygiene, lexicons
from workers.listings.checking import is_placeholder
from workers.listings.drafting import Draft
from workers.listings.facts import is_refusal
from workers.listings.repairing import is_said, repaired, unique, words_said
from workers.listings.scoring import aspect_lemmas, says_a_benefit
from workers.listings.shapes import Evidence
from workers.listings.tokens import READ, lemmas_of, sentences_of
from workers.listings.wording import capitalised, cut_at_sentence

ASPECTS = {
    "quality": "the quality",
    "size_fit": "the size and fit",
    "shipping": "the shipping",
    "packaging": "the packaging",
    "price_value": "the value for money",
    "ease_of_use": "how easy it is to use",
    "durability": "how long it lasts",
    "customer_service": "the customer service",
    "appearance": "how it looks",
    "performance": "how well it works",
}
_SHORT = 20
_ATTRIBUTES = 3
_LONG = 250


def improve_bullets(draft: Draft) -> None:
    if not draft.has("bullets"):
        return
    said = [_repaired(bullet, draft) for bullet in draft.listing.bullets]
    once = unique(said, draft.language)
    is_doubled = len(once) < sum(any(map(str.isalnum, bullet)) for bullet in said)
    bullets = _fewer(_long_enough([_short_enough(bullet, draft) for bullet in once], draft), draft)
    draft.put("bullets", tuple(bullets), ["What several bullets say is said once."] if is_doubled else [])
    _fill(draft)


def _repaired(bullet: str, draft: Draft) -> str:
    """As it is, where a repair would make it say something else."""
    if is_placeholder(bullet) and any(rule.check == "placeholder" for rule in draft.rules.rules):
        return ""
    text = repaired("bullets", bullet[:READ], draft.context("bullets"))
    return text if text == bullet or not text or draft.says_no_more("bullets", text) else bullet


def _short_enough(bullet: str, draft: Draft) -> str:
    limit = draft.rules.limit("bullets", "characters_at_most", READ)
    head, rest = cut_at_sentence(bullet, limit, draft.language)
    if rest:
        draft.homeless.append(rest)
    return head


def _long_enough(bullets: list[str], draft: Draft) -> list[str]:
    """One that is too short joins the one before it."""
    least = draft.rules.limit("bullets", "characters_at_least", 0)
    most = draft.rules.limit("bullets", "characters_at_most", _LONG)
    kept: list[str] = []
    for bullet in bullets:
        if kept and (len(bullet) < least or len(kept[-1]) < least) and len(kept[-1]) + len(bullet) + 2 <= most:
            joint = f"{kept[-1].rstrip('.')}; {bullet}"
            kept[-1:] = [joint] if draft.says_no_more("bullets", joint) else [kept[-1], bullet]
        else:
            kept.append(bullet)
    return kept


def _fewer(bullets: list[str], draft: Draft) -> list[str]:
    """Too many are joined, the shortest neighbours first; what fits nowhere moves to the description."""
    count = draft.rules.limit("bullets", "entries_at_most", len(bullets))
    most = draft.rules.limit("bullets", "characters_at_most", _LONG)
    while len(bullets) > count:
        pairs = sorted(enumerate(pairwise(bullets)), key=lambda each: sum(map(len, each[1])))
        joints = ((place, f"{first.rstrip('.')}. {second}") for place, (first, second) in pairs)
        fitting = (
            (place, each) for place, each in joints if len(each) <= most and draft.says_no_more("bullets", each)
        )
        if (found := next(fitting, None)) is None:
            break
        bullets[found[0] : found[0] + 2] = [found[1]]
    draft.homeless += bullets[count:]
    return bullets[:count]


def _fill(draft: Draft) -> None:
    wanted = draft.rules.complete.get("bullets", 0)
    taken: list[str] = []
    for text, reason in _candidates(draft):
        bullets = draft.listing.bullets
        if len(bullets) >= wanted:
            break
        said = words_said(list(bullets), draft.language)
        if not is_said(text, said, draft.language) and draft.allows("bullets", text):
            draft.put("bullets", (*bullets, text), [reason])
            taken.append(text)
    draft.homeless = [text for text in draft.homeless if capitalised(text) not in taken]


def _candidates(draft: Draft) -> Iterator[tuple[str, str]]:
    for text in draft.homeless:
        yield capitalised(text), "A bullet has what was too long for another text."
    sentences = [
        capitalised(each.rstrip(". ")) for each in sentences_of(hygiene.plain(draft.listing.description[:READ]))
    ]
    sentences = [each for each in sentences if len(each) >= _SHORT]
    for praise in praised(draft.material.evidence):
        what = ASPECTS.get(praise.aspect, praise.aspect)
        reason = f"Customers praise {what}: a bullet has what your description says of it."
        yield from ((each, reason) for each in sentences if _speaks_of(praise, each, draft.language))
    for each in sentences:
        if says_a_benefit(each, draft.language):
            yield each, "A bullet has what your description says a buyer has of it."
    yield from ((each, "A bullet has what your attributes say.") for each in _of_attributes(draft))


def praised(evidence: tuple[Evidence, ...]) -> list[Evidence]:
    """The most praised aspect first."""
    return sorted(
        (each for each in evidence if each.polarity == "positive"), key=lambda each: (-each.count, each.aspect)
    )


def _speaks_of(evidence: Evidence, text: str, language: str) -> bool:
    return not aspect_lemmas(evidence.aspect, language).isdisjoint(lemmas_of(text, language))


def _identifies(name: str, language: str) -> bool:
    """Brand: Northfield tells no shopper more than the title."""
    words = set(re.findall(r"\w+", name.lower()))
    return words <= lexicons.words("identifying", language) | lexicons.words("identifying", "en")


def _of_attributes(draft: Draft) -> Iterator[str]:
    """Some attributes at a time, without those that the bullets have."""
    said = words_said(list(draft.listing.bullets), draft.language)
    pairs = [
        f"{name.strip()}: {value.strip()}"
        for name, value in draft.listing.attributes.items()
        if value.strip() and not is_refusal(value, draft.language) and not is_said(value, said, draft.language)
        if not _identifies(name, draft.language)
    ]
    allowed = [capitalised(pair) for pair in pairs if draft.says_no_more("bullets", pair)]
    for start in range(0, len(allowed), _ATTRIBUTES):
        yield "; ".join(allowed[start : start + _ATTRIBUTES])
