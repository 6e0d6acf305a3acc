"""The marketplaces' reason codes: which are known, and what they say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.returns.code_tables import ALSO, AMAZON, OTHERS, SHOPIFY
from workers.returns.codes import look_up
from workers.returns.reasons import REASONS, Reason

# As seen in FBA returns reports and in Shopify's enum ReturnReason.
SEEN = """
APPAREL_STYLE APPAREL_TOO_LARGE APPAREL_TOO_SMALL DAMAGED_BY_CARRIER DAMAGED_BY_FC DEFECTIVE DID_NOT_LIKE_COLOR
DID_NOT_LIKE_FABRIC EXCESSIVE_INSTALLATION EXTRA_ITEM FOUND_BETTER_PRICE MISORDERED MISSED_ESTIMATED_DELIVERY
MISSING_PARTS NEVER_ARRIVED NO_REASON_GIVEN NOT_AS_DESCRIBED NOT_COMPATIBLE ORDERED_WRONG_ITEM PART_NOT_COMPATIBLE
QUALITY_UNACCEPTABLE RECEIVED_WRONG_ITEM CUSTOMER_DAMAGED SWITCHEROO UNAUTHORIZED_PURCHASE
UNDELIVERABLE_CARRIER_MISS_SORTED UNDELIVERABLE_FAILED_DELIVERY_ATTEMPTS UNDELIVERABLE_INSUFFICIENT_ADDRESS
UNDELIVERABLE_MISSING_LABEL UNDELIVERABLE_REFUSED UNDELIVERABLE_UNCLAIMED UNDELIVERABLE_UNKNOWN UNKNOWN_OTHER_REASON
UNWANTED_ITEM AMZ-PG-APP-TOO-SMALL AMZ-PG-APP-TOO-LARGE AMZ-PG-APP-STYLE AMZ-PG-BAD-DESC
color defective not_as_described other size_too_large size_too_small style unknown unwanted wrong_item
"""


@pytest.mark.parametrize("code", SEEN.split())
def test_codes_seen_in_exports_are_known(code: str) -> None:
    assert look_up(code) is not None


@pytest.mark.parametrize("reason", REASONS)
def test_our_own_names_are_codes_too(reason: Reason) -> None:
    code = look_up(reason.value)
    assert code is not None
    assert code.reason is reason


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("APPAREL_TOO_SMALL", Reason.TOO_SMALL),
        ("AMZ-PG-WJ-TOO-SMALL", Reason.TOO_SMALL),
        ("CR-SWITCHEROO", Reason.WRONG_ITEM_SENT),
        ("RO_CR-UNWANTED_ITEM", Reason.CHANGED_MIND),
        ("AMZ-PG-MISORDERED", Reason.ORDERED_BY_MISTAKE),
        ("DAMAGED_BY_FC", Reason.DAMAGED_IN_TRANSIT),
        ("NEVER_ARRIVED", Reason.LATE_DELIVERY),
        ("UNDELIVERABLE_CARRIER_MISS_SORTED", Reason.LATE_DELIVERY),
        ("UNDELIVERABLE_REFUSED", Reason.OTHER),
        ("NO_REASON_GIVEN", Reason.OTHER),
        ("size_too_small", Reason.TOO_SMALL),
        ("waist-too-loose", Reason.TOO_LARGE),
        ("received-the-wrong-item", Reason.WRONG_ITEM_SENT),
        ("arrived-late", Reason.LATE_DELIVERY),
        ("NO_LONGER_NEED_ITEM", Reason.CHANGED_MIND),
        ("FAKE_OR_COUNTERFEIT", Reason.NOT_AS_DESCRIBED),
    ],
)
def test_a_code_says_its_reason(code: str, reason: Reason) -> None:
    found = look_up(code)
    assert found is not None
    assert found.reason is reason


@pytest.mark.parametrize("code", ["defective", " Defective ", "DEFECTIVE", "cr-defective", "Cr-Defective"])
def test_case_spaces_and_prefixes_do_not_matter(code: str) -> None:
    found = look_up(code)
    assert found is not None
    assert found.reason is Reason.DEFECTIVE


def test_the_texts_of_amazons_form_are_read() -> None:
    found = look_up("Item defective or doesn’t work")
    assert found is not None
    assert found.reason is Reason.DEFECTIVE


@pytest.mark.parametrize("code", ["", "  ", "---", "CR-", "AMZ-PG-", "BLUE_MOON", "défaut", "X" * 5000])
def test_an_unknown_code_is_none(code: str) -> None:
    assert look_up(code) is None


def test_a_code_of_a_measure_is_open_for_both_directions() -> None:
    found = look_up("fit")
    assert found is not None
    assert found.says_something
    assert found.agrees(Reason.TOO_SMALL)
    assert found.agrees(Reason.TOO_LARGE)
    assert not found.agrees(Reason.DEFECTIVE)


def test_a_code_without_a_reason_says_nothing() -> None:
    found = look_up("NO_REASON_GIVEN")
    assert found is not None
    assert not found.says_something


def test_each_code_stands_once_and_what_it_also_means_belongs_to_a_code() -> None:
    names = [name for table in (AMAZON, OTHERS, SHOPIFY) for listed in table.values() for name in listed.split()]
    assert len(set(names)) == len(names)
    assert {name for listed, _ in ALSO for name in listed.split()} <= set(names)


@given(st.text(max_size=200))
def test_any_text_can_be_looked_up(code: str) -> None:
    look_up(code)
