"""GET and POST /api/catalogue/price-changes."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from aijobs import identifiers
from tests import engine
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import add_products, all_pages, listed, report
from workers.catalogue.models import Product
from workers.changes.models import Change

pytestmark = pytest.mark.django_db

PATH = "/api/catalogue/price-changes"


def priced(owner: Caller, **prices: tuple[float, float]) -> str:
    """The id of a completed pricing job that recommends, per SKU, (current, recommended)."""
    run = engine.start(pricing_job(owner, list(prices)))
    recommendations = [
        {
            "sku": sku,
            "current_price": now,
            "recommended_price": then,
            "reasoning": f"Because of {sku}.",
            "applied": False,
        }
        for sku, (now, then) in prices.items()
    ]
    engine.complete(run, {"recommendations": recommendations, "skipped": []})
    return public(run.id)


def pricing_job(owner: Caller, skus: list[str]) -> UUID:
    params = {"skus": skus, "marketplace": "amazon_us"}
    [job] = engine.dispatch(owner.tenant, type="pricing_recalculate", params=params)
    return job


def public(job: UUID) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job)


def apply(who: Caller, job: str, *skus: str) -> dict[str, Any]:
    response = who.post(PATH, {"job_id": job, **({"skus": list(skus)} if skus else {})})
    assert response.status_code == 201, response.content
    data: dict[str, Any] = response.json()["data"]
    return data


def skipped(told: dict[str, Any]) -> dict[str, str]:
    return {each["sku"]: each["reason"] for each in told["skipped"]}


def test_shown_recommendations_are_applied_and_audited(owner: Caller) -> None:
    add_products(owner, "A", "B")
    job = priced(owner, A=(10, 8.99), B=(10, 10))
    told = apply(owner, job)
    [change] = told["applied"]
    assert (change["sku"], change["before"], change["after"]) == ("A", 10.0, 8.99)
    assert (change["job_id"], change["reason"], change["marketplace"]) == (job, "Because of A.", "amazon_us")
    assert skipped(told) == {"B": "NO_CHANGE"}
    assert Product.objects.get(sku="A").price == Decimal("8.99")
    assert Change.objects.get().applied_by_id is not None
    assert listed(owner, "price-changes") == [change]


def test_only_the_named_skus_are_applied(owner: Caller) -> None:
    add_products(owner, "A", "B")
    told = apply(owner, priced(owner, A=(10, 9), B=(10, 11)), "B", "B", "Z")
    assert [each["sku"] for each in told["applied"]] == ["B"]
    assert skipped(told) == {"Z": "NOT_IN_JOB"}
    assert Product.objects.get(sku="A").price == 10


def test_a_second_look_applies_nothing_again(owner: Caller, teammate: Caller) -> None:
    add_products(owner, "A")
    job = priced(owner, A=(10, 9))
    apply(owner, job)
    assert apply(teammate, job) == {"applied": [], "skipped": [{"sku": "A", "reason": "ALREADY_APPLIED"}]}
    assert Change.objects.count() == 1


def test_an_applied_price_that_was_taken_back_is_not_applied_again(owner: Caller) -> None:
    add_products(owner, "A")
    job = priced(owner, A=(10, 9))
    apply(owner, job)
    add_products(owner, "A", price="10")
    assert skipped(apply(owner, job)) == {"A": "ALREADY_APPLIED"}


def test_a_price_that_changed_meanwhile_is_left_alone(owner: Caller) -> None:
    add_products(owner, "A")
    job = priced(owner, A=(10, 9))
    report(owner, "products", "sku,title,price\nA,a,12\n")
    assert skipped(apply(owner, job)) == {"A": "PRICE_CHANGED"}
    assert Product.objects.get().price == 12


def test_a_product_that_is_gone_is_skipped(owner: Caller) -> None:
    job = priced(owner, A=(10, 9))
    assert skipped(apply(owner, job)) == {"A": "UNKNOWN_SKU"}


def test_an_outsider_finds_no_job(owner: Caller, outsider: Caller) -> None:
    add_products(owner, "A")
    add_products(outsider, "A")
    job = priced(owner, A=(10, 9))
    response = outsider.post(PATH, {"job_id": job})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "JOB_NOT_FOUND")
    assert not Change.objects.exists()


def test_a_job_of_another_type_or_form_is_not_found(owner: Caller) -> None:
    probe = owner.dispatch()["id"]
    for job in (probe, "job_", "nonsense", ""):
        assert owner.post(PATH, {"job_id": job}).status_code == 404


def test_a_job_that_is_not_completed_is_a_conflict(owner: Caller) -> None:
    waiting = pricing_job(owner, ["A"])
    failed = pricing_job(owner, ["A"])
    engine.fail(engine.start(failed))
    for job in (waiting, failed):
        response = owner.post(PATH, {"job_id": public(job)})
        assert (response.status_code, response.json()["error"]["code"]) == (409, "JOB_NOT_FINISHED")


@pytest.mark.parametrize(
    "body",
    [{}, {"job_id": 1}, {"job_id": None}, {"job_id": "j", "skus": []}, {"job_id": "j", "skus": "A"},
     {"job_id": "j", "skus": [1]}, {"job_id": "j", "colour": "red"}],
)  # fmt: skip
def test_a_body_that_does_not_fit_is_refused(owner: Caller, body: dict[str, object]) -> None:
    response = owner.post(PATH, body)
    assert (response.status_code, response.json()["error"]["code"]) == (422, "INVALID_PARAMS")
    assert response.json()["error"]["details"]


def test_a_body_that_is_no_json_is_a_bad_request(owner: Caller) -> None:
    assert owner.post(PATH, b"{").status_code == 400
    assert owner.post(PATH, b"[]").status_code == 400
    assert owner.post(PATH, b"a,b", content_type="text/csv").status_code == 415


def test_applying_needs_the_write_scope(owner: Caller) -> None:
    reader = caller(owner.tenant, ("catalogue:read", "ai-jobs:write"))
    assert reader.post(PATH, {"job_id": "job_"}).status_code == 403
    assert reader.get(PATH).status_code == 200


def test_changes_are_listed_newest_first_and_filtered(owner: Caller, outsider: Caller) -> None:
    add_products(owner, "A", "B", "C")
    job = priced(owner, A=(10, 9), B=(10, 11), C=(10, 12))
    for sku in "ABC":
        apply(owner, job, sku)
    assert [each["sku"] for each in all_pages(owner, "price-changes", limit=1)] == ["C", "B", "A"]
    assert [each["after"] for each in listed(owner, "price-changes", sku="B")] == [11.0]
    assert listed(owner, "price-changes", marketplace="amazon_de") == []
    assert listed(outsider, "price-changes") == []


@pytest.mark.parametrize("query", [{"cursor": "AAAA"}, {"cursor": "eA"}, {"limit": "201"}, {"sku": ""}, {"job": "x"}])
def test_a_wrong_filter_is_refused(owner: Caller, query: dict[str, str]) -> None:
    assert owner.get(PATH, **query).json()["error"]["code"] == "INVALID_FILTER"


# --- Reverting --------------------------------------------------------------------------------------------------


def changed(owner: Caller, before: float = 10, after: float = 8) -> int:
    """The id of a change that was applied."""
    add_products(owner, "A", price=str(before))
    change_id: int = apply(owner, priced(owner, A=(before, after)))["applied"][0]["id"]
    return change_id


def revert(who: Caller, change_id: object) -> Any:
    return who.post(f"{PATH}/{change_id}/revert")


def reason_of(answer: Any) -> str:
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "NOT_REVERTIBLE")
    message: str = error["message"]
    return message


def test_a_change_is_shown_to_its_tenant(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    change_id = changed(owner)
    [shown] = listed(owner, "price-changes")
    assert teammate.get(f"{PATH}/{change_id}").json()["data"] == shown
    assert outsider.get(f"{PATH}/{change_id}").status_code == 404


def test_a_revert_brings_the_old_price_back_and_is_audited(owner: Caller, teammate: Caller) -> None:
    change_id = changed(owner)
    answer = revert(teammate, change_id)
    assert answer.status_code == 201
    undone = answer.json()["data"]
    assert (undone["before"], undone["after"], undone["status"]) == (8.0, 10.0, "applied")
    assert (undone["reverts"], undone["job_id"]) == (change_id, None)
    assert str(change_id) in undone["reason"]
    assert Product.objects.get().price == 10
    assert [each["id"] for each in listed(owner, "price-changes")] == [undone["id"], change_id]


def test_a_change_is_reverted_once(owner: Caller) -> None:
    change_id = changed(owner)
    revert(owner, change_id)
    assert "reverted already" in reason_of(revert(owner, change_id))
    assert Change.objects.count() == 2


def test_a_revert_can_be_reverted(owner: Caller) -> None:
    undone = revert(owner, changed(owner)).json()["data"]["id"]
    assert revert(owner, undone).status_code == 201
    assert Product.objects.get().price == 8


def test_a_later_price_is_not_lost_by_a_revert(owner: Caller) -> None:
    change_id = changed(owner)
    Product.objects.update(price=Decimal("9.50"))
    assert "9.50" in reason_of(revert(owner, change_id))
    assert Product.objects.get().price == Decimal("9.50")


def test_a_revert_keeps_the_floors_of_today(owner: Caller) -> None:
    change_id = changed(owner, before=8, after=10)
    Product.objects.update(map_price=9)
    assert "BELOW_FLOOR" in reason_of(revert(owner, change_id))
    Product.objects.update(map_price=None, max_price=9)
    assert revert(owner, change_id).status_code == 201


def test_neither_kill_switch_nor_cool_down_stops_a_revert(owner: Caller) -> None:
    change_id = changed(owner)
    owner.request("PATCH", "/api/catalogue/repricing-policy", {"repricing_enabled": False, "max_changes_per_day": 1})
    assert revert(owner, change_id).status_code == 201


def test_a_change_that_is_none_is_not_found(owner: Caller) -> None:
    changed(owner)
    for change_id in ("0", "999999999", "-1", "abc", "1.5", "9" * 30, "%00", "١"):
        for answer in (revert(owner, change_id), owner.get(f"{PATH}/{change_id}")):
            told = (answer.status_code, answer.json()["error"]["code"])
            assert told == (404, "PRICE_CHANGE_NOT_FOUND"), change_id


def test_an_outsider_and_a_reader_revert_nothing(owner: Caller, outsider: Caller) -> None:
    change_id = changed(owner)
    assert revert(outsider, change_id).status_code == 404
    assert revert(caller(owner.tenant, ("catalogue:read",)), change_id).status_code == 403
    assert Product.objects.get().price == 8
