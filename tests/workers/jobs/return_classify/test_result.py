"""What a job says of the returns: counts, rates, what is left out, and nothing of who returned them."""

import json
import logging
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from aijobs.admin.documents import tables
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.return_classify.steps import (
    DEFECTIVE,
    LAST,
    TOO_SMALL,
    give_back,
    product,
    result_of,
    run,
    sell,
    still_new,
)
from workers.catalogue.models import Return
from workers.jobs.return_classify import reporting
from workers.returns.classifying import version

pytestmark = pytest.mark.django_db


def only(who: Caller, *skus: str, **params: object) -> dict[str, Any]:
    [shown] = result_of(run(who, *skus, **params))["skus"]
    found: dict[str, Any] = shown
    return found


def left_out(result: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["sku"], each["reason"]) for each in result["skipped"]]


# --- What is classified ------------------------------------------------------------------------------------------


def test_a_return_keeps_what_the_classifier_says_of_it(owner: Caller) -> None:
    [returned] = give_back(owner, "A", TOO_SMALL)
    run(owner)
    returned.refresh_from_db()
    assert (returned.reason, returned.classified_with) == ("too_small", version())
    assert returned.confidence is not None
    assert 0 < returned.confidence <= 1
    assert returned.classified_at is not None
    assert returned.classified_at >= engine.clock()
    kept = returned.classification
    assert TOO_SMALL[kept["start"] : kept["end"]] == kept["evidence"]
    assert set(kept) == {
        "evidence", "start", "end", "second", "second_confidence", "code_reason", "code_contradicted", "language",
        "source",
    }  # fmt: skip


def test_only_the_skus_asked_for_are_classified_and_counted(owner: Caller) -> None:
    for sku in ("A", "B", "C"):
        give_back(owner, sku, TOO_SMALL)
    result = result_of(run(owner, "C", "A"))
    assert ({each["sku"] for each in result["skus"]}, still_new()) == ({"A", "C"}, 1)


def test_since_leaves_earlier_returns_alone(owner: Caller) -> None:
    give_back(owner, "A", TOO_SMALL, date=LAST - timedelta(days=10))
    give_back(owner, "A", DEFECTIVE)
    result = result_of(run(owner, since=(LAST - timedelta(days=9)).isoformat()))
    assert [each["reason"] for each in result["reasons"]] == ["defective"]
    assert (result["days"]["first_day"], still_new()) == ((LAST - timedelta(days=9)).isoformat(), 1)


def test_other_tenants_and_marketplaces_are_neither_read_nor_written(owner: Caller, outsider: Caller) -> None:
    give_back(owner, "A", TOO_SMALL)
    give_back(owner, "A", DEFECTIVE, marketplace="shopify")
    give_back(outsider, "A", DEFECTIVE)
    sell(outsider, "A", 100)
    result = result_of(run(owner))
    assert (result["return_count"], result["processed_count"]) == (1, 1)
    assert [each["reason"] for each in result["reasons"]] == ["too_small"]
    assert set(Return.objects.exclude(classified_with="").values_list("tenant", "marketplace")) == {
        (owner.tenant.pk, MARKETPLACE)
    }
    assert only(owner)["units_sold"] == 0


def test_unknown_skus_are_named_and_a_job_without_a_known_one_fails(owner: Caller) -> None:
    give_back(owner, "A", TOO_SMALL)
    assert left_out(result_of(run(owner, "A", "B")))[0] == ("B", "UNKNOWN_SKU")
    assert run(owner, "B").error_code == "NO_MATCHING_SKUS"


def test_a_marketplace_that_is_not_known_is_refused_at_dispatch(owner: Caller) -> None:
    body = {"type": "return_classify", "params": {"all": True, "marketplace": "nowhere"}}
    response = owner.post("/api/ai-jobs", body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "MARKETPLACE_NOT_CONFIGURED")


def test_a_catalogue_without_returns_has_an_empty_result(owner: Caller) -> None:
    product(owner, "A")
    result = result_of(run(owner, "A"))
    assert (result["return_count"], result["days"], result["skus"], result["anomalies"]) == (0, None, [], [])
    assert left_out(result) == [("A", "NO_RETURNS")]


# --- Counts and rates --------------------------------------------------------------------------------------------


def test_units_are_counted_by_reason_the_most_frequent_first(owner: Caller) -> None:
    give_back(owner, "A", TOO_SMALL, TOO_SMALL)
    give_back(owner, "B", DEFECTIVE, quantity=3)
    result = result_of(run(owner))
    assert result["reasons"] == [
        {"reason": "defective", "return_count": 1, "returned_units": 3, "share": 0.6},
        {"reason": "too_small", "return_count": 2, "returned_units": 2, "share": 0.4},
    ]
    assert (result["return_count"], result["returned_units"]) == (3, 5)
    shown = [(each["sku"], each["main_reason"], each["reasons"]) for each in result["skus"]]
    assert shown == [("B", "defective", {"defective": 3}), ("A", "too_small", {"too_small": 2})]


def test_what_is_not_classified_yet_is_counted_without_a_reason(owner: Caller) -> None:
    give_back(owner, "A", TOO_SMALL, DEFECTIVE)
    result = result_of(run(owner, limit=1))
    assert (result["return_count"], result["remaining_count"], len(result["reasons"])) == (2, 1, 1)
    assert result["reasons"][0]["share"] == 1.0
    assert result["reasons_compared"] is False


def test_a_rate_is_of_the_units_sold_on_the_days_of_which_both_are_known(owner: Caller) -> None:
    sell(owner, "A", 10, days=60)
    give_back(owner, "A", *[TOO_SMALL] * 28, date=LAST - timedelta(days=27))
    give_back(owner, "A", TOO_SMALL, TOO_SMALL)
    # No sales of these days are known.
    give_back(owner, "A", TOO_SMALL, date=LAST + timedelta(days=3))
    result = result_of(run(owner))
    first = (LAST - timedelta(days=27)).isoformat()
    assert result["days"] == {"first_day": first, "last_day": (LAST + timedelta(days=3)).isoformat()}
    assert result["rate_days"] == {"first_day": first, "last_day": LAST.isoformat()}
    [shown] = result["skus"]
    assert (shown["returned_units"], shown["units_sold"], shown["return_rate"]) == (31, 280, round(30 / 280, 4))
    interval = shown["return_rate_interval"]
    assert 0.07 < interval["low"] < shown["return_rate"] < interval["high"] < 0.16


def test_weekly_sales_count_like_daily_ones(owner: Caller) -> None:
    sell(owner, "A", 70, days=28, every=7)
    give_back(owner, "A", *[TOO_SMALL] * 14)
    assert only(owner)["return_rate"] == 0.05


def test_a_sku_that_sold_and_came_back_never_has_a_rate_of_nothing(owner: Caller) -> None:
    sell(owner, "A", 10)
    give_back(owner, "B", TOO_SMALL)
    [returned, kept] = result_of(run(owner))["skus"]
    assert (kept["sku"], kept["return_rate"], kept["return_rate_interval"]["low"]) == ("A", 0.0, 0.0)
    assert 0 < kept["return_rate_interval"]["high"] < 0.05
    assert (returned["sku"], returned["return_rate"], returned["return_rate_interval"]) == ("B", None, None)


def test_rates_that_cannot_be_told_are_left_out_by_name(owner: Caller) -> None:
    sell(owner, "A", 1, days=2)
    give_back(owner, "A", *[TOO_SMALL] * 5)
    give_back(owner, "B", TOO_SMALL)
    result = result_of(run(owner))
    assert left_out(result) == [("A", "MORE_RETURNED_THAN_SOLD"), ("B", "NO_SALES_DATA")]
    assert [each["return_rate"] for each in result["skus"]] == [None, None]


def test_returns_dated_in_the_future_are_named_and_not_counted(owner: Caller) -> None:
    give_back(owner, "A", TOO_SMALL, date=date(2062, 1, 1))
    give_back(owner, "A", TOO_SMALL)
    result = result_of(run(owner))
    assert (result["return_count"], result["days"]["last_day"]) == (1, LAST.isoformat())
    assert ("A", "FUTURE_DATE") in left_out(result)


def test_amounts_are_added_up_for_each_currency_by_itself(owner: Caller) -> None:
    product(owner, "A", price=Decimal(20), cost=Decimal("7.50"))
    product(owner, "B", price=Decimal(20), cost=None)
    product(owner, "C", price=Decimal(1500), currency="JPY")
    for sku in "ABC":
        give_back(owner, sku, TOO_SMALL, TOO_SMALL)
        sell(owner, sku, 5, days=28)
    totals = result_of(run(owner))["currencies"]
    # Of a product without a cost, the price.
    assert [(each["currency"], each["cost_of_returns"]) for each in totals] == [("JPY", 3000.0), ("USD", 55.0)]
    assert [(each["returned_units"], each["units_sold"]) for each in totals] == [(2, 140.0), (4, 280.0)]


def test_contradicted_codes_and_other_languages_are_counted(owner: Caller) -> None:
    give_back(owner, "A", TOO_SMALL, reason_code="DEFECTIVE")
    give_back(
        owner, "A", "Der Artikel ist leider viel zu klein und passt meinem Sohn überhaupt nicht.", reason_code=""
    )
    result = result_of(run(owner))
    assert (result["code_contradicted_count"], result["unsupported_language_count"]) == (1, 1)


def test_a_result_is_bounded_and_says_what_is_beyond(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "MOST_SKUS", 2)
    monkeypatch.setattr(reporting, "MOST_SKIPPED", 1)
    for number in range(4):
        give_back(owner, f"S{number}", *[TOO_SMALL] * (number + 1))
    result = result_of(run(owner))
    assert ([each["sku"] for each in result["skus"]], result["sku_count"]) == (["S3", "S2"], 4)
    assert (len(result["skipped"]), result["skipped_count"], result["return_count"]) == (1, 4, 10)


# --- Who may know what -------------------------------------------------------------------------------------------


def test_nothing_of_who_returned_it_is_in_results_or_logs(owner: Caller, caplog: pytest.LogCaptureFixture) -> None:
    order, buyer = "0d" * 16, "b0" * 16
    comment = f"{TOO_SMALL} Please call me, Jane Doe"
    with caplog.at_level(logging.DEBUG):
        for number in range(30):
            give_back(owner, "A", comment, order=order, buyer=buyer, return_id=f"RMA-private-{number}")
        sell(owner, "A", 10)
        job = run(owner)
    told = f"{job.result} {caplog.text}"
    for private in (order, buyer, "RMA-private", "Jane Doe"):
        assert private not in told


# --- As people see it --------------------------------------------------------------------------------------------


def test_the_admin_shows_a_result_as_tables(owner: Caller) -> None:
    sell(owner, "A", 10)
    give_back(owner, "A", TOO_SMALL, DEFECTIVE)
    shown = {each.title: each for each in tables(json.dumps(result_of(run(owner))))}
    assert {"", "reasons", "currencies", "skus"} <= set(shown)
    assert shown["skus"].columns[:4] == ["sku", "returned_units", "units_sold", "return_rate"]
    facts = [row[0].text for row in shown[""].rows]
    assert {"model.name", "rate_days.first_day", "remaining_count"} <= set(facts)
