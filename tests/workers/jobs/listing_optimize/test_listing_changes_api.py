"""/api/catalogue/listing-changes: the audit, proposals applied after a look, and reverts."""

from typing import Any

import pytest

from aijobs import identifiers
from tests import engine
from tests.clients import Caller, caller
from tests.workers.catalogue.steps import listed, report
from tests.workers.changes.jobs import run
from tests.workers.jobs.listing_optimize.steps import BULLETS, TITLE, dispatched, only, proposed, sell, stored
from workers.catalogue.models import Listing, Product

pytestmark = pytest.mark.django_db

PATH = "/api/catalogue/listing-changes"


@pytest.fixture
def seller(owner: Caller) -> Caller:
    """Has two listings."""
    for sku in ("A", "B"):
        sell(owner.tenant, sku)
    return owner


def job_of(who: Caller, *skus: str, **params: Any) -> tuple[str, dict[str, Any]]:
    """The public ID of a finished job, and its result."""
    job = run(dispatched(who, *skus, **params))
    return identifiers.encode(identifiers.JOB_PREFIX, job.id), job.result


def applied(who: Caller, body: dict[str, Any]) -> dict[str, Any]:
    answer = who.post(PATH, body)
    assert answer.status_code == 201, answer.content
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_the_proposals_of_a_job_are_applied_after_a_look(seller: Caller) -> None:
    job_id, result = job_of(seller, "A", "B")
    told = applied(seller, {"job_id": job_id, "skus": ["A"]})
    [change] = told["applied"]
    assert told["skipped"] == []
    assert stored("A") == {**stored("A"), **proposed(result["listings"][0])}
    assert stored("B")["title"] == TITLE
    assert change == listed(seller, "listing-changes")[0] == seller.get(f"{PATH}/{change['id']}").json()["data"]
    assert (change["sku"], change["status"], change["job_id"], change["reverts"]) == ("A", "applied", job_id, None)
    texts = {each["field"]: (each["before"], each["after"]) for each in change["changes"]}
    assert texts["title"] == (TITLE, stored("A")["title"])
    assert texts["bullets"] == (BULLETS, stored("A")["bullets"])


def test_only_the_texts_that_are_chosen_are_applied(seller: Caller) -> None:
    job_id, _ = job_of(seller, "A")
    [change] = applied(seller, {"job_id": job_id, "fields": ["title"]})["applied"]
    assert [each["field"] for each in change["changes"]] == ["title"]
    assert (stored()["title"] != TITLE, stored()["bullets"]) == (True, BULLETS)
    again = applied(seller, {"job_id": job_id, "fields": ["bullets"]})
    assert again == {"applied": [], "skipped": [{"sku": "A", "reason": "ALREADY_APPLIED"}]}


def test_what_is_not_in_the_job_says_so(seller: Caller) -> None:
    job_id, result = job_of(seller, "A", fields=["title"])
    assert set(proposed(only(result))) == {"title"}
    told = applied(seller, {"job_id": job_id, "skus": ["A", "B"], "fields": ["bullets"]})
    assert told == {
        "applied": [],
        "skipped": [{"sku": "A", "reason": "NO_CHANGE"}, {"sku": "B", "reason": "NOT_IN_JOB"}],
    }


def test_a_listing_that_changed_since_is_left_alone(seller: Caller) -> None:
    job_id, _ = job_of(seller, "A")
    Listing.objects.filter(product__sku="A").update(title="By hand")
    told = applied(seller, {"job_id": job_id})
    assert told == {"applied": [], "skipped": [{"sku": "A", "reason": "LISTING_CHANGED"}]}
    assert stored()["title"] == "By hand"


def test_a_change_is_reverted_once(seller: Caller, teammate: Caller) -> None:
    before = stored()
    job_of(seller, "A", apply=True)
    [change] = listed(seller, "listing-changes")
    answer = teammate.post(f"{PATH}/{change['id']}/revert")
    assert answer.status_code == 201
    undone = answer.json()["data"]
    assert (undone["reverts"], undone["job_id"], undone["status"]) == (change["id"], None, "applied")
    assert undone["reason"] == f"This reverts the listing change {change['id']}."
    assert stored() == before
    again = seller.post(f"{PATH}/{change['id']}/revert")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "NOT_REVERTIBLE")


def test_an_import_since_keeps_a_change_from_being_reverted(seller: Caller) -> None:
    job_of(seller, "A", apply=True)
    [change] = listed(seller, "listing-changes")
    assert report(seller, "listings", "sku,title\nA,Imported title\n")["updated"] == 1
    answer = seller.post(f"{PATH}/{change['id']}/revert")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "NOT_REVERTIBLE")
    assert "A revert would undo a later change." in answer.json()["error"]["message"]
    assert stored()["title"] == "Imported title"


def test_an_outsider_sees_reverts_and_applies_nothing(seller: Caller, outsider: Caller) -> None:
    job_id, _ = job_of(seller, "A", apply=True)
    [change] = listed(seller, "listing-changes")
    assert listed(outsider, "listing-changes") == []
    assert outsider.get(f"{PATH}/{change['id']}").json()["error"]["code"] == "LISTING_CHANGE_NOT_FOUND"
    assert outsider.post(f"{PATH}/{change['id']}/revert").status_code == 404
    assert outsider.post(PATH, {"job_id": job_id}).json()["error"]["code"] == "JOB_NOT_FOUND"
    assert listed(seller, "listing-changes", sku="A", marketplace="amazon_us") == [change]


def test_price_changes_are_no_listing_changes(seller: Caller) -> None:
    job_of(seller, "A", apply=True)
    [change] = listed(seller, "listing-changes")
    assert seller.get(f"/api/catalogue/price-changes/{change['id']}").status_code == 404
    assert listed(seller, "price-changes") == []


def test_the_audit_outlives_the_product(seller: Caller) -> None:
    job_of(seller, "A", apply=True)
    answer = seller.request("DELETE", "/api/catalogue/products?marketplace=amazon_us&sku=A")
    assert answer.status_code == 200, answer.content
    assert not Product.objects.filter(sku="A").exists()
    [change] = listed(seller, "listing-changes")
    assert seller.post(f"{PATH}/{change['id']}/revert").json()["error"]["code"] == "NOT_REVERTIBLE"


def test_only_a_finished_job_of_the_type_is_applied(seller: Caller) -> None:
    waiting = identifiers.encode(identifiers.JOB_PREFIX, dispatched(seller, "A"))
    assert seller.post(PATH, {"job_id": waiting}).json()["error"]["code"] == "JOB_NOT_FINISHED"
    [other] = engine.dispatch(seller.tenant)
    public = identifiers.encode(identifiers.JOB_PREFIX, other)
    assert seller.post(PATH, {"job_id": public}).json()["error"]["code"] == "JOB_NOT_FOUND"


@pytest.mark.parametrize("body", [{}, {"job_id": "x", "fields": []}, {"job_id": "x", "fields": ["price"]}])
def test_a_wrong_body_is_refused(seller: Caller, body: dict[str, Any]) -> None:
    assert seller.post(PATH, body).status_code == 422


def test_applying_needs_the_write_scope(seller: Caller) -> None:
    job_id, result = job_of(seller, "A")
    reader = caller(seller.tenant, ("catalogue:read",))
    assert reader.post(PATH, {"job_id": job_id}).status_code == 403
    assert reader.get(PATH).status_code == 200
    assert only(result)["proposals"]
