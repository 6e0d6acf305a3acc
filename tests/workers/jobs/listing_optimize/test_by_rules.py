"""Without an assistant: what the rules and the tenant's own data say."""

from typing import Any

import pytest
from django.utils.timezone import now

from tests import engine
from tests.clients import Caller
from tests.factories import ProductFactory
from tests.workers.changes.jobs import run
from tests.workers.jobs.listing_optimize.steps import (
    BULLETS,
    DESCRIPTION,
    TITLE,
    dispatched,
    only,
    optimised,
    proposed,
    sell,
    stored,
    surround,
)
from workers.catalogue.models import Listing
from workers.changes.models import Change, ListingPolicy
from workers.jobs.listing_optimize.reading import materials_of
from workers.running import execute

pytestmark = pytest.mark.django_db


@pytest.fixture
def seller(owner: Caller) -> Caller:
    surround(sell(owner.tenant, "A"))
    return owner


def test_proposals_fix_what_is_wrong_and_score_better(seller: Caller) -> None:
    result = optimised(seller, "A")
    report = only(result)
    assert (result["processed_count"], result["updated_count"], result["applies_to"]) == (1, 1, "catalogue")
    assert (report["source"], report["fallback"], result["assistant"]) == ("rules", None, None)
    assert report["score_after"]["total"] > report["score_before"]["total"]
    assert {"BEST SELLER" in text for text in (TITLE, proposed(report)["title"])} == {True, False}
    assert {each["field"] for each in report["violations"]} >= {"title", "bullets"}
    assert len(report["remaining_violations"]) < len(report["violations"])


def test_a_diff_has_both_texts(seller: Caller) -> None:
    for each in only(optimised(seller, "A"))["proposals"]:
        parts = [(part["kind"], part["text"]) for part in each["diff"]]
        before, after = (
            "".join(text for kind, text in parts if kind != left_out) for left_out in ("added", "removed")
        )
        assert before == _lines(each["current"])
        assert after == _lines(each["proposed"])
        assert each["reasons"]


def _lines(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "\n".join(text)


def test_what_customers_and_shoppers_say_is_told_and_not_claimed(seller: Caller) -> None:
    report = only(optimised(seller, "A"))
    [complaint] = [each for each in report["warnings"] if each["kind"] == "complaint"]
    assert (complaint["quote"], complaint["count"]) == ("The lid cracked after a week", 3)
    leakproof = next(each for each in report["missing_keywords"] if each["keyword"] == "leakproof bottle")
    assert (leakproof["use"], leakproof["volume"]) == ("suggestion", 5400)
    assert "leakproof" not in str(proposed(report)).lower()


def test_another_tenants_data_say_nothing(seller: Caller, outsider: Caller) -> None:
    surround(sell(outsider.tenant, "A", title="Bottle"))
    mine = optimised(seller, "A")
    Listing.objects.of(outsider.tenant.pk).update(title="Other")
    assert optimised(seller, "A")["listings"] == mine["listings"]
    assert only(optimised(outsider, "A"))["score_before"] != only(mine)["score_before"]


def test_only_the_texts_that_are_asked_for_are_proposed(seller: Caller) -> None:
    every = only(optimised(seller, "A"))
    report = only(optimised(seller, "A", fields=["title"]))
    assert set(proposed(report)) == {"title"}
    assert proposed(report)["title"] == proposed(every)["title"]
    assert report["score_before"] == every["score_before"]
    assert report["score_after"]["total"] < every["score_after"]["total"]


def test_nothing_is_written_without_apply(seller: Caller) -> None:
    before = stored()
    optimised(seller, "A")
    assert stored() == before
    assert not Change.objects.exists()


def test_apply_writes_the_catalogue_with_an_audit(seller: Caller) -> None:
    job = run(dispatched(seller, "A", apply=True))
    result: dict[str, Any] = job.result
    report = only(result)
    assert result["updated_count"] == 1
    assert all(each["applied"] for each in report["proposals"])
    assert stored() == {**stored(), **proposed(report)}
    change = Change.objects.get()
    assert (change.kind, change.status, change.job_id) == ("listing", "applied", job.id)
    assert change.after == proposed(report)
    assert change.before == {each["field"]: each["current"] for each in report["proposals"]}
    assert "The score rises from" in change.reason


def test_what_was_applied_is_not_changed_again(seller: Caller) -> None:
    optimised(seller, "A", apply=True)
    again = optimised(seller, "A", apply=True)
    assert (again["updated_count"], only(again)["proposals"], again["skipped"]) == (0, [], [])


def test_what_changed_while_the_job_ran_is_left_alone(seller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:

    def meanwhile(*given: Any) -> Any:
        found = materials_of(*given)
        Listing.objects.update(title="Imported")
        return found

    monkeypatch.setattr("workers.jobs.listing_optimize.proposing.materials_of", meanwhile)
    result = optimised(seller, "A", apply=True)
    assert (result["updated_count"], result["skipped"]) == (0, [{"sku": "A", "reason": "LISTING_CHANGED"}])
    assert not any(each["applied"] for each in only(result)["proposals"])
    assert (stored()["title"], stored()["bullets"]) == ("Imported", BULLETS)


def test_the_policy_switches_it_off(seller: Caller) -> None:
    ListingPolicy.objects.create(tenant=seller.tenant, editing_enabled=False)
    result = optimised(seller, "A", apply=True)
    assert result["skipped"] == [{"sku": "A", "reason": "LISTING_EDITING_DISABLED"}]
    assert stored()["title"] == TITLE


def test_unknown_skus_and_products_without_a_listing_are_skipped(seller: Caller) -> None:
    ProductFactory.create(tenant=seller.tenant, sku="B")
    result = optimised(seller, "A", "B", "C")
    assert [(each["sku"], each["reason"]) for each in result["skipped"]] == [
        ("C", "UNKNOWN_SKU"),
        ("B", "NO_LISTING"),
    ]
    assert [each["sku"] for each in result["listings"]] == ["A"]


def test_listings_come_in_the_order_asked_for(seller: Caller) -> None:
    for sku in ("C", "B"):
        sell(seller.tenant, sku)
    assert [each["sku"] for each in optimised(seller, "C", "A", "B")["listings"]] == ["C", "A", "B"]


def test_all_takes_those_looked_at_longest_ago_first(seller: Caller) -> None:
    for sku in ("B", "C"):
        sell(seller.tenant, sku)
    ProductFactory.create(tenant=seller.tenant, sku="D")
    Listing.objects.filter(product__sku="A").update(optimised_at=now())
    looked_at = [[each["sku"] for each in optimised(seller, limit=2)["listings"]] for _ in range(2)]
    assert looked_at == [["B", "C"], ["A", "B"]]


@pytest.mark.parametrize("skus", [(), ("X",)])
def test_without_a_listing_the_job_fails_and_says_why(owner: Caller, skus: tuple[str, ...]) -> None:
    ProductFactory.create(tenant=owner.tenant, sku="A")
    job = run(dispatched(owner, *skus))
    assert (job.status, job.error_code) == ("failed", "NO_MATCHING_SKUS")


def test_progress_counts_listings(seller: Caller) -> None:
    sell(seller.tenant, "B")
    job = run(dispatched(seller, "A", "B"))
    assert (job.processed, job.total) == (2, 2)


def test_a_suspended_tenants_listing_waits(seller: Caller) -> None:
    job_id = dispatched(seller, "A", apply=True)
    started = engine.start(job_id)
    seller.tenant.suspended_at = now()
    seller.tenant.save()
    execute(started)
    assert (engine.statuses([job_id]), stored()["description"]) == (["queued"], DESCRIPTION)
