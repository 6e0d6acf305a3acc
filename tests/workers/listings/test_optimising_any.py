"""Whatever a listing says, in any Unicode: what holds of every proposal."""

import re
from dataclasses import replace

from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.listings.drawing import materials
from workers.listings.optimising import optimise
from workers.listings.rulebook import rules_of
from workers.listings.shapes import Material
from workers.listings.validating import refusals

MARKETPLACES = st.sampled_from(["amazon_us", "shopify", "ebay_de", "walmart_us", "my_shop"])


@draws(6, 300, materials(), MARKETPLACES)
def test_a_proposal_says_nothing_new(material: Material, marketplace: str) -> None:
    rules = rules_of(marketplace)
    assert refusals(material, rules, optimise(material, rules).proposed) == []


@draws(6, 300, materials(), MARKETPLACES)
def test_optimised_once_more_a_listing_stays_as_it_is(material: Material, marketplace: str) -> None:
    rules = rules_of(marketplace)
    proposed = optimise(material, rules).proposed
    assert optimise(replace(material, listing=proposed), rules).proposals == ()


@draws(6, 300, materials(), MARKETPLACES)
def test_a_proposal_scores_less_only_where_it_mends_an_error(material: Material, marketplace: str) -> None:
    found = optimise(material, rules_of(marketplace))
    errors, left = (sum(each.severity == "error" for each in some) for some in (found.violations, found.remaining))
    assert found.after.total >= found.before.total or left < errors
    assert 0 <= found.before.total <= 100
    assert 0 <= found.after.total <= 100


@draws(6, 300, materials(), MARKETPLACES)
def test_a_proposal_breaks_no_rule_that_was_kept(material: Material, marketplace: str) -> None:
    rules = rules_of(marketplace)
    found = optimise(material, rules)
    broken = {(each.field, each.rule) for each in found.violations}
    new = {(each.field, each.rule) for each in found.remaining if each.severity == "error"} - broken
    assert new == set()
    # What is left where something had to go may be too short, or too few, and no more than that.
    warned = {(each.field, each.rule) for each in found.remaining} - broken
    assert {rules.check_of(rule) for _, rule in warned} <= {"entries_at_least", "characters_at_least"}


@draws(6, 300, materials(), MARKETPLACES)
def test_what_is_broken_is_mended_or_the_seller_is_told_why_not(material: Material, marketplace: str) -> None:
    found = optimise(material, rules_of(marketplace))
    told = [each.message for each in found.warnings if each.kind == "violation"]
    places = {(each.field, each.bullet, each.rule) for each in found.remaining}
    assert len(told) == len(places)
    for message in told:
        assert re.search(r"\. (?:Your data say|What would|Without it) .+ Please rewrite it yourself\.$", message)


@draws(6, 300, materials(), MARKETPLACES)
def test_a_diff_tells_both_texts(material: Material, marketplace: str) -> None:
    for proposal in optimise(material, rules_of(marketplace)).proposals:
        current, proposed = (
            text if isinstance(text, str) else "\n".join(text) for text in (proposal.current, proposal.proposed)
        )
        assert "".join(part.text for part in proposal.diff if part.kind != "added") == current
        assert "".join(part.text for part in proposal.diff if part.kind != "removed") == proposed
