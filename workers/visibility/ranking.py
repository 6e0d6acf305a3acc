"""The ranks that a reader takes away."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from workers.visibility.claims import LAST, Claim
from workers.visibility.entries import Entry
from workers.visibility.names import Place

# Brands that share a rank; empty for an entry that names none of those looked for.
Ranking = dict[int, set[int]]


def positions(
    places: Sequence[Place],
    own: Sequence[int],
    entries: Sequence[Entry],
    claims: Sequence[Claim],
    ties: Sequence[tuple[int, ...]],
    introduced: Collection[int],
) -> dict[int, int]:
    """The rank of each brand that has one: by numbers of entries, then the order of mention; words overrule both.

    `introduced`: places in prose that come before the entries of a list.
    """
    before = _in_order(places, [index for index in own if index in introduced], ties)
    if before:
        known = set().union(*before)
        # What an entry says again of one that stands above it already is no place of its own.
        entries = [
            replace(each, number=None) for each in entries if not each.places or not _brands(each, places) <= known
        ]
    ranking = _numbered([*(Entry(None, _places_of(each, places, own)) for each in before), *entries], places)
    listed = {brand for brands in ranking.values() for brand in brands}
    for brands in _in_order(places, own, ties):
        if not brands <= listed:
            ranking[max(ranking, default=0) + 1] = brands - listed
            listed |= brands
    ranking = _overruled(ranking, {c.rank: {places[i].brand for i in c.places} for c in _prevailing(claims, places)})
    return {brand: rank for rank in sorted(ranking, reverse=True) for brand in ranking[rank]}


def _brands(entry: Entry, places: Sequence[Place]) -> set[int]:
    return {places[index].brand for index in entry.places}


def _places_of(brands: Collection[int], places: Sequence[Place], own: Sequence[int]) -> tuple[int, ...]:
    return tuple(index for index in own if places[index].brand in brands)


def _numbered(entries: Sequence[Entry], places: Sequence[Place]) -> Ranking:
    ranking: Ranking = {}
    if not any(entry.places for entry in entries):
        return ranking
    seen: set[int] = set()
    ordered = sorted(entries, key=lambda entry: entry.number or 0) if all(e.number for e in entries) else entries
    for entry in ordered:
        number = entry.number or max(ranking, default=0) + 1
        brands = {places[index].brand for index in entry.places} - seen
        ranking.setdefault(number, set()).update(brands)
        seen |= brands
    return ranking


def _in_order(places: Sequence[Place], own: Sequence[int], ties: Sequence[tuple[int, ...]]) -> list[set[int]]:
    """Brands by their first own place; those that are tied together."""
    tied = {index: group for group in ties for index in group}
    found: list[set[int]] = []
    seen: set[int] = set()
    for index in own:
        brands = {places[each].brand for each in tied.get(index, (index,))} - seen
        if brands:
            found.append(brands)
            seen |= brands
    return found


def _prevailing(claims: Sequence[Claim], places: Sequence[Place]) -> list[Claim]:
    """One claim to each rank, and one of each brand: the strongest, then the earliest."""
    kept: list[Claim] = []
    taken: set[int] = set()
    for claim in sorted(claims, key=lambda each: (each.rank, -each.strength)):
        brands = {places[index].brand for index in claim.places}
        if not brands & taken and all(claim.rank != other.rank for other in kept):
            kept.append(claim)
            taken |= brands
    return kept


def _overruled(ranking: Ranking, claimed: Ranking) -> Ranking:
    """The ranking with the claimed brands where words put them; the others close up and make room."""
    if all(ranking.get(rank) == brands for rank, brands in claimed.items()):
        return ranking
    moved = set().union(*claimed.values())
    order = [named - moved for _, named in sorted(ranking.items()) if not named or named - moved]
    order += [claimed[LAST]] if LAST in claimed else []
    for rank, brands in sorted((rank, brands) for rank, brands in claimed.items() if rank != LAST):
        # A third place is one whoever has the others; behind two who share the first it is the next.
        order += [set[int]() for _ in range(rank - 1 - sum(max(1, len(each)) for each in order))]
        order.insert(_place_of(rank, brands, order, ranking), brands)
    return _counted(order, claimed)


def _place_of(rank: int, brands: set[int], order: Sequence[set[int]], ranking: Ranking) -> int:
    """Behind so many brands, unless the text names another one in between; else behind so many ranks."""
    before = [sum(max(1, len(each)) for each in order[:place]) for place in range(len(order) + 1)]
    behind = before.index(rank - 1) if rank - 1 in before else rank - 1
    named = {brand: named_rank for named_rank, together in ranking.items() for brand in together}
    own = min((named.get(brand, 0) for brand in brands), default=0)
    is_named_between = any(named.get(brand, own) < own for each in order[behind : rank - 1] for brand in each)
    return min(rank - 1 if is_named_between else behind, len(order))


def _counted(order: Sequence[set[int]], claimed: Ranking) -> Ranking:
    """By numbers. Where the text leaves out as many as share a rank ("two are first; the third is"), so does this."""
    behind = [1 + sum(max(1, len(each)) for each in order[:place]) for place in range(len(order))]
    leaves_out = any(
        brands and claimed.get(rank) == brands and rank > place
        for place, (rank, brands) in enumerate(zip(behind, order, strict=True), start=1)
    )
    return dict(zip(behind, order, strict=True)) if leaves_out else dict(enumerate(order, start=1))
