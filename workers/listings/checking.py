"""Which rules of a marketplace a listing breaks, and where."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import NamedTuple

from workers.listings import hygiene, lexicons
from workers.listings.rulebook import Check, Rule, Rules
from workers.listings.shapes import Field, ListingText, Violation
from workers.listings.tokens import READ, function_words, tokens_of

_WORD = re.compile(r"[^\W\d_][^\W_]{0,60}(?:['’][^\W_]{1,10})?")
_POSSESSIVE = re.compile(r"['’]s\Z")
# Abbreviations are in capitals as they should be: LED, HDMI, BPA.
_ABBREVIATION = 4
_CAPITALS_IN_A_ROW = 3
# Places of one text at which a rule's breach is listed.
MOST = 20
_PLACEHOLDERS = {
    "n/a", "na", "n.a.", "none", "tbd", "tba", "-", ".", "not applicable", "not eligible", "to be decided",
    "yet to decide", "copy pending", "placeholder", "lorem ipsum", "xxx", "test",
}  # fmt: skip
_NAMES = {
    "title": ("The title", "has", "says"),
    "bullets": ("The bullet", "has", "says"),
    "description": ("The description", "has", "says"),
    "search_terms": ("The search terms", "have", "say"),
}


class Text(NamedTuple):
    """A field's text, or one bullet: `whole`, and `text`, what is read of it. `plain` has spaces where tags stand,
    and the letters and marks that others only look like. Places are alike in all."""

    field: Field
    whole: str
    text: str
    plain: str
    brand: str
    language: str
    other_brands: tuple[str, ...]

    @property
    def name(self) -> str:
        return _NAMES[self.field][0]

    @property
    def has(self) -> str:
        name, has, _ = _NAMES[self.field]
        return f"{name} {has}"

    @property
    def says(self) -> str:
        name, _, says = _NAMES[self.field]
        return f"{name} {says}"


class Breach(NamedTuple):
    start: int
    end: int
    message: str


def check(listing: ListingText, rules: Rules, language: str) -> list[Violation]:
    """Every rule that is broken, by field and rule: each at most at MOST places of a text."""
    return [violation for field in rules.fields for violation in check_field(field, listing, rules, language)]


def check_field(
    field: Field, listing: ListingText, rules: Rules, language: str, most: int | None = MOST
) -> list[Violation]:
    of_field = [rule for rule in rules.rules if field in rule.fields and not rule.spares(listing.category)]
    if field == "bullets":
        return list(_of_bullets(listing, of_field, language, most))
    return list(_of_text(_text(field, getattr(listing, field), listing, language), of_field, most))


def _text(field: Field, text: str, listing: ListingText, language: str) -> Text:
    read = text[:READ]
    plain = hygiene.folded(hygiene.masked(read))
    return Text(field, text, read, plain, listing.brand, language, listing.other_brands)


def _of_bullets(listing: ListingText, rules: list[Rule], language: str, most: int | None) -> Iterator[Violation]:
    for rule in rules:
        if message := _miscounted(rule, sum(bool(bullet.strip()) for bullet in listing.bullets)):
            yield Violation("bullets", rule.name, message, rule.severity)
    for index, bullet in enumerate(listing.bullets):
        yield from _of_text(_text("bullets", bullet, listing, language), rules, most, index)


def _miscounted(rule: Rule, count: int) -> str | None:
    if rule.check == "entries_at_most" and count > rule.limit:
        return f"There are {count} bullets. At most {rule.limit} are shown."
    if rule.check == "entries_at_least" and count < rule.limit:
        return f"There {'is 1 bullet' if count == 1 else f'are {count} bullets'}. Write at least {rule.limit}."
    return None


def _of_text(text: Text, rules: list[Rule], most: int | None, bullet: int | None = None) -> Iterator[Violation]:
    for rule in rules:
        if breaches := _CHECKS.get(rule.check):
            for start, end, message in islice(breaches(text, rule), most):
                yield Violation(text.field, rule.name, message, rule.severity, start, end, bullet)


def _too_long(text: Text, rule: Rule) -> Iterator[Breach]:
    if len(text.whole) > rule.limit:
        message = f"{text.has} {len(text.whole)} characters. Keep it to {rule.limit}."
        yield Breach(rule.limit, len(text.whole), message)


def _too_short(text: Text, rule: Rule) -> Iterator[Breach]:
    if len(text.text.strip()) < rule.limit:
        yield Breach(0, len(text.text), f"{text.has} fewer than {rule.limit} characters. Say more.")


def _too_many_bytes(text: Text, rule: Rule) -> Iterator[Breach]:
    size = size_of(text.whole)
    if size > rule.limit:
        yield Breach(0, 0, f"{text.name} take {size} bytes. Keep them to {rule.limit}.")


def size_of(text: str) -> int:
    """In UTF-8. Halves of a character that stand alone have three bytes each."""
    return len(text.encode("utf-8", "surrogatepass"))


def _forbidden(text: Text, rule: Rule) -> Iterator[Breach]:
    brand = _places_of(text.brand, text.text)
    for index, character in enumerate(text.plain):
        if character in rule.values and not any(start <= index < end for start, end in brand):
            yield Breach(index, index + 1, f"{text.has} the character {character}, which is not allowed there.")


def _places_of(name: str, text: str, ending: str = "") -> list[tuple[int, int]]:
    """Where a name stands as a whole word or words, with an ending (an expression) if it has one."""
    if not name.strip() or name.strip().lower() not in text.lower():
        return []
    pattern = rf"(?<!\w){re.escape(name.strip())}{ending}(?!\w)"
    return [match.span() for match in re.finditer(pattern, text, re.IGNORECASE)]


def _repeated(text: Text, rule: Rule) -> Iterator[Breach]:
    """The occurrences beyond the limit. Numbers repeat in sizes: 20 × 20 cm."""
    counts: Counter[str] = Counter()
    for token in tokens_of(text.plain, text.language):
        word = token.written
        # Search terms need one form of a word. Amazon speaks of the same word: bottles is another one than bottle,
        # and bottle's and BOTTLE are not.
        key = token.lemma if "lemmas" in rule.values else _POSSESSIVE.sub("", word.casefold())
        if token.is_number or word in function_words(text.language):
            continue
        counts[key] += 1
        if counts[key] > rule.limit:
            times = "once" if rule.limit == 1 else f"more than {rule.limit} times"
            message = f"“{word}” is repeated. Use it {times}." if rule.limit == 1 else f"“{word}” stands {times}."
            yield Breach(token.start, token.end, message)


def _capitals(text: Text, rule: Rule) -> Iterator[Breach]:
    brand = _places_of(text.brand, text.text)
    row: list[re.Match[str]] = []
    for match in (*_WORD.finditer(text.plain), None):
        if match and match[0].isupper() and len(match[0]) > 1 and not _within(match.start(), brand):
            row.append(match)
            continue
        yield from _shouted(text, row)
        row = []


def _shouted(text: Text, row: list[re.Match[str]]) -> Iterator[Breach]:
    """A word in capitals is shouted if it is too long for an abbreviation, or an everyday word, or one of several."""
    for match in row:
        is_everyday = match[0].lower() in _everyday_words(text.language)
        if len(match[0]) > _ABBREVIATION or is_everyday or len(row) >= _CAPITALS_IN_A_ROW:
            yield Breach(match.start(), match.end(), f"“{match[0]}” is in capitals. Write only its first letter so.")


@cache
def _everyday_words(language: str) -> frozenset[str]:
    return (
        lexicons.words("ordinary", language) | lexicons.words("neutral", language) | lexicons.words("shout", language)
    )


def _within(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _phrases(text: Text, rule: Rule) -> Iterator[Breach]:
    spared = _places_of(text.brand, text.text)
    # Treats for dogs cure nobody.
    spared += [(each.start, each.end) for each in lexicons.find(text.plain, ["harmless"], text.language)]
    for found in lexicons.find_longest(text.plain, rule.values, text.language):
        if not _within(found.start, spared):
            yield Breach(found.start, found.end, f"{text.says} “{found.text}”, {_WHY[found.section]}.")


_WHY = {
    "promotion": "which is promotion and not about the product",
    "superlative": "which ranks the product and proves nothing",
    "subjective": "which is an opinion and not a fact",
    "guarantee": "which promises a guarantee",
    "medical": "which is a claim about health",
    "pesticide": "which is a claim about germs or pests",
    "environment": "which is a claim about the environment",
}


def _markup(text: Text, rule: Rule) -> Iterator[Breach]:
    for start, end in hygiene.markup(text.text, rule.values):
        yield Breach(start, end, f"{text.has} markup, which is not allowed there: {text.text[start:end][:40]}")


def _active(text: Text, rule: Rule) -> Iterator[Breach]:
    for match in hygiene.ACTIVE.finditer(text.text):
        yield Breach(match.start(), match.end(), f"{text.has} active content: {match[0][:40]}")


def _contact(text: Text, rule: Rule) -> Iterator[Breach]:
    for pattern in hygiene.CONTACTS:
        for match in pattern.finditer(text.plain):
            message = f"{text.has} a price, an address or a number to call, which is not allowed there: {match[0]}"
            yield Breach(match.start(), match.end(), message)


def _decoration(text: Text, rule: Rule) -> Iterator[Breach]:
    for match in hygiene.DECORATION.finditer(hygiene.masked(text.text)):
        yield Breach(
            match.start(),
            match.end(),
            f"{text.name} {'are' if text.field == 'search_terms' else 'is'} decorated with {match[0]}",
        )


def _hidden(text: Text, rule: Rule) -> Iterator[Breach]:
    for match in hygiene.HIDDEN.finditer(text.text):
        message = f"{text.has} a character that nobody sees: U+{ord(match[0]):04X}"
        yield Breach(match.start(), match.end(), message)


def _product_code(text: Text, rule: Rule) -> Iterator[Breach]:
    for match in hygiene.PRODUCT_CODE.finditer(text.plain):
        yield Breach(match.start(), match.end(), f"{text.has} a product code of Amazon's: {match[0]}")
    for match in hygiene.book_codes(text.plain) if text.field == "search_terms" else ():
        yield Breach(match.start(), match.end(), f"{text.has} the ISBN of a book, its code at Amazon: {match[0]}")


def _brand(text: Text, rule: Rule) -> Iterator[Breach]:
    for start, end in _places_of(text.brand, text.plain, "(?:['’]?s)?"):
        yield Breach(start, end, f"{text.has} the brand, which is found without them.")
    for name in text.other_brands:
        for start, end in _places_of(name, text.plain, "(?:['’]?s)?"):
            yield Breach(start, end, f"{text.has} another brand, “{name}”, which is not allowed there.")


def _comma(text: Text, rule: Rule) -> Iterator[Breach]:
    for match in re.finditer(r"[,;:|]", text.text):
        yield Breach(
            match.start(), match.end(), f"{text.name} have “{match[0]}”. Spaces between the words are enough."
        )


def _small_letter(text: Text, rule: Rule) -> Iterator[Breach]:
    """iPhone and the brand's own spelling begin as they are written."""
    match = re.search(r"[^\W\d_][^\s]{0,60}", text.text)
    brand = _places_of(text.brand, text.text)
    if match and match.start() == 0 and match[0].islower() and not _within(0, brand):
        yield Breach(0, 1, f"{text.name} begins with a small letter.")


def _placeholder(text: Text, rule: Rule) -> Iterator[Breach]:
    if is_placeholder(text.text):
        yield Breach(0, len(text.text), f"{text.says} nothing: “{text.text.strip()}”.")


def is_placeholder(text: str) -> bool:
    return text.strip().lower() in _PLACEHOLDERS


def _missing(text: Text, rule: Rule) -> Iterator[Breach]:
    if not text.plain.strip():
        yield Breach(0, 0, f"{text.name} is missing.")


_CHECKS: dict[Check, Callable[[Text, Rule], Iterator[Breach]]] = {
    "characters_at_most": _too_long,
    "characters_at_least": _too_short,
    "bytes_at_most": _too_many_bytes,
    "forbidden_characters": _forbidden,
    "word_repeated": _repeated,
    "capitals": _capitals,
    "phrases": _phrases,
    "markup": _markup,
    "active_content": _active,
    "contact": _contact,
    "decoration": _decoration,
    "hidden_characters": _hidden,
    "product_codes": _product_code,
    "brand": _brand,
    "commas": _comma,
    "small_first_letter": _small_letter,
    "placeholder": _placeholder,
    "missing": _missing,
}
