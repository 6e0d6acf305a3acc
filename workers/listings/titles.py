"""Titles: repaired, with the brand, within the marketplace's length, and with what shoppers search for."""

import re

from workers.listings import lexicons
from workers.listings.drafting import Draft
from workers.listings.repairing import is_said, repaired, words_said
from workers.listings.tokens import READ, content_of, is_function_word, lemma_of
from workers.listings.wording import capitalised, cut_at_word, joined, pieces_of, tidy, without_loose_ends

# Titles are read at a glance, whatever a marketplace allows.
_LONG = 120
_TELLING = 0.5
_KEYWORDS = 2
_LONGEST_VALUE = 30


def improve_title(draft: Draft) -> None:
    current = draft.listing.title
    context = draft.context("title")
    title = repaired("title", current[:READ], context)
    if not title.strip():
        title = repaired("title", draft.material.product_title[:READ], context)
    title = without_loose_ends(title, draft.language) if title != current else title
    title = _with_brand(_within_limits(title, draft), draft)
    if draft.says_no_more("title", title) and title.strip():
        draft.put("title", title)
    else:
        draft.homeless.clear()
    _lengthen(draft)


def _with_brand(title: str, draft: Draft) -> str:
    brand = draft.listing.brand.strip()
    if not title or not brand or brand.lower() in title.lower():
        return title
    longer = f"{brand} {title}"
    if len(longer) > _room(draft) or draft.faults("title", longer) > draft.faults("title", title):
        return title
    draft.reasons.setdefault("title", []).append(f"The brand “{brand}” leads the title.")
    return longer


def _room(draft: Draft) -> int:
    return min(_LONG, draft.rules.limit("title", "characters_at_most", _LONG))


def _limits(draft: Draft) -> tuple[int, int]:
    """Up to where a title is read, and up to where it is taken."""
    category = draft.listing.category
    rules = [rule for rule in draft.rules.rules if "title" in rule.fields and not rule.spares(category)]
    limits = [rule.limit for rule in rules if rule.check == "characters_at_most"]
    return (min(limits), max(limits)) if limits else (len(draft.listing.title), len(draft.listing.title))


def _within_limits(title: str, draft: Draft) -> str:
    """Clauses go from the end: those that stand elsewhere first. What stands nowhere else goes to another text."""
    shown, taken = _limits(draft)
    elsewhere = draft.context("title").elsewhere
    pieces = pieces_of(title)
    for index in range(len(pieces) - 1, 0, -1):
        if len(joined(pieces)) <= shown:
            return joined(pieces)
        if is_said(pieces[index].text, elsewhere, draft.language):
            del pieces[index]
    while len(pieces) > 1 and len(joined(pieces)) > (shown if draft.moves else taken):
        draft.homeless.insert(0, pieces.pop().text)
    return _cut(joined(pieces) if len(title) > shown else title, taken, draft)


def _cut(title: str, limit: int, draft: Draft) -> str:
    if len(title) <= limit:
        return title
    head = cut_at_word(title, limit, draft.language)
    rest = title[len(head) :].strip(" ,;-")
    if rest and not is_said(rest, draft.context("title").elsewhere, draft.language):
        draft.homeless.insert(0, rest)
    return head


def _lengthen(draft: Draft) -> None:
    """With the size, colour and material of the whole product, then with what shoppers search for most."""
    for name, value in draft.listing.attributes.items():
        said = words_said([draft.listing.title], draft.language)
        if _belongs(name, draft.language) and not is_said(value, said, draft.language):
            _add(_told(name, value), f"The title has what the attribute “{name}” says.", draft)
    telling = [each for each in draft.keywords if each.use == "anywhere" and each.weight >= _TELLING]
    for keyword in telling[:_KEYWORDS]:
        present = set(content_of(draft.listing.title, draft.language))
        if _brings_more(keyword.text, present, draft.language):
            text = _as_title(keyword.text, draft.language)
            _add(text, f"Shoppers search for “{keyword.text}”: the title has it.", draft)


def _told(name: str, value: str) -> str:
    """A number alone says nothing: "Size 42"."""
    value = value.strip()
    return value if re.search(r"[^\W\d_]", value) else f"{name.strip()} {value}"


def _brings_more(keyword: str, present: set[str], language: str) -> bool:
    """Whether half of its words at least are not in the title: others would only repeat it.

    One word alone is a stray in a title: "Lunch Flask 0.5 l, Food".
    """
    words = set(content_of(keyword, language))
    if len(words) < 2:
        return False
    return 2 * len(words - present) >= len(words)


def _belongs(name: str, language: str) -> bool:
    words = {word.lower() for word in re.findall(r"[^\W\d_]{1,40}", name)}
    return bool(words) and words <= lexicons.words("title", language) | lexicons.words("title", "en")


def _add(text: str, reason: str, draft: Draft) -> None:
    title, text = draft.listing.title, without_loose_ends(tidy(text), draft.language)
    said = words_said([title], draft.language)
    longer = f"{without_loose_ends(title, draft.language)}, {capitalised(text)}"
    if not text or not title or len(text) > _LONGEST_VALUE or len(longer) > _room(draft):
        return
    if is_said(text, said, draft.language) or _squeezed(text) in _squeezed(title):
        return
    if draft.faults("title", longer) > draft.faults("title", title):
        return
    if draft.says_no_more("title", longer):
        draft.put("title", longer, [reason])


def _squeezed(text: str) -> str:
    """80 x 80 cm as 80x80cm."""
    return "".join(text.lower().split())


def _as_title(text: str, language: str) -> str:
    words = text.split(" ")
    return " ".join(
        word if is_function_word(lemma_of(word, language), language) else word[:1].upper() + word[1:]
        for word in words
    )
