"""Whether a text says of a part what one clause of the source says of it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from workers.listings import lexicons
from workers.listings.amounts import numbers_of
from workers.listings.bindings import PRODUCT, Piece, begins_as_subject, copulas, number_node, pieces_of
from workers.listings.facts import Facts
from workers.listings.framing import actions_in, frames
from workers.listings.meanings import NAME_FIRST, Word, words_of
from workers.listings.ordinary import root_of
from workers.listings.tokens import Clause, Token

# A piece with more nodes is no sentence of a person: it has to be said as a whole.
_MOST_DIVIDED = 16
_LEAST_SAID = 2


class Node(NamedTuple):
    """A root or number that the source has, too."""

    name: str
    start: int
    # What stands between it and the node before: an ordinary word that the source has not, or a small one.
    behind_ordinary: bool
    behind_small: bool
    is_fact: bool


class Said(NamedTuple):
    """What a piece says. `product`: where it names the product itself, and not a part "of the mug"; `named`: the last
    place where it does so in any way; `others`: how many words are no nodes."""

    nodes: tuple[Node, ...]
    product: int | None = None
    named: int = -1
    others: int = 0
    # Nodes that are said of the product itself.
    attributed: frozenset[str] = frozenset()
    # Whether the last word is a node.
    ends: bool = False

    def all(self) -> frozenset[str]:
        return frozenset(node.name for node in self.nodes)


_NOTHING = Said(())


def _has_number(said: Said) -> bool:
    return any(node.name[0] == "#" for node in said.nodes)


class Misplaced(NamedTuple):
    written: str
    lemma: str


def misplaced_in(text: str, clauses: Sequence[Clause], facts: Facts) -> Iterator[Misplaced]:
    """Pieces whose words stand in the source, but not together."""
    reader = _Reader(text, facts)
    for pieces in pieces_of(clauses, text, facts.language):
        for piece in reader.wrong(pieces):
            start, end = piece.tokens[0].start, piece.tokens[-1].end
            yield Misplaced(text[start:end], piece.tokens[0].lemma)


class _Reader:
    def __init__(self, text: str, facts: Facts) -> None:
        self._text = text
        self._facts = facts
        self._whole_numbers = {number_node(*each) for each in facts.whole_numbers}
        # What the pieces before are about: their first part and their last one.
        self._first: frozenset[str] = frozenset()
        self._last: frozenset[str] = frozenset()
        self._actions: set[int] = set()
        # What the clause before was about, which "it" may mean.
        self._mentioned: frozenset[str] = frozenset()

    def wrong(self, pieces: Sequence[Piece]) -> Iterator[Piece]:
        if not pieces[0].goes_on:
            self._mentioned = self._first | self._last
            self._first = self._last = frozenset()
        clause = tuple(token for piece in pieces for token in piece.tokens)
        self._actions = actions_in(clause, self._facts.language)
        before = _NOTHING
        is_lone = False
        for piece in self._joined(pieces):
            said = self._said(piece.tokens)
            if said.nodes and not self._holds(piece, said, before, is_lone):
                yield piece
            self._remember(piece, said)
            is_lone = piece.joint in ("start", "and") and said.others <= 1 and self._is_subject(piece, said)
            before = said

    def _joined(self, pieces: Sequence[Piece]) -> Sequence[Piece]:
        """It stays where it is put: "it stays" is nothing by itself."""
        says_little = self._is_of_it(pieces[0]) and len(self._said(pieces[0].tokens).nodes) < _LEAST_SAID
        if not says_little or len(pieces) == 1 or pieces[1].joint != "place":
            return pieces
        return [pieces[0]._replace(tokens=pieces[0].tokens + pieces[1].tokens), *pieces[2:]]

    def _is_subject(self, piece: Piece, said: Said) -> bool:
        """Without a verb between: the lid, or a black lid."""
        begins = self._said(begins_as_subject(piece.tokens, self._facts.language))
        return len(begins.nodes) == len(said.nodes) and not any(node.behind_ordinary for node in said.nodes[1:])

    def _remember(self, piece: Piece, said: Said) -> None:
        if piece.joint == "start" and not self._first:
            self._first = self._parts(self._said(begins_as_subject(piece.tokens, self._facts.language)))
        # Of foam that is 8 cm thick, it is the foam.
        ends_in_matter = said.ends and said.nodes[-1].is_fact
        last = [node.name for node in said.nodes if ends_in_matter or node.name in self._facts.parts][-1:]
        self._last = frozenset() if said.named >= 0 else frozenset(last) or self._last

    def _parts(self, said: Said) -> frozenset[str]:
        return said.all() & self._facts.parts

    def _said(self, tokens: Clause) -> Said:
        words = {word.token.start: word for word in self._words(tokens)}
        numbers = iter(numbers_of(tokens, self._text, self._facts.language))
        found: list[Node] = []
        product, named, others, ordinary, small = None, -1, 0, False, False
        for token in tokens:
            word = words.get(token.start)
            name = number_node(*next(numbers)[:2]) if token.is_number else self._node(word)
            if name == PRODUCT:
                is_of_part = any(node.name in self._facts.parts for node in found)
                product = product if is_of_part or self._is_before_part(token, words) else token.start
                named = token.start
            elif name:
                is_fact = word is not None and self._facts.is_fact(word.lemma)
                found.append(Node(name, token.start, ordinary, small, is_fact))
                ordinary = small = False
            else:
                is_other = word is not None and not self._says_nothing(word)
                others += word is not None
                ordinary = ordinary or is_other
                small = small or not is_other
        attributed = self._attributed(tokens, words) if product is not None else frozenset()
        ends = bool(found) and found[-1].start == tokens[-1].start
        return Said(tuple(found), product, named, others, attributed, ends)

    def _attributed(self, tokens: Clause, words: dict[int, Word]) -> frozenset[str]:
        """Of a black mug, and of a mug that is black, black."""
        language = self._facts.language
        nodes = [self._node(words.get(token.start)) for token in tokens]
        written = [token.written for token in tokens]
        found = set()
        for place, (first, second) in enumerate(pairwise(nodes)):
            before, behind = (second, first) if language in NAME_FIRST else (first, second)
            if behind == PRODUCT and before:
                found.add(before)
            if first == PRODUCT and written[place + 1] in copulas(language):
                found |= set([each for each in nodes[place + 2 : place + 6] if each][:1])
        return frozenset(found - {PRODUCT})

    def _words(self, tokens: Clause) -> Iterator[Word]:
        return words_of(tokens, self._text, self._facts.language, self._facts.special, self._facts.roots)

    def _is_before_part(self, token: Token, words: dict[int, Word]) -> bool:
        """The mug's lid is not the mug."""
        following = next((words[start] for start in range(token.end, token.end + 3) if start in words), None)
        return following is not None and self._node(following) in self._facts.parts

    def _node(self, word: Word | None) -> str | None:
        facts = self._facts
        if word is None:
            return None
        written = word.token.written
        if facts.names_product(word.root) and not facts.is_fact(word.lemma):
            return PRODUCT
        if self._says_nothing(word):
            return None
        known = (word.root, root_of(written, facts.language))
        return next((root for root in known if root in facts.roots or root in facts.denied_roots), None)

    def _says_nothing(self, word: Word) -> bool:
        language, written = self._facts.language, word.token.written
        if written in lexicons.words("measure", language):
            return True
        if word.token.start in self._actions:
            return True
        return frames(written, language) or written in lexicons.words("unbound", language)

    def _holds(self, piece: Piece, said: Said, before: Said, is_lone: bool) -> bool:
        """`is_lone`: what stands before the piece says nothing by itself: the lid and the cup are black."""
        facts = self._facts
        needed = self._needed(said)
        subject = self._subject(piece) if said.product is None and not self._parts(said) else frozenset()
        if subject:
            needed = said.all() | subject
        if self._is_of_it(piece) and not self._parts(said) and needed and not self._is_of_any(needed):
            return False
        attributed = said.attributed & needed
        if attributed and not self._parts(said) and not facts.units.have(attributed | {PRODUCT}):
            return False
        if piece.joint == "with" and self._parts(before) and said.product is None and (needed or before.ends):
            # A lid of bamboo with a handle: it has both, whether one clause says so or two.
            return facts.units.have(said.all() | {node.name for node in before.nodes if not node.is_fact})
        if piece.joint == "place" and is_lone and self._parts(before):
            return facts.units.have(needed | before.all())
        if piece.joint == "place" and _has_number(said) and _has_number(before):
            return facts.units.have(needed | before.all())
        if piece.joint == "and" and is_lone and self._parts(before):
            return self._is_said(needed, said) and self._is_said_of(before, piece, said)
        return self._is_said(needed, said)

    def _is_of_it(self, piece: Piece) -> bool:
        """Whether a clause begins with what means the product, or what the clause before was about."""
        first = piece.tokens[0].written
        return piece.joint == "start" and first in lexicons.words("it", self._facts.language)

    def _is_of_any(self, needed: frozenset[str]) -> bool:
        return any(self._facts.units.have(needed | {each}) for each in (PRODUCT, *self._mentioned))

    def _is_said_of(self, before: Said, piece: Piece, said: Said) -> bool:
        behind = piece.tokens[len(begins_as_subject(piece.tokens, self._facts.language)) :]
        rest = self._said(behind).all()
        together = [said.all(), *([rest] if rest else [])]
        return any(self._facts.units.have(before.all() | each) for each in together)

    def _subject(self, piece: Piece) -> frozenset[str]:
        if piece.joint == "which" or (piece.joint in ("start", "with") and piece.goes_on):
            return self._last
        return self._first if piece.joint == "and" else frozenset()

    def _needed(self, said: Said) -> frozenset[str]:
        """Without what is said of the whole product, where the piece is about that."""
        facts, nodes = self._facts, said.all()
        parts = self._parts(said)
        if said.product is None and parts:
            return nodes
        free = self._whole_numbers if {node for node in nodes if node[0] == "#"} <= self._whole_numbers else set()
        return nodes - free - (facts.whole - facts.parts)

    def _is_said(self, needed: frozenset[str], said: Said) -> bool:
        """In one clause; or in two, where the piece goes on behind the product or an ordinary word."""
        if self._facts.units.have(needed):
            return True
        nodes = [node for node in said.nodes if node.name in needed]
        if len(nodes) > _MOST_DIVIDED or needed - said.all():
            return False
        return any(self._is_divided(nodes, place, said) for place in range(1, len(nodes)))

    def _is_divided(self, nodes: Sequence[Node], place: int, said: Said) -> bool:
        first, rest = nodes[:place], nodes[place:]
        names = frozenset(node.name for node in first)
        is_of_product = (
            rest[0].behind_small
            and said.product is not None
            and said.product < rest[0].start
            and names.isdisjoint(self._facts.parts)
        )
        is_told = said.named > rest[0].start or not any(node.is_fact or node.name[0] == "#" for node in rest)
        is_apart = rest[0].behind_ordinary and place >= _LEAST_SAID and is_told
        if not (is_of_product or is_apart) or not self._facts.units.have(names):
            return False
        return self._is_said(frozenset(node.name for node in rest), said)
