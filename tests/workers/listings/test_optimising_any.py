"""Whatever a listing says, in any Unicode: what holds of every proposal."""

import re
from dataclasses import replace

from hypothesis import strategies as st

from tests.drawing import draws
from tests.workers.listings.drawing import materials
from workers.listings.optimising import optimise
from workers.listings.rulebook import Rules, rules_of
from workers.listings.shapes import Material, Optimisation
from workers.listings.validating import refusals

MARKETPLACES = st.sampled_from(["amazon_us", "shopify", "ebay_de", "walmart_us", "my_shop"])


@draws(10, 300, materials(), MARKETPLACES)
def test_every_proposal(material: Material, marketplace: str) -> None:
    """One test, since a proposal takes longer than looking at it."""
    rules = rules_of(marketplace)
    found = optimise(material, rules)
    says_nothing_new(material, rules, found)
    stays_as_it_is_once_more(material, rules, found)
    scores_less_only_where_it_mends_an_error(found)
    breaks_no_rule_that_was_kept(rules, found)
    mends_what_is_broken_or_tells_the_seller_why_not(found)
    has_diffs_that_tell_both_texts(found)


def says_nothing_new(material: Material, rules: Rules, found: Optimisation) -> None:
    assert refusals(material, rules, found.proposed) == []


def stays_as_it_is_once_more(material: Material, rules: Rules, found: Optimisation) -> None:
    assert optimise(replace(material, listing=found.proposed), rules).proposals == ()


def scores_less_only_where_it_mends_an_error(found: Optimisation) -> None:
    errors, left = (sum(each.severity == "error" for each in some) for some in (found.violations, found.remaining))
    assert found.after.total >= found.before.total or left < errors
    assert 0 <= found.before.total <= 100
    assert 0 <= found.after.total <= 100


def breaks_no_rule_that_was_kept(rules: Rules, found: Optimisation) -> None:
    broken = {(each.field, each.rule) for each in found.violations}
    new = {(each.field, each.rule) for each in found.remaining if each.severity == "error"} - broken
    assert new == set()
    # What is left where something had to go may be too short, or too few, and no more than that.
    warned = {(each.field, each.rule) for each in found.remaining} - broken
    assert {rules.check_of(rule) for _, rule in warned} <= {"entries_at_least", "characters_at_least"}


def mends_what_is_broken_or_tells_the_seller_why_not(found: Optimisation) -> None:
    told = [each.message for each in found.warnings if each.kind == "violation"]
    places = {(each.field, each.bullet, each.rule) for each in found.remaining}
    assert len(told) == len(places)
    for message in told:
        assert re.search(r"\. (?:Your data say|What would|Without it) .+ Please rewrite it yourself\.$", message)


def has_diffs_that_tell_both_texts(found: Optimisation) -> None:
    for proposal in found.proposals:
        current, proposed = (
            text if isinstance(text, str) else "\n".join(text) for text in (proposal.current, proposal.proposed)
        )
        assert "".join(part.text for part in proposal.diff if part.kind != "added") == current
        assert "".join(part.text for part in proposal.diff if part.kind != "removed") == proposed
