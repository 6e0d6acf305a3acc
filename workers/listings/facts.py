"""What the seller's own data say of a product: the words, denied or not, the numbers and what belongs to what.

Only the listing, its attributes and the product's name in the catalogue are read. What shoppers and competitors write
is never a fact, nor is what stands behind an order to a language model.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice, takewhile
from typing import Literal, NamedTuple

from workers.listings import hygiene, lexicons
from workers.listings.denials import denied_in
from workers.listings.ordinary import able_from, is_ordinary, root_of
from workers.listings.shapes import ListingText, Material
from workers.listings.tokens import READ, Clause, Token, clauses_of, is_function_word, lemma_of, lemmas_of, tokens_of

# Words on each side of a number that say what it counts or measures.
_NEAR = 2
_SYMBOLS = re.compile(r"\s?([%°\"″'′$€£])")
_MONEY = re.compile(r"[$€£]\s?\Z")
BOASTS = ("boast", "superlative", "guarantee", "medical", "pesticide", "environment", "promotion")
# Languages in which what names a thing stands before what says how it is.
NAME_FIRST = {"fr", "es", "it", "pt", "ro"}
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
    """A word that carries meaning, whether its clause denies it, and the root of what it is said of, if anything."""

    lemma: str
    root: str
    token: Token
    denied: bool
    of: str


@dataclass(slots=True)
class Facts:
    language: str
    said: set[str] = field(default_factory=set)
    denied: set[str] = field(default_factory=set)
    # Words such as "all" and "always".
    quantities: set[str] = field(default_factory=set)
    # Said and denied words by their roots, and phrases that claim something although each of their words is ordinary.
    roots: set[str] = field(default_factory=set)
    denied_roots: set[str] = field(default_factory=set)
    boasts: set[str] = field(default_factory=set)
    # What attributes say of a material, colour and the like beside the words that are listed, as lemmas.
    special: set[str] = field(default_factory=set)
    # The roots of what names the product itself and not a part of it.
    names: set[str] = field(default_factory=set)
    numbers: dict[str, list[Number]] = field(default_factory=dict)
    # Numbers and roots that are about the whole product: of its title, name, brand, category and attributes.
    whole: set[str] = field(default_factory=set)
    whole_numbers: set[tuple[str, str]] = field(default_factory=set)
    # The roots of what a material or a colour is said of, and of what stands in one clause with a claim.
    beside: dict[str, set[str]] = field(default_factory=dict)

    def add(self, text: str, *, whole: bool = False) -> None:
        self.boasts.update(each.text.lower() for each in boasts_in(text, self.language))
        for clause in clauses_of(text, self.language):
            self._add_words(list(words_of(clause, text, self.language, self.special)), text, whole)
            self.quantities.update(quantities_of(clause, text, self.language))
            for number in numbers_of(clause, text, self.language):
                self.numbers.setdefault(number.value, []).append(number)
                self.whole_numbers |= {(number.value, number.unit)} if whole else set()

    def _add_words(self, words: list[Word], text: str, whole: bool) -> None:
        present = {word.root for word in words}
        has_noun = any(not self.is_fact(word.lemma) and not is_neutral(word.lemma, self.language) for word in words)
        for word in words:
            (self.denied if word.denied else self.said).add(word.lemma)
            written = text[word.token.start : word.token.end].lower()
            forms = (word.lemma, written, able_from(written, self.language))
            (self.denied_roots if word.denied else self.roots).update(root_of(each, self.language) for each in forms)
            if self.is_fact(word.lemma):
                is_of_one = word.of and is_matter(word.lemma, self.special, self.language)
                self.beside.setdefault(word.root, set()).update({word.of} if is_of_one else present)
            # "Soft and warm": what a clause says of nothing is said of the product.
            if not word.denied and (not has_noun or (whole and self._is_of_product(word))):
                self.whole.add(word.root)

    def is_fact(self, lemma: str) -> bool:
        return lemma in self.special or is_fact(lemma, self.language)

    def _is_of_product(self, word: Word) -> bool:
        """A knife with a handle of pakkawood is no knife of pakkawood."""
        return not word.of or not self.is_fact(word.lemma) or word.of in self.names


def facts_of(material: Material) -> Facts:
    listing = material.listing
    facts = Facts(material.language)
    facts.special |= _special(listing, material.language)
    facts.names |= _names(material)
    for text in (listing.title, material.product_title, listing.brand, *_LEVELS.split(listing.category)):
        facts.add(trusted(text, material.language), whole=True)
    for text in (*listing.bullets, listing.description):
        facts.add(trusted(text, material.language))
    _add_attributes(facts, listing)
    return facts


def _special(listing: ListingText, language: str) -> set[str]:
    """Pakkawood, by an attribute for the handle's material."""
    telling = lexicons.words("matter", language) | lexicons.words("matter", "en")
    values = [
        value
        for name, value in listing.attributes.items()
        if not telling.isdisjoint(re.findall(r"\w+", name.lower()))
    ]
    lemmas = {token.lemma for value in values for token in tokens_of(value[:READ], language) if not token.is_number}
    return {each for each in lemmas if not is_function_word(each, language) and not is_neutral(each, language)}


def _names(material: Material) -> set[str]:
    """The words before the first "with" or comma of the titles, and those of the brand and category."""
    language, listing = material.language, material.listing
    heads: list[Token] = []
    for title in (listing.title, material.product_title):
        for clause in clauses_of(title[:READ], language)[:1]:
            heads += takewhile(lambda token: not _parts(token, language), clause)
    for text in (listing.brand, listing.category):
        heads += tokens_of(text[:READ], language)
    return {root_of(token.lemma, language) for token in heads if _is_meant(token, language)}


def _add_attributes(facts: Facts, listing: ListingText) -> None:
    for name, value in listing.attributes.items():
        text = trusted(f"{name} {value}", facts.language)
        names = {word.lower() for word in re.findall(r"[^\W\d_]{1,40}", name)}
        whole = names <= lexicons.words("whole", facts.language) | lexicons.words("whole", "en")
        if whole:
            facts.names |= {root_of(lemma, facts.language) for lemma in lemmas_of(name[:READ], facts.language)}
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


def words_of(
    clause: Clause, text: str, language: str, special: Collection[str] = (), things: Collection[str] | None = None
) -> Iterator[Word]:
    """The words of a clause that carry meaning; numbers and their units are read by themselves.

    `special`: lemmas of this product's materials and colours beside those that are listed. `things`: roots of what an
    ordinary word may be the name of; None: of anything.
    """
    units = {id(unit) for unit in _unit_tokens(clause, text)}
    denied = denied_in(clause, text, language)
    said = _Said(text, language, special, things)
    runs = [[token for token in run if id(token) not in units] for run in _runs(clause, language)]
    nouns = [[token for token in run if said.names_a_thing(token)] for run in runs]
    for index, run in enumerate(runs):
        for token in run:
            if _is_meant(token, language):
                thing = _beside(token, run, nouns[index], language)
                if thing is None and is_matter(token.lemma, special, language):
                    thing = _nearest(nouns, index)
                of = root_of(thing.lemma, language) if thing else ""
                yield Word(token.lemma, root_of(token.lemma, language), token, id(token) in denied, of)


@dataclass(frozen=True, slots=True)
class _Said:
    text: str
    language: str
    special: Collection[str]
    things: Collection[str] | None

    def names_a_thing(self, token: Token) -> bool:
        """Of a lid that is made of stainless steel, steel is said of the lid: not of what is made, nor stainless."""
        lemma, language = token.lemma, self.language
        if not _is_meant(token, language) or lemma in self.special or is_fact(lemma, language):
            return False
        if is_neutral(lemma, language):
            return False
        if self.things is None or root_of(lemma, language) in self.things:
            return True
        return not is_ordinary(self.text[token.start : token.end], language)


def _nearest(nouns: Sequence[Sequence[Token]], index: int) -> Token | None:
    """Of black and white bottles, black is said of bottles too."""
    before = [each[-1] for each in nouns[:index] if each]
    behind = [each[0] for each in nouns[index + 1 :] if each]
    return next(iter([*before[-1:], *behind]), None)


def _runs(clause: Clause, language: str) -> Iterator[list[Token]]:
    """A clause cut at its "and", "with" and "for", and not at the "of" of a lid of steel."""
    run: list[Token] = []
    for token in clause:
        if _parts(token, language):
            yield run
            run = []
        else:
            run.append(token)
    yield run


def _parts(token: Token, language: str) -> bool:
    return is_function_word(token.lemma, language) and token.lemma not in _link_words(language)


@cache
def _copulas(language: str) -> frozenset[str]:
    words = lexicons.words("copula", language)
    return frozenset(words | {lemma_of(word, language) for word in words})


@cache
def _link_words(language: str) -> frozenset[str]:
    words = lexicons.words("link", language)
    return frozenset(words | {lemma_of(word, language) for word in words})


def _beside(token: Token, run: Sequence[Token], nouns: Sequence[Token], language: str) -> Token | None:
    """The noun behind a word in its run, or the one before it: that one first where the language has it so, or where
    an "of" or "is" stands before the word."""
    before = [each for each in nouns if each.end <= token.start][-1:]
    behind = [each for each in nouns if each.start >= token.end][:1]
    place = next(index for index, each in enumerate(run) if each is token)
    is_linked = before and any(each.lemma in _copulas(language) for each in run[max(0, place - 3) : place])
    both = [*before, *behind] if is_linked or language in NAME_FIRST else [*behind, *before]
    return next(iter(both), None)


def _is_meant(token: Token, language: str) -> bool:
    return not token.is_number and not is_function_word(token.lemma, language)


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
    telling = (
        (each, written)
        for each in meant
        if (written := text[each.start : each.end]).lower() not in units and not is_ordinary(written, language)
    )
    return frozenset([root_of(each.lemma, language) for each, _ in islice(telling, _NEAR)])


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
    """Words that say of how much, or how often, something is true. They carry a claim, however small they are.

    Not where they say when or for whom: every day, the whole family; nor an "only" before a number."""
    start, end = clause[0].start, clause[-1].end
    spared = [
        (start + each.start, start + each.end) for each in lexicons.find(text[start:end], ["occasion"], language)
    ]
    return [
        word
        for token, following in zip(clause, [*clause[1:], None], strict=True)
        if (word := text[token.start : token.end].lower()) in lexicons.words("quantity", language)
        and not any(first <= token.start < last for first, last in spared)
        and not (following and following.is_number and word in lexicons.words("only", language))
    ]


def boasts_in(text: str, language: str) -> list[lexicons.Found]:
    """Phrases that claim something, whatever their words are by themselves."""
    return list(lexicons.find(text, BOASTS, language))


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


def is_matter(lemma: str, special: Collection[str], language: str) -> bool:
    """Whether a word is a material or a colour, which one part has and another has not."""
    return lemma in special or lemma in _matter_words(language)


@cache
def _matter_words(language: str) -> frozenset[str]:
    words = {
        word
        for section in ("material", "colour")
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
