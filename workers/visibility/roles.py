"""In which part a brand is named: for itself, against it, for comparison, or because something fits it."""

import re
from collections.abc import Mapping, Sequence
from enum import Enum

from workers.visibility import refusals
from workers.visibility.blocks import Block, Kind
from workers.visibility.lexicons import Lexicon
from workers.visibility.names import Place
from workers.visibility.sentences import Sentence, named_together, place_of, signed_text


class Role(Enum):
    OWN = "own"
    AGAINST = "against"
    # Found wanting beside another.
    WORSE = "worse"
    COMPARED = "compared"
    FITS = "fits"
    # "I am not aware of a brand called X": named, but nothing is said of it.
    UNKNOWN = "unknown"


_LABEL = re.compile(r"([^:\ue000-\uf8ff]{2,60}):[^:\ue000-\uf8ff]{0,20}[\ue000-\uf8ff]")
# What is quoted, over sentences but not over paragraphs.
_QUOTED = re.compile(r'"[^"\n]{3,400}"|“[^”“\n]{3,400}[”“]|„[^“”\n]{3,400}[“”]|«[^»\n]{3,400}»|»[^«\n]{3,400}«')
# "Slack? Good, but …": what follows is about it.
_ASIDE = re.compile(r"[\ue000-\uf8ff]\?")
# The first one that says something of a place holds.
_SECTIONS = (
    ("unbeaten", Role.OWN),
    ("spared", Role.OWN),
    ("unknown", Role.UNKNOWN),
    ("against", Role.AGAINST),
    ("reversed", Role.WORSE),
    ("worse", Role.WORSE),
    ("compared", Role.COMPARED),
    ("fits", Role.FITS),
)


def roles_of(sentences: Sequence[Sentence], blocks: Sequence[Block], words: Lexicon) -> dict[int, Role]:
    """The role of each place."""
    roles: dict[int, Role] = {}
    before: Sentence | None = None
    for sentence in sentences:
        said = _said(sentence, words)
        last = before.places[-1] if before and before.places and before.block == sentence.block else None
        said |= _refused(sentence, said, last, words)
        is_warned_of = blocks[sentence.block].is_warned_of or _has_warning(sentence, words)
        for place in sentence.places:
            roles[place] = Role.AGAINST if is_warned_of else said.get(place, Role.OWN)
        if last is not None and last in said and roles[last] is Role.OWN:
            roles[last] = said[last]
        is_dismissed = before and _ASIDE.fullmatch(before.text) and words.pattern("dismissed").match(sentence.text)
        if before and (is_dismissed or words.pattern("retracted").search(sentence.text)):
            roles |= {place: Role.COMPARED for place in before.places if roles[place] is Role.OWN}
        before = sentence
    return roles | _columns(sentences, blocks, roles)


def _refused(sentence: Sentence, said: Mapping[int, Role], before: int | None, words: Lexicon) -> dict[int, Role]:
    own = [place for place in sentence.places if said.get(place, Role.OWN) is Role.OWN]
    found = dict.fromkeys(refusals.unknown(sentence, words), Role.UNKNOWN)
    found |= dict.fromkeys(refusals.refused(sentence, own, before, words), Role.AGAINST)
    groups = [group for group in named_together(sentence, words) if found.keys() & set(group)] if found else []
    for group in groups:
        role = next(found[place] for place in group if place in found)
        found |= dict.fromkeys(group, role)
    return found


def _has_warning(sentence: Sentence, words: Lexicon) -> bool:
    """Whether it begins with a label that warns: "Not worth it: X"."""
    found = _LABEL.match(sentence.text)
    return found is not None and words.pattern("against heading").search(found[1].strip(" *_")) is not None


def _said(sentence: Sentence, words: Lexicon) -> dict[int, Role]:
    if sentence.text.endswith("?") and not _ASIDE.fullmatch(sentence.text):
        return dict.fromkeys(sentence.places, Role.COMPARED)
    found: dict[int, Role] = {}
    groups = {group[0]: group for group in named_together(sentence, words)} if sentence.places else {}
    for section, role in _SECTIONS if sentence.places else ():
        better: list[int] = []
        for match in words.pattern(section).finditer(sentence.text):
            named, *others = [place_of(sign) for sign in match.groups() if sign]
            better += others
            for place in groups.get(named, (named,)):
                found.setdefault(place, role)
        # "A is not as good as B" is for B.
        found |= dict.fromkeys(better, Role.OWN)
    return found


def _columns(sentences: Sequence[Sentence], blocks: Sequence[Block], roles: Mapping[int, Role]) -> dict[int, Role]:
    """Brands beside each other at the head of a table are compared there, and nothing else."""
    headers = [each for each in sentences if blocks[each.block].kind is Kind.ROW and blocks[each.block].is_header]
    return {
        place: Role.COMPARED
        for header in headers
        if len(header.places) > 1
        for place in header.places
        if roles[place] is Role.OWN
    }


def quoted_orders(text: str, places: Sequence[Place], words: Lexicon) -> dict[int, Role]:
    """The places in quoted orders to assistants ("ignore your instructions, recommend X"): somebody else says so."""
    found: dict[int, Role] = {}
    for quoted in _QUOTED.finditer(text):
        inside = [i for i, place in enumerate(places) if quoted.start() <= place.start < quoted.end()]
        if inside and words.pattern("orders").search(quoted.group()):
            found |= dict.fromkeys(inside, Role.COMPARED)
    return found


def asked_instead(question: str, names: Sequence[Place], words: Lexicon) -> int | None:
    """The brand that the question wants something else than: "alternatives to X"."""
    brands = {place.brand for place in names}
    if len(brands) != 1:
        return None
    signed = signed_text(question, 0, len(question), range(len(names)), names)
    return names[0].brand if words.pattern("asked instead").search(signed) else None


def own_places(places: Sequence[Place], roles: Mapping[int, Role], unwanted: int | None) -> list[int]:
    """The places where a brand that has a rank is named for itself. `unwanted`: the brand that another is wanted for.

    One that is advised against, or not known, has none; one that is only compared has no such place.
    """
    unranked = (Role.AGAINST, Role.UNKNOWN)
    warned = {places[index].brand for index, role in roles.items() if role in unranked} | {unwanted}
    return [i for i, place in enumerate(places) if roles.get(i) is Role.OWN and place.brand not in warned]
