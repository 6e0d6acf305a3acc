"""What the seller's own data say of a product: the words, denied or not, the numbers and what belongs to what.

Only the listing, its attributes and the product's name in the catalogue are read. What shoppers and competitors write
is never a fact, nor is what stands behind an order to a language model.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Literal, NamedTuple

from workers.listings import hygiene, lexicons
from workers.listings.shapes import ListingText, Material
from workers.listings.tokens import READ, Clause, Token, clauses_of, is_function_word, lemma_of

# Words on each side of a number that say what it counts or measures.
_NEAR = 2
_SYMBOLS = re.compile(r"\s?([%°\"″'′$€£])")
_MONEY = re.compile(r"[$€£]\s?\Z")
# What joins the names of categories and of attributes.
_LEVELS = re.compile(r"[>/|&,;_]")


class Number(NamedTuple):
    """A number, its unit (empty without one), and the words before and behind it in its clause."""

    value: str
    unit: str
    before: frozenset[str]
    behind: frozenset[str]
    # Whether it is the only number of its clause, so that nothing else can be meant by the words around it.
    alone: bool
    # "most" of up to 12 hours, "least" of over 12 hours, else empty.
    bound: Literal["least", "most", ""]


class Word(NamedTuple):
    """A word that carries meaning, whether its clause denies it, and its neighbours that carry meaning."""

    lemma: str
    token: Token
    denied: bool
    previous: str
    next: str


@dataclass(slots=True)
class Facts:
    language: str
    said: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    # Words such as "all" and "always".
    quantities: set[str] = field(default_factory=set)
    numbers: dict[str, list[Number]] = field(default_factory=dict)
    # Numbers and words that are about the whole product: of its title, name, brand, category and attributes.
    whole: set[str] = field(default_factory=set)
    whole_numbers: set[tuple[str, str]] = field(default_factory=set)
    # Which words stand in one clause with a material, a colour or a claim.
    beside: dict[str, set[str]] = field(default_factory=dict)

    def add(self, text: str, *, whole: bool = False) -> None:
        for clause in clauses_of(text, self.language):
            self._add_words(list(words_of(clause, text, self.language)), whole)
            self.quantities.update(quantities_of(clause, text, self.language))
            for number in numbers_of(clause, text, self.language):
                self.numbers.setdefault(number.value, []).append(number)
                self.whole_numbers |= {(number.value, number.unit)} if whole else set()

    def _add_words(self, words: list[Word], whole: bool) -> None:
        present = {word.lemma for word in words}
        for word in words:
            (self.denied if word.denied else self.said).add(word.lemma)
            if is_fact(word.lemma, self.language):
                self.beside.setdefault(word.lemma, set()).update(present)
        self.whole |= {word.lemma for word in words if not word.denied} if whole else set()


def facts_of(material: Material) -> Facts:
    listing = material.listing
    facts = Facts(material.language)
    for text in (listing.title, material.product_title, listing.brand, *_LEVELS.split(listing.category)):
        facts.add(trusted(text, material.language), whole=True)
    for text in (*listing.bullets, listing.description):
        facts.add(trusted(text, material.language))
    _add_attributes(facts, listing)
    return facts


def _add_attributes(facts: Facts, listing: ListingText) -> None:
    for name, value in listing.attributes.items():
        text = trusted(f"{name} {value}", facts.language)
        names = {word.lower() for word in re.findall(r"[^\W\d_]{1,40}", name)}
        whole = names <= lexicons.words("whole", facts.language) | lexicons.words("whole", "en")
        if is_refusal(value, facts.language):
            # A word that denies, with all that the name says behind it.
            facts.add(f"{_denial(facts.language)} {name}")
        else:
            facts.add(text, whole=whole)


def is_refusal(value: str, language: str) -> bool:
    """Whether an attribute's value says that the product is not so."""
    return value.strip().lower() in lexicons.words("no", language) | lexicons.words("no", "en")


def _denial(language: str) -> str:
    return lexicons.lines("denies-after", language)[0].split()[0]


def trusted(text: str, language: str) -> str:
    """Plain text up to what gives orders to a language model: its whole sentence, and all behind it."""
    text = hygiene.plain(text[:READ])
    found = next(iter(orders_in(text, language)), None)
    if found is None:
        return text
    before = text[: found.start]
    ends = [match.end() for match in re.finditer(r"[.!?\n]", before)]
    return before[: ends[-1]] if ends else ""


def orders_in(text: str, language: str) -> list[lexicons.Found]:
    """Orders to a language model, in English as in the text's language, by their places."""
    found = [*lexicons.find(text, ["instruction"], language)]
    if language != "en":
        found += lexicons.find(text, ["instruction"], "en")
    return sorted(found, key=lambda each: each.start)


def words_of(clause: Clause, text: str, language: str) -> Iterator[Word]:
    """The words of a clause that carry meaning; numbers and their units are read by themselves."""
    units = {id(unit) for unit in _unit_tokens(clause, text)}
    denied = _denied(clause, text, language)
    meant = [token for token in clause if _is_meant(token, language) and id(token) not in units]
    for index, token in enumerate(meant):
        previous = _first_that_says(meant[:index][::-1], language)
        following = _first_that_says(meant[index + 1 :], language)
        yield Word(token.lemma, token, id(token) in denied, previous, following)


def _first_that_says(tokens: Iterable[Token], language: str) -> str:
    """Of a lid that is made of stainless steel, steel is said of the lid: neither of what is made nor stainless."""
    return next(
        (each.lemma for each in tokens if not (is_neutral(each.lemma, language) or is_fact(each.lemma, language))), ""
    )


def _is_meant(token: Token, language: str) -> bool:
    return not token.is_number and not is_function_word(token.lemma, language)


def _denied(clause: Clause, text: str, language: str) -> set[int]:
    """The tokens that a clause denies, by what denies them."""
    of_clause, behind, before = (_denials(kind, language) for kind in ("clause", "after", "before"))
    found: set[int] = set()
    for index, token in enumerate(clause):
        word = text[token.start : token.end].replace("’", "'").lower()
        following = clause[index + 1 :]
        if word in of_clause:
            return {id(each) for each in clause}
        if word in behind or (word in before and following and is_function_word(following[0].lemma, language)):
            found |= {id(each) for each in following}
        elif word in before and not _is_given(following, language):
            meant = [each for each in clause[:index] if _is_meant(each, language)]
            found |= {id(each) for each in (*meant[-1:], token)}
    return found


def _is_given(following: Clause, language: str) -> bool:
    """Free shipping, and not gift-free shipping."""
    return bool(following) and following[0].lemma in lexicons.words("given-free", language)


@cache
def _denials(kind: str, language: str) -> frozenset[str]:
    return lexicons.words(f"denies-{kind}", language)


def numbers_of(clause: Clause, text: str, language: str) -> list[Number]:
    places = [index for index, token in enumerate(clause) if token.is_number]
    found = []
    for order, index in enumerate(places):
        token, unit = clause[index], _unit(clause, index, text)
        first = places[order - 1] + 1 if order else 0
        last = places[order + 1] if order + 1 < len(places) else len(clause)
        skipped = index + 1 + _has_unit_token(clause, index, text)
        before = _near(clause[first:index][::-1], text, language)
        behind = _near(clause[skipped:last], text, language)
        bound = _bound(clause[first:index], text, language)
        found.append(Number(token.lemma, unit, before, behind, len(places) == 1, bound))
    return found


def _bound(before: Clause, text: str, language: str) -> Literal["least", "most", ""]:
    """By the words directly before a number: up to, at least."""
    written = (text[token.start : token.end].replace("’", "'").lower() for token in before[-2:])
    words = "".join(f" {word}" for word in written)
    bounds: tuple[Literal["least", "most"], ...] = ("least", "most")
    ends = {bound: tuple(f" {end}" for end in lexicons.lines(f"bound-{bound}", language)) for bound in bounds}
    return next((bound for bound in bounds if words.endswith(ends[bound])), "")


def _near(tokens: Iterable[Token], text: str, language: str) -> frozenset[str]:
    """The nearest words that say something; units of the number before are none."""
    units = _unit_names()
    meant = (token for token in tokens if _is_meant(token, language) and not is_neutral(token.lemma, language))
    return frozenset([each.lemma for each in meant if text[each.start : each.end].lower() not in units][:_NEAR])


def _unit(clause: Clause, index: int, text: str) -> str:
    """The unit's one name: that of the word behind the number, or a sign beside it."""
    token = clause[index]
    if _has_unit_token(clause, index, text):
        following = clause[index + 1]
        return _unit_names()[text[following.start : following.end].lower()]
    if sign := _SYMBOLS.match(text, token.end):
        return sign[1]
    money = _MONEY.search(text, max(0, token.start - 2), token.start)
    return money[0].strip() if money else ""


def _has_unit_token(clause: Clause, index: int, text: str) -> bool:
    if index + 1 >= len(clause):
        return False
    following = clause[index + 1]
    return following.start - clause[index].end <= 2 and text[following.start : following.end].lower() in _unit_names()


def _unit_tokens(clause: Clause, text: str) -> list[Token]:
    return [
        clause[index + 1]
        for index, token in enumerate(clause)
        if token.is_number and _has_unit_token(clause, index, text)
    ]


def is_unit(word: str) -> bool:
    return word in _unit_names()


@cache
def _unit_names() -> dict[str, str]:
    return {word: unit for unit, words in lexicons.groups("unit", "en").items() for word in words}


def quantities_of(clause: Clause, text: str, language: str) -> list[str]:
    """Words that say of how much, or how often, something is true. They carry a claim, however small they are."""
    written = [text[token.start : token.end].lower() for token in clause]
    return [word for word in written if word in lexicons.words("quantity", language)]


def is_fact(lemma: str, language: str) -> bool:
    """Whether a word is a material, a colour or a claim: it says something that the product has to have."""
    return lemma in _fact_words(language)


@cache
def _fact_words(language: str) -> frozenset[str]:
    words = {
        word
        for section in ("material", "colour", "claim")
        for each in {language, "en"}
        for word in lexicons.words(section, each)
    }
    return frozenset(words | {lemma_of(word, language) for word in words})


def sounds_like_a_claim(lemma: str, language: str) -> bool:
    """By its ending: most words that say how something is have one of a few."""
    return lemma.endswith(tuple(lexicons.words("ending", language)))


def is_neutral(lemma: str, language: str) -> bool:
    return lemma in _neutral_words(language)


@cache
def _neutral_words(language: str) -> frozenset[str]:
    words = lexicons.words("neutral", language)
    # What is a fact in another form stays one: "light" is not neutral because "lights" were.
    return frozenset(words | {lemma_of(word, language) for word in words}) - _fact_words(language)
