"""Proposals for a listing by rules and keywords alone, for the texts that were asked for."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from workers.listings.optimising import optimise, with_proposed
from workers.listings.rulebook import Rules
from workers.listings.shapes import Field, ListingText, Material, Optimisation


@dataclass(frozen=True, slots=True)
class Draft:
    """A listing, all that is known about it, and what the rules make of it."""

    sku: str
    material: Material
    by_rules: Optimisation


def draft(sku: str, material: Material, rules: Rules, names: Collection[Field]) -> Draft:
    return Draft(sku, material, _only(optimise(material, rules), material, rules, names))


def _only(optimised: Optimisation, material: Material, rules: Rules, names: Collection[Field]) -> Optimisation:
    """Without the proposals for other texts; what the remaining ones bring is weighed again."""
    kept = [each for each in optimised.proposals if each.field in names]
    if len(kept) == len(optimised.proposals):
        return optimised
    reasons = {each.field: each.reasons for each in kept}
    listing = with_texts(material.listing, {each.field: each.proposed for each in kept})
    weighed = with_proposed(material, rules, listing)
    proposals = [replace(each, reasons=reasons[each.field]) for each in weighed.proposals]
    return replace(weighed, proposals=tuple(proposals))


def with_texts(listing: ListingText, texts: Mapping[Field, str | tuple[str, ...]]) -> ListingText:
    return replace(listing, **cast("Mapping[str, Any]", texts))
