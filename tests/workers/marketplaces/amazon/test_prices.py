"""Reading and writing our own price, and trying a connection."""

import json
from decimal import Decimal
from typing import Any

import pytest

from aijobs.outbound.failures import CredentialsRefused, OutboundError, Permanent, Transient, Uncertain
from tests.workers.marketplaces.amazon.conftest import Opener, listing
from tests.workers.marketplaces.amazon.server import HANG, RESET, Answer, FakeAmazon, Reply, errors, reply
from tests.workers.marketplaces.paces import Ending, Leaping
from workers.marketplaces.amazon.connector import Amazon

US, CANADA = "ATVPDKIKX0DER", "A2EUQ1WTGCTBG2"
PRICE = Decimal("19.9900")


@pytest.fixture(autouse=True)
def _is_listed(fake: FakeAmazon) -> None:
    fake.attributes[listing().sku] = {}


def listed(
    amount: object, currency: str = "USD", marketplace: str = US, kind: str = "B2C", **others: object
) -> dict[str, Any]:
    price = {"currencyCode": currency, "amount": amount}
    return {"marketplaceId": marketplace, "offerType": kind, "price": price, **others}


def test_the_price_is_that_for_consumers_in_this_marketplace(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.listings[listing().sku] = [
        listed("90.00", kind="B2B"),
        listed("130.00", "CAD", CANADA),
        listed("70.00", audience={"value": "BZR", "displayName": "Sell on Amazon Haul"}),
        listed("100.00", audience={"value": "ALL", "displayName": "Sell on Amazon"}),
    ]
    assert amazon.read_price(listing()) == 100
    assert fake.calls[-1].path.endswith("/OURS/SKU%201%2F%C3%A9")


def test_a_listing_without_a_price_has_none(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.listings[listing().sku] = [listed("90.00", kind="B2B")]
    with pytest.raises(Permanent, match="NO_PRICE"):
        amazon.read_price(listing())


def test_a_sku_that_is_not_listed_is_told(amazon: Amazon) -> None:
    with pytest.raises(Permanent, match=r"NOT_LISTED.*SKU 2/é"):
        amazon.read_price(listing("SKU 2/é"))
    with pytest.raises(Permanent, match=r"NOT_LISTED.*SKU 2/é"):
        amazon.write_price(listing("SKU 2/é"), PRICE)


NO_AMOUNTS: list[object] = [None, "", "1,299.00", "-1", "0", "1e5", 10**30, [], "19.999"]


def test_a_price_that_makes_no_sense_is_none(amazon: Amazon, fake: FakeAmazon) -> None:
    for amount in NO_AMOUNTS:
        fake.listings[listing().sku] = [listed(amount)]
        with pytest.raises(Transient, match="INVALID_ANSWER"):
            pytest.fail(f"{amount} is {amazon.read_price(listing())}")


@pytest.mark.parametrize("call", [Amazon.read_price, lambda amazon, each: amazon.write_price(each, PRICE)])
def test_a_price_in_another_currency_is_neither_read_nor_written(amazon: Amazon, fake: FakeAmazon, call: Any) -> None:
    with pytest.raises(Permanent, match="CURRENCY_MISMATCH"):
        call(amazon, listing(currency="EUR"))
    assert fake.seen == []


@pytest.mark.parametrize("call", [Amazon.read_price, lambda amazon, each: amazon.write_price(each, PRICE)])
@pytest.mark.parametrize("sku", [".", ".."])
def test_a_sku_that_would_lead_elsewhere_is_not_asked_for(
    amazon: Amazon, fake: FakeAmazon, call: Any, sku: str
) -> None:
    with pytest.raises(Permanent, match="INVALID_SKU"):
        call(amazon, listing(sku))
    assert fake.seen == []


def test_a_hostile_sku_is_only_a_name(amazon: Amazon, fake: FakeAmazon) -> None:
    for number, sku in enumerate(("a/../../../b", "?a=b#c", "%2F", "a\nb", "\u202e", "'\";DROP"), 1):
        fake.listings[sku] = [listed(number)]
        assert amazon.read_price(listing(sku)) == number


def test_a_price_is_written_exactly(amazon: Amazon, fake: FakeAmazon) -> None:
    amazon.write_price(listing(), Decimal("123456789012345678.0100"))
    sent = json.loads(fake.writes[0].body, parse_float=Decimal)
    assert sent["productType"] == "PRODUCT"
    assert [(each["op"], each["path"]) for each in sent["patches"]] == [("replace", "/attributes/purchasable_offer")]
    assert sent["patches"][0]["value"] == [
        {
            "marketplace_id": US,
            "currency": "USD",
            "audience": "ALL",
            "our_price": [{"schedule": [{"value_with_tax": Decimal("123456789012345678.01")}]}],
        }
    ]


def test_a_yen_has_no_decimals(open_amazon: Opener, fake: FakeAmazon) -> None:
    open_amazon(country="JP").write_price(listing(currency="JPY"), Decimal("1980.0000"))
    assert b'"value_with_tax":1980}' in fake.writes[0].body


@pytest.mark.parametrize(
    "submission",
    [
        {"status": "INVALID", "issues": [{"severity": "ERROR", "message": "Below your minimum price."}]},
        {"status": "ACCEPTED", "issues": [{"severity": "ERROR", "message": "Below your minimum price."}]},
    ],
)
def test_a_price_that_is_rejected_says_why(amazon: Amazon, fake: FakeAmazon, submission: dict[str, Any]) -> None:
    fake.submission = submission
    with pytest.raises(Permanent, match="WRITE_REJECTED: Below your minimum price") as caught:
        amazon.write_price(listing(), PRICE)
    assert not isinstance(caught.value, CredentialsRefused)


def accepted(*issues: dict[str, Any]) -> dict[str, Any]:
    return {"sku": "-", "status": "ACCEPTED", "submissionId": "1", "issues": list(issues)}


def warning(message: object, code: object = "90000") -> dict[str, Any]:
    return {"code": code, "message": message, "severity": "WARNING", "categories": ["INVALID_PRICE"]}


def test_a_warning_is_no_rejection_and_is_told(amazon: Amazon, fake: FakeAmazon) -> None:
    info = {**warning("For your information."), "severity": "INFO"}
    fake.submission = accepted(warning("Rather cheap."), info, warning("Rather cheap."), warning("Not shown yet."))
    assert amazon.write_price(listing(), PRICE) == ["Rather cheap.", "Not shown yet."]
    assert len(fake.writes) == 1
    fake.submission = accepted(info)
    assert amazon.write_price(listing(), PRICE) == []


def test_a_warning_that_the_listing_is_deactivated_is_told(amazon: Amazon, fake: FakeAmazon) -> None:
    message = "Potential pricing error: your price is below your minimum. The listing is deactivated."
    issue = {"code": "18554", "message": message, "severity": "WARNING"}
    fake.submission = {"sku": "-", "status": "ACCEPTED", "submissionId": "1", "issues": [issue]}
    assert amazon.write_price(listing(), PRICE) == [message]


def test_a_warning_of_any_kind_and_length_is_fit_to_be_shown(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.submission = accepted(
        warning("x" * 5000),
        warning("a\u0000b\u202ec\n\ud800"),
        warning(None, "C-1"),
        warning({}, ["C-2"]),
        *(warning(f"And {number}") for number in range(1000)),
    )
    told = amazon.write_price(listing(), PRICE)
    assert [len(told), *told[:4]] == [10, "x" * 300, "abc", "C-1", "Amazon does not say what is wrong."]


@pytest.mark.parametrize("status", [400, 413, 415])
def test_a_request_that_is_rejected_was_not_written(amazon: Amazon, fake: FakeAmazon, status: int) -> None:
    fake.next_writes.append(errors("InvalidInput", "No such product type", status))
    with pytest.raises(Permanent, match="WRITE_REJECTED: InvalidInput: No such product type"):
        amazon.write_price(listing(), PRICE)


@pytest.mark.parametrize(
    "answer",
    [
        RESET,
        Reply(500),
        Reply(503, headers={"Retry-After": "0"}),
        Reply(body=b"<html>"),
        reply([]),
        reply({"status": "VALID"}),
        reply({"status": "ACCEPTED", "issues": [None]}),
    ],
)
def test_a_write_that_may_have_arrived_is_uncertain_and_not_repeated(
    amazon: Amazon, fake: FakeAmazon, answer: Answer
) -> None:
    fake.next_writes.append(answer)
    with pytest.raises(Uncertain):
        amazon.write_price(listing(), PRICE)
    assert len(fake.writes) == 1


def test_a_write_without_an_answer_ends_with_the_run_and_is_uncertain(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.next_writes.append(HANG)
    with pytest.raises(Uncertain):
        open_amazon(Ending(lambda: bool(fake.writes))).write_price(listing(), PRICE)


def test_a_write_that_is_throttled_is_repeated(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next_writes.extend([errors("QuotaExceeded", "-", 429)] * 3)
    amazon.write_price(listing(), PRICE)
    assert len(fake.writes) == 4


def test_a_write_that_stays_throttled_did_not_arrive(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next_writes.extend([errors("QuotaExceeded", "-", 429)] * 4)
    with pytest.raises(Transient, match="THROTTLED") as caught:
        amazon.write_price(listing(), PRICE)
    assert not isinstance(caught.value, Uncertain)


@pytest.mark.parametrize("answer", [RESET, Reply(500), Reply(body=b"<html>")])
def test_a_write_without_a_token_did_not_arrive(amazon: Amazon, fake: FakeAmazon, answer: Answer) -> None:
    fake.next_tokens.extend([answer] * 4)
    with pytest.raises(Transient) as caught:
        amazon.write_price(listing(), PRICE)
    assert not isinstance(caught.value, Uncertain)
    assert fake.calls == []


def test_a_write_to_nobody_did_not_arrive(open_amazon: Opener, fake: FakeAmazon) -> None:
    amazon = open_amazon(Leaping())
    amazon.check()
    fake.close()
    with pytest.raises(Transient, match="UNREACHABLE") as caught:
        amazon.write_price(listing(), PRICE)
    assert not isinstance(caught.value, Uncertain)


def test_a_connection_that_works_says_what_it_found(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.listings["A"] = []
    assert amazon.check() == "Amazon US has 1 listings of the seller OURS."


@pytest.mark.parametrize("answer", [errors("Unauthorized", "-", 403), reply({"numberOfResults": "many"})])
def test_a_connection_that_does_not_work_says_so(amazon: Amazon, fake: FakeAmazon, answer: Reply) -> None:
    fake.next.extend([answer] * 2)
    with pytest.raises(OutboundError):
        amazon.check()
