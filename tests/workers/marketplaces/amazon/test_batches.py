"""Batches that Amazon refuses for one of their products, and how products are named to it."""

import pytest

from aijobs.outbound.failures import CredentialsRefused, OutOfTime, Permanent
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import FakeAmazon, errors, failed, offer, payload, reply
from tests.workers.marketplaces.amazon.test_offers import ASIN, fetch
from tests.workers.marketplaces.paces import Leaping
from workers.catalogue.models import CONDITIONS
from workers.marketplaces.amazon.connector import Amazon

SKUS = [f"SKU-{number:02}" for number in range(20)]


def sold(fake: FakeAmazon, *names: str) -> None:
    for name in names:
        fake.payloads[(name, "New")] = payload([offer(f"OF {name}", 10)])


@pytest.mark.parametrize("bad", ["SKU-00", "SKU-07", "SKU-19"])
def test_one_bad_sku_does_not_cost_the_others_of_its_batch(amazon: Amazon, fake: FakeAmazon, bad: str) -> None:
    sold(fake, *SKUS)
    fake.unacceptable = {bad}
    found = fetch(amazon, *map(listing, SKUS))
    assert {sku: [each.seller for each in found[sku].offers] for sku in SKUS if sku != bad} == {
        sku: [f"OF {sku}"] for sku in SKUS if sku != bad
    }
    problem = found[bad].problem
    assert isinstance(problem, Permanent)
    assert (problem.code, problem.message) == (
        "REJECTED",
        f"Amazon refuses to give the offers of the SKU {bad}: InvalidInput: {bad} is an invalid SKU for marketplace "
        "ATVPDKIKX0DER",
    )
    # Not one by one: of ten calls at most, each half of what was refused is one.
    assert len(fake.calls) <= 1 + 2 * 5


def test_each_bad_sku_has_a_reason_of_its_own(amazon: Amazon, fake: FakeAmazon) -> None:
    sold(fake, *SKUS)
    fake.unacceptable = {"SKU-03", "SKU-04", "SKU-18"}
    found = fetch(amazon, *map(listing, SKUS))
    problems = {sku: each.problem.message for sku, each in found.items() if each.problem}
    assert set(problems) == fake.unacceptable
    assert all(f"InvalidInput: {sku} is an invalid" in message for sku, message in problems.items())
    assert sum(len(each.offers) for each in found.values()) == 17


def test_a_batch_of_bad_asins_is_asked_for_in_halves_too(amazon: Amazon, fake: FakeAmazon) -> None:
    asins = [f"B{number:09}" for number in range(5)]
    sold(fake, *asins)
    fake.unacceptable = {asins[2]}
    found = fetch(amazon, *(listing(f"SKU {asin}", asin) for asin in asins))
    [problem] = [each.problem for each in found.values() if each.problem]
    assert f"the ASIN {asins[2]}: " in problem.message


def test_every_condition_of_a_product_is_asked_for_again(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.unacceptable = {"B"}
    found = fetch(amazon, *map(listing, "ABC"), conditions=CONDITIONS)
    assert [found[sku].problem is None for sku in "ABC"] == [True, False, True]


def test_two_skus_of_one_asin_are_refused_with_one_call(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.unacceptable = {ASIN}
    found = fetch(amazon, listing("A", ASIN), listing("B", ASIN))
    assert [each.problem and each.problem.code for each in found.values()] == ["REJECTED", "REJECTED"]
    assert len(fake.calls) == 1


def test_other_batches_do_not_wait_for_one_that_is_refused(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.unacceptable = {"SKU-05"}
    later = [f"LATER-{number:02}" for number in range(20)]
    order = [each.sku for each in amazon.fetch_offers(list(map(listing, [*SKUS, *later])), ["new"])]
    assert order[:20] == later
    assert sorted(order[20:]) == SKUS


def test_halves_keep_to_the_rate_and_to_the_runs_time(open_amazon: Opener, fake: FakeAmazon) -> None:
    sold(fake, *SKUS)
    fake.unacceptable = {"SKU-19"}
    # Waits of two, four and six seconds: its clock leaps, and the throttle's does not.
    pace = Leaping(19)
    fetched = open_amazon(pace).fetch_offers(list(map(listing, SKUS)), ["new"])
    # The batch, its halves, and one half of the second.
    assert [next(fetched).sku for _ in range(15)] == SKUS[:15]
    with pytest.raises(OutOfTime):
        next(fetched)
    assert len(fake.calls) == 4


@pytest.mark.parametrize("status", [200, 404])
def test_a_response_without_a_name_is_about_the_only_product_asked_for(
    amazon: Amazon, fake: FakeAmazon, status: int
) -> None:
    body = {"payload": {"status": "NoBuyableOffers"}} if status == 200 else failed(404, "NotFound")["body"]
    fake.next.append(reply({"responses": [{"status": {"statusCode": status}, "body": body}]}))
    found = fetch(amazon, listing("A"))["A"]
    assert [note.code for note in found.notes] == (["NO_BUYABLE_OFFERS"] if status == 200 else [])
    assert (found.problem and found.problem.code) == (None if status == 200 else "NOT_LISTED")


def test_a_response_without_a_name_is_about_nobody_of_several(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next.append(reply({"responses": [{"status": {"statusCode": 200}, "body": {"payload": payload([])}}]}))
    found = fetch(amazon, *map(listing, "AB"))
    assert [each.problem and each.problem.code for each in found.values()] == ["INVALID_ANSWER"] * 2


def test_access_that_is_denied_is_not_a_products_fault(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next.append(errors("AccessDenied", "Your account is closed.", 403))
    with pytest.raises(CredentialsRefused):
        fetch(amazon, *map(listing, "AB"))
    assert len(fake.calls) == 1


NO_ASINS = [
    "4006381333931",
    "012345678905",
    "10012345678902",
    "9783161484100",
    "96385074",
    "b000p6q7my",
    "B000P6Q7MY ",
    "B000 P6Q7M",
    "gid://shopify/ProductVariant/1",
    "no asin",
]


def test_what_is_no_asin_leaves_it_to_the_sku(amazon: Amazon, fake: FakeAmazon) -> None:
    skus = [f"SKU {number}" for number in range(len(NO_ASINS))]
    sold(fake, *skus)
    found = fetch(amazon, *map(listing, skus, NO_ASINS))
    assert [[each.seller for each in found[sku].offers] for sku in skus] == [[f"OF {sku}"] for sku in skus]
    assert [call.path.rpartition("/")[2] for call in fake.calls] == ["listingOffers"]


def test_the_isbn_of_a_book_is_its_asin(amazon: Amazon, fake: FakeAmazon) -> None:
    sold(fake, "316148410X")
    assert fetch(amazon, listing("A", "316148410X"))["A"].offers
