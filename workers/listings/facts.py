"""What the seller's own data say of a product: the words, denied or not, the numbers and what belongs to what.

Only the listing, its attributes and the product's name in the catalogue are read. What shoppers and competitors write
is never a fact, nor is what stands behind an order to a language model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise, takewhile

from workers.listings import hygiene, lexicons
from workers.listings.amounts import Number, numbers_of
from workers.listings.bindings import (
    LASTING,
    PRODUCT,
    Units,
    begins_as_subject,
    begins_as_thing,
    number_node,
    pieces_of,
    said_apart,
    starts_anew,
    things_in,
)
from workers.listings.likeness import Likeness, standings_in
from workers.listings.meanings import Word, parts, words_of
from workers.listings.measures import measured_in
from workers.listings.ordinary import able_from, root_of
from workers.listings.plainly import denied_plainly, plainly
from workers.listings.shapes import ListingText, Material
from workers.listings.tokens import (
    READ,
    Clause,
    Token,
    clauses_of,
    is_function_word,
    is_small,
    lemma_of,
    lemmas_of,
    tokens_of,
    word_behind,
)
from workers.listings.vocabulary import is_fact, is_matter, is_meant, is_neutral

BOASTS = ("boast", "superlative", "guarantee", "medical", "pesticide", "environment", "promotion")
# What models' own prompts are written with, keys of JSON, and letters that are set apart so that no word is found.
_FRAME = re.compile(
    r"\[/?inst\]|<\|\w{2,30}\|>|[\"'](?:role|content|title|bullets|description)[\"']\s{0,3}:|^#{2,6}\s|#{3,6}\s|\b(?:chatgpt|claude|gemini|assistant)\s?[,:]|(?:\b[a-z]\s){6}",
    re.IGNORECASE | re.MULTILINE,
)
# 1gn0re: as long as what it stands for, so that places stay.
_DIGITS = str.maketrans("013457@$", "oieastas")
# What joins the names of categories and of attributes.
_LEVELS = re.compile(r"[>/|&,;_]")


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
    numbers: dict[str, set[Number]] = field(default_factory=dict)
    # As what a word stands there, of anything and of each thing: leather as what it is of, or only looks like.
    likenesses: dict[str, set[Likeness]] = field(default_factory=dict)
    likenesses_of: dict[tuple[str, str], set[Likeness]] = field(default_factory=dict)
    # What each number measures, with its unit: its length, the hours that it runs.
    measures: dict[tuple[str, str], set[str]] = field(default_factory=dict)
    # Numbers and roots that are about the whole product: of its title, name, brand, category and attributes.
    whole: set[str] = field(default_factory=set)
    whole_numbers: set[tuple[str, str]] = field(default_factory=set)
    # The roots of what a material or a colour is said of, and of what stands in one clause with a claim.
    beside: dict[str, set[str]] = field(default_factory=dict)
    # What each clause says together, and the roots of the product's parts and of what else is named beside it.
    units: Units = field(default_factory=Units)
    parts: set[str] = field(default_factory=set)
    # The roots of the places that it comes from, by its attributes.
    origins: set[str] = field(default_factory=set)
    # The roots of what stands behind a "for", in a list too: for walks, commuting and festivals.
    purposes: set[str] = field(default_factory=set)
    # The roots of what does not come with it: of a pouch, not included.
    lacking: set[str] = field(default_factory=set)
    # The roots of words that say no more than what can be done.
    done: set[str] = field(default_factory=set)
    # The words as they are written, and the roots of each clause in their order.
    written: set[str] = field(default_factory=set)
    _phrases: list[str] = field(default_factory=list)
    # What stands together between two words such as "and".
    _at_once: Units = field(default_factory=Units)

    def add(self, text: str, *, whole: bool = False, colour: bool = False) -> None:
        """Of a text, with its amounts as they are written and in one unit. `colour`: it says how something looks."""
        for each in dict.fromkeys((denied_plainly(text, self.language), plainly(text, self.language))):
            self._add(each, whole)
            self._add_likenesses(each, colour)

    def says_at_once(self, *words: str) -> bool:
        """Whether the source has the words together, with no "and" between; what names the product goes with all."""
        roots = (root_of(lemma_of(word, self.language), self.language) for word in words)
        return self._at_once.have({root for root in roots if not self.names_product(root)})

    def phrases(self) -> str:
        """The roots of each clause, with spaces around each and a line between two clauses."""
        if len(self._phrases) > 1:
            self._phrases = ["|".join(self._phrases)]
        return self._phrases[0] if self._phrases else ""

    def _add(self, text: str, whole: bool) -> None:
        self.boasts.update(each.text.lower() for each in boasts_in(text, self.language))
        for found in lexicons.find(text, ["from"], self.language):
            following = word_behind(text, found.end, self.language)
            self.origins.update(root_of(each.lemma, self.language) for each in following)
        clauses = clauses_of(text, self.language)
        self._add_units(clauses, text, whole)
        if self.language == "de":
            self._add_together(clauses, text)
        for before, clause in pairwise(clauses):
            self.lacking.update(things_in(before, self.language) if self._only_lacks(clause, text) else ())
        for clause in clauses:
            self.written.update(token.written for token in clause)
            roots = (root_of(token.lemma, self.language) for token in clause if not is_small(token, self.language))
            self._phrases.append(f" {' '.join(roots)} ")
            self._add_words(list(words_of(clause, text, self.language, self.special)), whole)
            self.quantities.update(quantities_of(clause, text, self.language))
            for number in numbers_of(clause, text, self.language):
                self.numbers.setdefault(number.value, set()).add(number)
                self.whole_numbers |= {(number.value, number.unit)} if whole else set()
            for each in measured_in(clause, text, self.language):
                self.measures.setdefault((each.value, each.unit), set()).add(each.measures)

    def _add_likenesses(self, text: str, colour: bool) -> None:
        clauses = clauses_of(text, self.language)
        for each in standings_in(clauses, text, self.language, self.special):
            likeness: Likeness = "colour" if colour and each.likeness == "of" else each.likeness
            self.likenesses.setdefault(each.word.root, set()).add(likeness)
            if each.thing:
                self.likenesses_of.setdefault((each.word.root, each.thing), set()).add(likeness)

    def _add_together(self, clauses: Sequence[Clause], text: str) -> None:
        together: set[str] = set()
        for piece in (piece for pieces in pieces_of(clauses, text, self.language) for piece in pieces):
            if piece.joint in ("start", "and"):
                self._at_once.add(together)
                together = set()
            together |= {
                root_of(token.lemma, self.language) for token in piece.tokens if is_meant(token, self.language)
            }
        self._at_once.add(together)

    def _only_lacks(self, clause: Clause, text: str) -> bool:
        """Not included: with no word beside."""
        given = lexicons.words("given", self.language)
        if not any(token.written in given for token in clause):
            return False
        words = list(words_of(clause, text, self.language, self.special))
        return bool(words) and all(word.denied and word.token.written in given for word in words)

    def _add_units(self, clauses: Sequence[Clause], text: str, whole: bool) -> None:
        """A clause that goes on with the one before has the subject of that one, too."""
        subject: Clause = ()
        thing: Clause = ()
        is_list = False
        listed: set[str] = set()
        for clause, pieces in zip(clauses, pieces_of(clauses, text, self.language), strict=True):
            goes_on = pieces[0].goes_on
            for apart in said_apart(clause, self.language):
                things = set(things_in(apart, self.language)) - self._special_roots()
                goes_on = goes_on or (not things and not starts_anew(clause, text))
                # "8 cm thick" is said of all of a core of foam, and "with a zip" of the core.
                before = subject if things else thing
                nodes = self._nodes(apart, text) | (self._nodes(before, text) if goes_on and before else set())
                is_of_product = whole or not things or self._begins_as_it(apart)
                is_of_product = is_of_product or any(map(self.names_product, nodes))
                self.units.add(nodes | {PRODUCT} if is_of_product else nodes)
                self.parts |= set() if whole else things - self.names
            # For walks, commuting and festivals: for all of them together, too.
            is_list = self._says_a_purpose(clause) or (is_list and not starts_anew(clause, text))
            listed = listed | self._nodes(clause, text) if is_list else set()
            self.purposes |= listed
            self.units.add(listed)
            if not goes_on:
                subject = begins_as_subject(clause, self.language)
                thing = begins_as_thing(clause, self.language)

    def _begins_as_it(self, clause: Clause) -> bool:
        """Fits into a cup holder: what does so is the product."""
        return clause[0].written in lexicons.words("does", self.language)

    def _special_roots(self) -> set[str]:
        return {root_of(each, self.language) for each in self.special}

    def _says_a_purpose(self, clause: Clause) -> bool:
        written = {token.written for token in clause}
        return not written.isdisjoint(lexicons.words("purpose", self.language))

    def _nodes(self, tokens: Clause, text: str) -> set[str]:
        numbers = {number_node(each.value, each.unit) for each in numbers_of(tokens, text, self.language)}
        words = words_of(tokens, text, self.language, self.special)
        written = {token.written for token in tokens}
        lasting = set() if written.isdisjoint(lexicons.words("lasting", self.language)) else {LASTING}
        return numbers.union(lasting, *(self._roots_of(word) for word in words))

    def _add_words(self, words: list[Word], whole: bool) -> None:
        present = {root for word in words for root in self._roots_of(word)}
        has_noun = any(not self.is_fact(word.lemma) and not is_neutral(word.lemma, self.language) for word in words)
        for word in words:
            (self.denied if word.denied else self.said).add(word.lemma)
            (self.denied_roots if word.denied else self.roots).update(self._roots_of(word))
            written = word.token.written
            if able_from(written, self.language) == written:
                self.done |= {word.root, root_of(written, self.language)}
            if self.is_fact(word.lemma):
                is_of_one = word.of and is_matter(word.lemma, self.special, self.language)
                self.beside.setdefault(word.root, set()).update(word.chain if is_of_one else present)
            # "Soft and warm": what a clause says of nothing is said of the product.
            if not word.denied and (not has_noun or (whole and self._is_of_product(word))):
                self.whole.add(word.root)

    def _roots_of(self, word: Word) -> set[str]:
        """What is washable can be washed: who says either says the same."""
        written = word.token.written
        forms = (word.lemma, written, able_from(written, self.language))
        return {word.root, *(root_of(each, self.language) for each in forms)}

    def names_product(self, root: str) -> bool:
        """By a name, by "fabric" or "design", or shortly: a Trinkflasche is called a Flasche the second time."""
        return root in self.names or root in _all_of_it(self.language) or self.is_short_name(root)

    def is_short_name(self, root: str) -> bool:
        return self.language == "de" and len(root) >= 3 and any(name.endswith(root) for name in self.names)

    def is_fact(self, lemma: str) -> bool:
        return lemma in self.special or is_fact(lemma, self.language)

    def _is_of_product(self, word: Word) -> bool:
        """A knife with a handle of pakkawood is no knife of pakkawood."""
        return not word.of or not self.is_fact(word.lemma) or word.of in self.names


@cache
def _all_of_it(language: str) -> frozenset[str]:
    """The roots of words such as fabric, design and size, which are of the whole product."""
    return frozenset(root_of(lemma_of(word, language), language) for word in lexicons.words("whole", language))


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
            heads += takewhile(lambda token: not parts(token, language), clause)
    for text in (listing.brand, listing.category):
        heads += tokens_of(text[:READ], language)
    return {root_of(token.lemma, language) for token in heads if is_meant(token, language)}


def _add_attributes(facts: Facts, listing: ListingText) -> None:
    for name, value in listing.attributes.items():
        text = trusted(f"{name} {value}", facts.language)
        names = {word.lower() for word in re.findall(r"[^\W\d_]{1,40}", name)}
        whole = names <= lexicons.words("whole", facts.language) | lexicons.words("whole", "en")
        if whole:
            facts.names |= {root_of(lemma, facts.language) for lemma in lemmas_of(name[:READ], facts.language)}
        if not names.isdisjoint(lexicons.words("origin", facts.language) | lexicons.words("origin", "en")):
            facts.origins |= {root_of(lemma, facts.language) for lemma in lemmas_of(value[:READ], facts.language)}
        if is_refusal(value, facts.language):
            # A word that denies, with all that the name says behind it.
            facts.add(f"{_denial(facts.language)} {name}")
        else:
            looks = lexicons.words("colour-name", facts.language) | lexicons.words("colour-name", "en")
            facts.add(text, whole=whole, colour=names <= looks)


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
    """Orders to a language model, in English as in the text's language, by their places; and what frames them."""
    found = [lexicons.Found("instruction", *match.span(), match[0]) for match in _FRAME.finditer(text)]
    for written in {text, text.translate(_DIGITS), hygiene.folded(text)}:
        for each in {language, "en"}:
            found += lexicons.find(written, ["instruction"], each)
    return sorted(found, key=lambda each: each.start)


def quantities_of(clause: Clause, text: str, language: str) -> list[str]:
    """Words that say of how much, or how often, something is true. They carry a claim, however small they are.

    Not where they say when or for whom: every day, the whole family; nor an "only" or "all" before a number."""
    start, end = clause[0].start, clause[-1].end
    spared = [
        (start + each.start, start + each.end) for each in lexicons.find(text[start:end], ["occasion"], language)
    ]
    return [
        word
        for token, following in zip(clause, [*clause[1:], None], strict=True)
        if (word := token.written) in lexicons.words("quantity", language)
        and not any(first <= token.start < last for first, last in spared)
        and not (following and following.is_number and word in _before_numbers(language))
    ]


@cache
def _before_numbers(language: str) -> frozenset[str]:
    return lexicons.words("only", language) | lexicons.words("all", language)


def boasts_in(text: str, language: str) -> list[lexicons.Found]:
    """Phrases that claim something, whatever their words are by themselves."""
    return list(lexicons.find(hygiene.folded(text), BOASTS, language))
