"""What stands out, from the rows to the result: planted defects are found, and an ordinary shop has none."""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from tests.clients import Caller
from tests.workers.jobs.return_classify.steps import (
    LAST,
    TOO_SMALL,
    give_back,
    give_back_all,
    product,
    result_of,
    run,
    sell,
)
from workers.catalogue.models import Return
from workers.jobs.return_classify import outstanding, reading
from workers.jobs.return_classify.counting import Scope
from workers.returns.classifying import version

pytestmark = pytest.mark.django_db

DAYS = 90
REASONS = (TOO_SMALL, "It is too big for me.", "I changed my mind.", "It stopped working.")
ZIPPER = "The zipper broke, it is defective."


def days(last: date = LAST) -> Iterator[date]:
    return (last - timedelta(days=back) for back in range(DAYS))


def ordinary(who: Caller, sku: str, seed: int, share: float = 0.05) -> None:
    """Twenty units a day, of which some come back for one reason or another."""
    sell(who, sku, 20, days=DAYS)
    random = np.random.default_rng(seed)
    of = product(who, sku)
    Return.objects.bulk_create(
        Return(
            product=of,
            tenant=who.tenant,
            marketplace=of.marketplace,
            return_id=f"{sku}-{day}-{number}",
            date=day,
            comment=str(random.choice(REASONS)),
        )
        for day in days()
        for number in range(random.poisson(20 * share))
    )


def plant(who: Caller, sku: str, comment: str, each_day: int = 3, last_days: int = 14, **more: Any) -> None:
    days = (LAST - timedelta(days=back) for back in range(last_days) for _ in range(each_day))
    give_back_all(who, sku, ({"comment": comment, "date": day, **more} for day in days))


@pytest.fixture
def shop(owner: Caller) -> Caller:
    """Three products that are returned as they always were."""
    for number in range(3):
        product(owner, f"S{number}", price=Decimal(20), cost=Decimal(8), title="Jacket", category="Jackets")
        ordinary(owner, f"S{number}", seed=number)
    return owner


def kinds(result: dict[str, Any]) -> set[tuple[str, str | None]]:
    return {(each["kind"], each["sku"]) for each in result["anomalies"]}


def test_an_ordinary_shop_has_no_anomalies(shop: Caller) -> None:
    result = result_of(run(shop))
    assert (result["anomaly_count"], result["anomalies"], result["reasons_compared"]) == (0, [], True)


def test_a_spike_of_defects_is_found_with_its_figures(shop: Caller) -> None:
    plant(shop, "S1", ZIPPER)
    result = result_of(run(shop))
    assert ("rate_spike", "S1") in kinds(result)
    assert {sku for _, sku in kinds(result)} <= {"S1", None}
    [spike] = [
        each
        for each in result["anomalies"]
        if (each["kind"], each["sku"], each["reason"]) == ("rate_spike", "S1", None)
    ]
    assert spike["observed_units"] > spike["expected_units"] > 0
    assert spike["rate"] > spike["usual_rate"]
    assert 0 <= spike["p_value"] <= spike["q_value"] <= 0.1
    assert spike["last_day"] == LAST.isoformat()
    assert spike["currency"] == "USD"
    excess = spike["observed_units"] - spike["expected_units"]
    assert spike["expected_cost"] == pytest.approx(8 * excess, abs=0.1)
    assert "S1" in spike["sentence"]
    assert sum(each["count"] for each in result["anomaly_counts"]) == result["anomaly_count"]


def test_a_new_complaint_is_named_as_customers_name_it(shop: Caller) -> None:
    plant(shop, "S2", ZIPPER, each_day=1)
    found = [each for each in result_of(run(shop))["anomalies"] if each["kind"] == "new_defect_cluster"]
    assert "zipper" in {each["complaint"] for each in found}
    assert {each["sku"] for each in found} == {"S2"}


def test_anomalies_of_other_skus_than_those_asked_for_are_left_out(shop: Caller) -> None:
    plant(shop, "S1", ZIPPER)
    assert kinds(result_of(run(shop))) >= {("rate_spike", "S1")}
    other = {sku for _, sku in kinds(result_of(run(shop, "S2")))}
    assert other <= {None}
    alone = result_of(run(shop, "S1"))["anomalies"]
    everything = result_of(run(shop))["anomalies"]
    # What is found of a SKU does not depend on what else was asked for.
    assert alone == everything


def test_reasons_are_not_compared_while_the_history_is_not_classified(shop: Caller) -> None:
    result = result_of(run(shop, limit=60))
    assert result["remaining_count"] > 60
    assert (result["reasons_compared"], result["anomalies"]) == (False, [])
    plant(shop, "S1", ZIPPER)
    limited = result_of(run(shop, limit=60))
    assert limited["reasons_compared"] is False
    assert {(each["kind"], each["reason"]) for each in limited["anomalies"]} == {("rate_spike", None)}


def test_a_customer_who_returns_very_often_is_named_by_a_pseudonym_only(shop: Caller) -> None:
    hashes = [f"{number:032x}" for number in range(10_000, 10_200)]
    often = "ab" * 16
    others = [{"order": hashed, "date": LAST - timedelta(days=number % 90)} for number, hashed in enumerate(hashes)]
    own = [{"order": f"{back:032x}", "date": LAST - timedelta(days=back), "buyer": often} for back in range(0, 60, 4)]
    give_back_all(shop, "S0", ({"comment": TOO_SMALL, **each} for each in [*others, *own]))
    job = run(shop)
    [serial] = [each for each in result_of(job)["anomalies"] if each["kind"] == "serial_returner"]
    assert (serial["customer"], serial["observed_units"], serial["sku"]) == (often[:8], 15, None)
    assert often not in str(job.result)
    assert not any(hashed in str(job.result) for hashed in hashes)


def test_what_is_about_several_currencies_has_no_amount(shop: Caller) -> None:
    product(shop, "Y", price=Decimal(3000), currency="JPY")
    ordinary(shop, "Y", seed=9)
    plant(shop, "Y", ZIPPER)
    found = result_of(run(shop))["anomalies"]
    spike = next(each for each in found if each["sku"] == "Y")
    assert spike["currency"] == "JPY"
    assert spike["expected_cost"] == int(spike["expected_cost"])
    assert all(each["expected_cost"] is None and each["currency"] is None for each in found if each["sku"] is None)


def test_anomalies_beyond_the_first_ones_are_counted(shop: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outstanding, "MOST_ANOMALIES", 1)
    plant(shop, "S1", ZIPPER)
    plant(shop, "S2", ZIPPER)
    result = result_of(run(shop))
    assert len(result["anomalies"]) == 1
    assert result["anomaly_count"] > 1


def test_other_tenants_rows_play_no_part(shop: Caller, outsider: Caller) -> None:
    for sku in ("S1", "S2"):
        product(outsider, sku)
        plant(outsider, sku, ZIPPER, each_day=5)
    assert result_of(run(shop))["anomalies"] == []


# --- What is read ------------------------------------------------------------------------------------------------


def test_the_history_is_the_same_in_whatever_portions_it_is_read(
    shop: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(shop, "S1", ZIPPER, buyer="c" * 32)
    run(shop)
    scope = Scope(shop.tenant.pk, "amazon_us", None)
    whole = reading.read(scope, LAST, version())
    monkeypatch.setattr(reading, "PRODUCTS_TOGETHER", 1)
    parts = reading.read(scope, LAST, version())
    assert (whole.items, whole.panel.clusters, whole.panel.buyers) == (
        parts.items,
        parts.panel.clusters,
        parts.panel.buyers,
    )
    for name in ("sku", "day", "units", "reason", "cluster", "buyer"):
        assert np.array_equal(getattr(whole.panel.returns, name), getattr(parts.panel.returns, name)), name
    assert sorted(zip(whole.panel.sales.sku, whole.panel.sales.day, strict=True)) == sorted(
        zip(parts.panel.sales.sku, parts.panel.sales.day, strict=True)
    )


def test_of_more_products_than_can_be_read_those_asked_for_and_those_returned_most_are(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(5):
        give_back(owner, f"S{number}", *[TOO_SMALL] * (number + 1))
    monkeypatch.setattr(reading, "MOST_PRODUCTS", 3)
    asked = Scope(owner.tenant.pk, "amazon_us", [product(owner, "S0").pk])
    assert [each.sku for each in reading.read(asked, LAST, version()).items] == ["S0", "S3", "S4"]
