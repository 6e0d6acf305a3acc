"""Takes out of a listing's texts what a marketplace's rules do not allow, and leaves them well formed.

What would break a sentence, or lose a fact that stands nowhere else, is left for the seller.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from workers.listings import hygiene
from workers.listings.amounts import is_unit
from workers.listings.checking import check_field, size_of
from workers.listings.rulebook import Rules
from workers.listings.shapes import Field, ListingText, Violation
from workers.listings.tokens import content_of, function_words, tokens_of
from workers.listings.vocabulary import is_fact, is_neutral
from workers.listings.wording import (
    capitalised,
    clause_around,
    sentence_around,
    tidy,
    with_right_article,
)

# A repair may uncover another fault, as a tag that was escaped, and one may take others' places with it.
_ROUNDS = 50
# What a claim of these says goes on to the end of its sentence: "kills bacteria, viruses and mould".
_CLAIM = "health_claim"
_MODIFIERS = {"superlative", "subjective", "environment_claim", "promotion"}
_SPELLED = {"…": "", "™": "", "®": "", "©": "", "†": "", "‡": "", "_": " ", "|": ",", "¦": ",", "½": "½", "°": "°"}
_WHOLLY = re.compile(r"\b100\s?%")
_BLOCKS = re.compile(r"<(script|style|iframe|object|applet|form)\b[^<>]{0,1000}>.{0,20000}?</\1\s{0,9}>", re.I | re.S)
_EVENTS = re.compile(
    r"\son[a-z]{3,20}\s{0,3}=\s{0,3}(?:\"[^\"]{0,2000}\"|'[^']{0,2000}'|[^\s>]{0,2000})", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Context:
    """`elsewhere` are lemmas that the listing has in other texts and in its attributes."""

    rules: Rules
    language: str
    brand: str
    category: str
    elsewhere: frozenset[str] = frozenset()
    other_brands: tuple[str, ...] = ()


def repaired(field: Field, text: str, context: Context) -> str:
    """One text, without what can be taken out of it. Too long ones are cut by whoever knows where the rest may go."""
    for _ in range(_ROUNDS):
        before = text
        text = _round(text, _violations(field, text, context), context)
        if text == before:
            break
        text = _tidied(field, text)
    return text


def _round(text: str, violations: list[Violation], context: Context) -> str:
    """Of the whole text first; else place by place from the end, as long as the places before are where they were."""
    for violation in violations:
        if whole := _WHOLE.get(context.rules.check_of(violation.rule)):
            return whole(text)
    unmoved = len(text)
    for violation in violations[::-1]:
        repair = _REPAIRS.get(context.rules.check_of(violation.rule))
        if repair and violation.end <= unmoved:
            new = repair(text, violation, context)
            unmoved = min(unmoved, _same(text, new)) if new != text else unmoved
            text = new
    return text


def _same(old: str, new: str) -> int:
    """How many characters two texts begin with alike. By halves: one by one takes minutes for 20,000 repairs."""
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[:middle] == new[:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _tidied(field: Field, text: str) -> str:
    if field == "search_terms":
        return " ".join(text.split())
    if field == "description":
        return "\n".join(line for line in map(tidy, text.split("\n")) if line)
    return capitalised(tidy(text))


def _violations(field: Field, text: str, context: Context) -> list[Violation]:
    """By place, so that taking them out from the last one on leaves the others where they are."""
    listing = ListingText(brand=context.brand, category=context.category, other_brands=context.other_brands)
    listing = replace(listing, bullets=(text,)) if field == "bullets" else _with(listing, field, text)
    found = check_field(field, listing, context.rules, context.language, most=None)
    repairable = [each for each in found if context.rules.check_of(each.rule) in _REPAIRS.keys() | _WHOLE.keys()]
    return _apart(sorted(repairable, key=lambda each: (each.start, -each.end)))


def _with(listing: ListingText, field: Field, text: str) -> ListingText:
    if field == "title":
        return replace(listing, title=text)
    return replace(listing, description=text) if field == "description" else replace(listing, search_terms=text)


def _apart(violations: list[Violation]) -> list[Violation]:
    """Without those that begin within another one: one repair at a place and round."""
    kept: list[Violation] = []
    for violation in violations:
        if not kept or violation.start >= kept[-1].end:
            kept.append(violation)
    return kept


def _out(text: str, violation: Violation, context: Context) -> str:
    return text[: violation.start] + text[violation.end :]


def _inactive(text: str) -> str:
    return hygiene.ACTIVE.sub("", _EVENTS.sub("", _BLOCKS.sub(" ", text)))


def _spelled(text: str, violation: Violation, context: Context) -> str:
    """~500 ml is about 500 ml, and not 500 ml."""
    character = text[violation.start : violation.end]
    following = text[violation.end : violation.end + 2].strip()[:1]
    about = {"en": "about ", "de": "circa ", "fr": "environ ", "es": "unos "}.get(context.language, "")
    new = about if character == "~" and following.isdigit() else _SPELLED.get(character, "")
    if character in ("±", "€", "£", "$", "¢", "¥", "%") and following.isdigit():
        return text
    return text[: violation.start] + new + text[violation.end :]


def _measures(text: str, violation: Violation, word: str) -> bool:
    """18 CM is 18 cm."""
    return is_unit(word.lower()) and text[: violation.start].rstrip()[-1:].isdigit()


def _lowered(text: str, violation: Violation, context: Context) -> str:
    word = text[violation.start : violation.end]
    is_small = word.lower() in function_words(context.language) or _measures(text, violation, word)
    new = word.lower() if is_small else word.capitalize()
    return text[: violation.start] + new + text[violation.end :]


def _unrepeated(text: str, violation: Violation, context: Context) -> str:
    """A clause of a title that says nothing new goes with its repeated word, or all that it repeats beside it."""
    if violation.field != "title":
        return _out(text, violation, context)
    start, end = clause_around(text, violation.start, violation.end)
    known = {token.lemma for token in tokens_of(f"{text[:start]} , {text[end:]}", context.language)}
    words = content_of(text[start:end], context.language)
    if known and (known | context.elsewhere).issuperset(words):
        return _joined(text[:start], text[end:])
    first, last = _repeated_run(text[start:end], violation.start - start, known, context.language)
    return _joined(text[: start + first], text[start + last :])


def _repeated_run(clause: str, place: int, known: set[str], language: str) -> tuple[int, int]:
    """The words around a place that stand in the rest of the title too: a number does not lose its unit."""
    tokens = tokens_of(clause, language)
    first = last = next(index for index, token in enumerate(tokens) if token.end > place)
    repeatable = known - function_words(language)
    while first and tokens[first - 1].lemma in repeatable:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].lemma in repeatable:
        last += 1
    return tokens[first].start, tokens[last].end


def _without_phrase(text: str, violation: Violation, context: Context) -> str:
    """In a title the phrase alone; in prose what would not be a sentence without it, unless that has facts."""
    start, end = violation.start, violation.end
    if violation.field in ("title", "search_terms"):
        return with_right_article(text[:start].rstrip() + " " + text[end:].lstrip(), start)
    without = _without_clause(text, violation, context)
    if without == text and violation.rule in _MODIFIERS and _goes_before_a_noun(text, end, context.language):
        return with_right_article(text[:start] + text[end:].lstrip(), start)
    return without


def _goes_before_a_noun(text: str, end: int, language: str) -> bool:
    match = re.compile(r"[ \-]([^\W\d_]+)").match(text, end)
    return bool(match) and match is not None and match[1].lower() not in function_words(language)


def _without_clause(text: str, violation: Violation, context: Context) -> str:
    """The clause, if it does not lead its sentence; else the sentence; neither if a fact would go with it."""
    start, end = violation.start, violation.end
    sentence = sentence_around(text, start, end)
    clause = clause_around(text, start, end)
    if violation.rule == _CLAIM:
        return _without_claim(text, clause[0], sentence, violation, context)
    leads = clause[0] == sentence[0] and clause[1] < sentence[1]
    for first, last in (sentence,) if leads else (clause, sentence):
        if _is_balanced(text[first:last]) and not _has_facts(f"{text[first:start]} {text[end:last]}", context):
            return _joined(
                text[:first], text[last:] if (first, last) == sentence else _ending(text[first:last]) + text[last:]
            )
    if leads and not _has_facts(f"{text[clause[0] : start]} {text[end : clause[1]]}", context):
        return _joined(text[: clause[0]], capitalised(_without_link(text[clause[1] :], context.language)))
    return text


def _without_claim(text: str, begin: int, sentence: tuple[int, int], violation: Violation, context: Context) -> str:
    """From the clause of the claim to the end of the sentence; all of the sentence, if a label is left: "Relief:"."""
    first, last = sentence
    if begin > first and not text[first:begin].rstrip().endswith(":"):
        first = begin
    rest = f"{text[first : violation.start]} {text[violation.end : last]}"
    if not _is_balanced(text[first:last]) or _has_facts(rest, context):
        return text
    ending = _ending(text[first:last]) if first > sentence[0] else ""
    return _joined(text[:first], ending + text[last:])


def _is_balanced(text: str) -> bool:
    """Whether a part of HTML closes the tags that it opens, and no others."""
    return len(re.findall(r"<[a-zA-Z]", text)) == text.count("</")


def _ending(clause: str) -> str:
    """The mark that ended a sentence with the clause that is taken out."""
    match = re.search(r"[.!?…]+\s*\Z", clause)
    return match[0] if match else ""


def _without_link(text: str, language: str) -> str:
    """What follows a clause that is gone does not begin with "and"."""
    head, _, rest = text.lstrip().partition(" ")
    return rest if head.lower() in {"and", "but", "so", "und", "aber", "et", "mais", "y", "pero"} else text.lstrip()


def _joined(before: str, behind: str) -> str:
    """With one space between, and a mark of the clause before that nothing follows any more taken off."""
    before, behind = before.rstrip(), behind.lstrip()
    if not behind or behind[0] in ".!?\n":
        before = before.rstrip(" ,;:-–—")
    separator = "" if not before or not behind or behind[0] in ".,;:!?" else " "
    return f"{before}{separator}{behind}"


def _has_facts(text: str, context: Context) -> bool:
    """Whether a text has a number, or a material, colour or claim that stands nowhere else."""
    for pattern in (*hygiene.CONTACTS, _WHOLLY):
        text = pattern.sub(" ", text)
    tokens = tokens_of(text, context.language)
    return any(
        (token.is_number or is_fact(token.lemma, context.language)) and token.lemma not in context.elsewhere
        for token in tokens
    )


_WHOLE: dict[str, Callable[[str], str]] = {
    "markup": hygiene.plain,
    "active_content": _inactive,
    "small_first_letter": capitalised,
}
_REPAIRS: dict[str, Callable[[str, Violation, Context], str]] = {
    "hidden_characters": _out,
    "decoration": _out,
    "forbidden_characters": _spelled,
    "product_codes": _out,
    "contact": _without_clause,
    "phrases": _without_phrase,
    "word_repeated": _unrepeated,
    "capitals": _lowered,
    "brand": _out,
    "commas": lambda text, violation, context: text[: violation.start] + " " + text[violation.end :],
}


def fitting_search_terms(text: str, limit: int) -> str:
    """The first words that fit in a number of bytes."""
    kept: list[str] = []
    size = -1
    for word in text.split():
        size += 1 + size_of(word)
        if size > limit:
            break
        kept.append(word)
    return " ".join(kept)


def words_said(texts: list[str], language: str) -> frozenset[str]:
    """The lemmas and numbers of texts: what stands there need not stand in another text."""
    return frozenset(token.lemma for text in texts for token in tokens_of(text, language))


def is_said(text: str, said: frozenset[str], language: str) -> bool:
    """Whether every number and every word that means something stands elsewhere."""
    tokens = tokens_of(text, language)
    return all(
        token.lemma in said or token.lemma in function_words(language) or is_neutral(token.lemma, language)
        for token in tokens
    )


def unique(bullets: list[str], language: str) -> list[str]:
    """Without empty bullets, and without those that say what another one says word for word."""
    kept: dict[tuple[str, ...], str] = {}
    for bullet in bullets:
        if words := tuple(token.written for token in tokens_of(bullet, language)):
            kept.setdefault(words, bullet)
    return list(kept.values())
