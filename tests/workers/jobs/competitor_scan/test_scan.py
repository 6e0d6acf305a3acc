"""The scan: what it says of the offers, what it keeps, and what it does where a marketplace fails half-way."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.db.models import F
from django.utils.timezone import now

from aijobs.engine import lifecycle, queueing
from aijobs.errors import TransitionRefused
from aijobs.models import Job, JobEvent
from aijobs.outbound.failures import CredentialsRefused, OutboundError, Permanent, Transient
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products, listed, report
from workers.catalogue.models import Offer, Scan
from workers.connections.shapes import NoCredentials
from workers.context import JobContext
from workers.jobs.competitor_scan.run import run as scan
from workers.jobs.competitor_scan.shapes import ScanParams
from workers.marketplaces.connectors import CONNECTORS, ConnectorType
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import (
    Connector,
    Fetched,
    Listing,
    Note,
    NotReady,
    OfferSource,
    RefusedOffer,
)
from workers.marketplaces.protocols import Offer as Fresh
from workers.running import execute

pytestmark = pytest.mark.django_db


def run(who: Caller, *skus: str, **params: object) -> Job:
    body = {"marketplace": MARKETPLACE, **({"skus": list(skus)} if skus else {}), **params}
    [job_id] = engine.dispatch(who.tenant, type="competitor_scan", params=body)
    execute(engine.start(job_id))
    return Job.objects.get(id=job_id)


def result_of(job: Job) -> dict[str, Any]:
    assert job.result is not None, f"{job.status} {job.error_code} {job.error_message}"
    result: dict[str, Any] = job.result
    return result


def only(job: Job) -> dict[str, Any]:
    [scanned] = result_of(job)["skus"]
    found: dict[str, Any] = scanned
    return found


def skipped(job: Job) -> list[tuple[str, str, str | None]]:
    return [(each["sku"], each["reason"], each.get("seller")) for each in result_of(job)["skipped"]]


def offers(who: Caller, rows: str, columns: str = "sku,seller,price") -> None:
    told = report(who, "offers", f"{columns}\n{rows}")
    assert told["rejected"] == 0, told


# --- Over the catalogue -----------------------------------------------------------------------------------------


def test_the_result_compares_every_offer_with_our_price(owner: Caller) -> None:
    add_products(owner, "A")
    columns = "sku,seller,price,shipping,fulfilment,is_buy_box,url"
    rows = "A,Cheap,8,0.50,merchant,false,\nA,Featured,9,,amazon,true,https://shop.example/a\nA,Dear,12,,,false,\n"
    offers(owner, rows, columns)
    job = run(owner, "A")
    scanned = only(job)
    assert [(each["seller"], each["landed_price"]) for each in scanned["offers"]] == [
        ("Cheap", 8.5),
        ("Featured", 9.0),
        ("Dear", 12.0),
    ]
    featured = scanned["offers"][1]
    assert featured.pop("fetched_at").endswith("Z")
    assert featured == {
        "seller": "Featured",
        "price": 9.0,
        "shipping": 0.0,
        "landed_price": 9.0,
        "currency": "USD",
        "condition": "new",
        "fulfilment": "amazon",
        "is_buy_box": True,
        "availability": "",
        "tax_included": None,
        "source": "",
        "url": "https://shop.example/a",
    }
    assert scanned["summary"] == {
        "lowest_landed": 8.5,
        "median_landed": 9.0,
        "buy_box_price": 9.0,
        "our_price": 10.0,
        "our_rank": 3,
        "price_gap_pct": 17.65,
        "offer_count": 3,
        "new_sellers": [],
        "left_sellers": [],
        "change_since_last_scan_pct": None,
        "featured_offer_expected_price": None,
    }
    result = result_of(job)
    counts = [result[name] for name in ("processed_count", "offer_count", "skipped_count", "source")]
    assert counts == [1, 3, 0, "catalogue"]
    assert (scanned["source"], job.processed, job.total) == ("catalogue", 1, 1)


def test_a_product_without_offers_has_an_empty_summary(owner: Caller) -> None:
    add_products(owner, "A")
    summary = only(run(owner, "A"))["summary"]
    assert (summary["lowest_landed"], summary["median_landed"], summary["price_gap_pct"]) == (None, None, None)
    assert (summary["our_rank"], summary["offer_count"]) == (1, 0)


def test_the_next_scan_tells_who_came_who_left_and_how_the_price_moved(owner: Caller) -> None:
    add_products(owner, "A")
    offers(owner, "A,Stays,10\nA,Leaves,9\n")
    run(owner, "A")
    Offer.objects.update(fetched_at=F("fetched_at") - timedelta(days=10))
    Scan.objects.update(scanned_at=F("scanned_at") - timedelta(days=10))
    offers(owner, "A,Stays,8.10\nA,Comes,11\n")
    summary = only(run(owner, "A"))["summary"]
    assert (summary["new_sellers"], summary["left_sellers"]) == (["Comes"], ["Leaves"])
    assert summary["change_since_last_scan_pct"] == -10.0


def test_our_own_offer_is_nobodys_competition(owner: Caller) -> None:
    add_products(owner, "A")
    connection = {"connector": "catalogue", "settings": {"own_sellers": ["Us"]}}
    assert owner.put(f"/api/marketplaces/{MARKETPLACE}", connection).status_code == 201
    offers(owner, "A,Us,9.50,1,true\nA,Them,11,0,false\n", "sku,seller,price,shipping,is_buy_box")
    scanned = only(run(owner, "A"))
    assert [each["seller"] for each in scanned["offers"]] == ["Them"]
    summary = scanned["summary"]
    assert (summary["our_price"], summary["buy_box_price"], summary["our_rank"]) == (10.5, 10.5, 1)


def test_suspicious_offers_are_named_and_not_compared(owner: Caller) -> None:
    add_products(owner, "A")
    offers(owner, "A,Fair,9\nA,Typo,0.90\nA,Dreamer,999\n")
    job = run(owner, "A")
    assert only(job)["summary"]["lowest_landed"] == 9.0
    assert sorted(skipped(job)) == [("A", "SUSPICIOUS_OFFER", "Dreamer"), ("A", "SUSPICIOUS_OFFER", "Typo")]


def test_other_conditions_are_there_only_if_asked_for(owner: Caller) -> None:
    add_products(owner, "A")
    offers(owner, "A,New,9,new\nA,Old,5,used\n", "sku,seller,price,condition")
    assert only(run(owner, "A"))["summary"]["lowest_landed"] == 9.0
    assert only(run(owner, "A", conditions=["used", "new"]))["summary"]["offer_count"] == 2
    assert [each["seller"] for each in only(run(owner, "A", conditions=["used"]))["offers"]] == ["Old"]


def test_a_thousand_offers_of_a_sku_are_counted_and_shown(owner: Caller) -> None:
    add_products(owner, "A")
    offers(owner, "".join(f"A,Seller {number},{9 + number / 1000:.2f}\n" for number in range(1000)))
    scanned = only(run(owner, "A"))
    assert (scanned["summary"]["offer_count"], len(scanned["offers"])) == (1000, 1000)


def test_of_many_skus_the_cheapest_offers_are_shown_and_all_are_counted(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.jobs.competitor_scan.findings.MOST_SHOWN", 6)
    monkeypatch.setattr("workers.jobs.competitor_scan.findings.LEAST_SHOWN", 2)
    add_products(owner, "A", "B", "C")
    offers(owner, "".join(f"{sku},S{number},{9 + number}\n" for sku in "ABC" for number in range(5)))
    result = result_of(run(owner, "A", "B", "C"))
    assert [[each["price"] for each in scanned["offers"]] for scanned in result["skus"]] == [[9.0, 10.0]] * 3
    assert result["offer_count"] == 15


def test_unknown_skus_are_named_and_the_others_scanned(owner: Caller) -> None:
    add_products(owner, "A", "B")
    job = run(owner, "B", "X", "A")
    assert [each["sku"] for each in result_of(job)["skus"]] == ["B", "A"]
    assert skipped(job) == [("X", "UNKNOWN_SKU", None)]
    assert (job.processed, job.total) == (3, 3)


def test_nothing_known_fails_at_once(owner: Caller) -> None:
    add_products(owner, "A")
    job = run(owner, "X")
    assert (job.status, job.error_code) == ("failed", "NO_MATCHING_SKUS")


def test_all_takes_those_scanned_longest_ago(owner: Caller) -> None:
    add_products(owner, "A", "B", "C")
    seen = []
    for _ in range(3):
        result = result_of(run(owner, all=True, limit=2))
        seen.append([each["sku"] for each in result["skus"]])
        Scan.objects.update(scanned_at=F("scanned_at") - timedelta(days=1))
    assert seen == [["A", "B"], ["C", "A"], ["B", "A"]]


def test_another_tenants_offers_are_not_seen(owner: Caller, outsider: Caller) -> None:
    for who in (owner, outsider):
        add_products(who, "A")
    offers(owner, "A,Rival,9\n")
    assert only(run(outsider, "A"))["offers"] == []
    assert listed(outsider, "offers") == []


# --- Params and admission ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({}, "params.skus"),
        ({"skus": ["A"], "all": True}, "params.skus"),
        ({"skus": []}, "params.skus"),
        ({"skus": ["A", "A"]}, "params.skus"),
        ({"skus": "A"}, "params.skus"),
        ({"skus": [1]}, "params.skus.0"),
        ({"skus": ["A"], "limit": 0}, "params.limit"),
        ({"skus": ["A"], "conditions": []}, "params.conditions"),
        ({"skus": ["A"], "conditions": ["broken"]}, "params.conditions.0"),
        ({"skus": ["A"], "max_age_minutes": -1}, "params.max_age_minutes"),
        ({"skus": ["A"], "max_age": 5}, "params.max_age"),
        ({"skus": ["A"], "marketplace": "Amazon DE"}, "params.marketplace"),
    ],
)
def test_wrong_params_are_refused_by_name(owner: Caller, params: dict[str, object], path: str) -> None:
    add_products(owner, "A")
    answer = owner.post("/api/ai-jobs", {"type": "competitor_scan", "params": {"marketplace": MARKETPLACE, **params}})
    assert answer.status_code == 422
    assert [each["path"] for each in answer.json()["error"]["details"]] == [path]


@pytest.mark.parametrize("kind", ["competitor_scan", "pricing_recalculate"])
@pytest.mark.parametrize("in_batch", [False, True])
def test_a_marketplace_that_nobody_configured_is_refused_with_those_that_are(
    owner: Caller, outsider: Caller, kind: str, in_batch: bool
) -> None:
    add_products(owner, "A")
    report(outsider, "products", "sku,title,price\nA,a,1\n", marketplace="ebay")
    job = {"type": kind, "params": {"skus": ["A"], "marketplace": "ebay"}}
    answer = owner.post("/api/ai-jobs/batch", {"jobs": [job]}) if in_batch else owner.post("/api/ai-jobs", job)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "MARKETPLACE_NOT_CONFIGURED")
    assert "ebay" in error["message"]
    assert MARKETPLACE in error["message"]
    assert not Job.objects.exists()


# --- Over a network ---------------------------------------------------------------------------------------------


class Scripted(Connector[NoCredentials, NoCredentials]):
    """A connector at the end of our own protocol: what it answers is the test's."""

    answers: ClassVar[dict[str, Fetched | Exception]] = {}
    asked: ClassVar[list[tuple[str, tuple[str, ...]]]] = []

    def check(self) -> str:
        return "scripted"

    def fetch_offers(self, listings: Sequence[Listing], conditions: Collection[str]) -> Iterator[Fetched]:
        for listing in listings:
            self.asked.append((listing.sku, tuple(conditions)))
            answer = self.answers.get(listing.sku, Fetched(listing.sku))
            if isinstance(answer, Exception):
                raise answer
            yield answer


@pytest.fixture
def scripted(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> type[Scripted]:
    """The owner sells A to D at a marketplace whose answers the test writes."""
    declared = ConnectorType(
        connector=f"{__name__}.Scripted",
        settings_model=NoCredentials,
        credentials_model=NoCredentials,
        protocols=frozenset({OfferSource}),
    )
    monkeypatch.setitem(CONNECTORS, "scripted", declared)
    monkeypatch.setattr(Scripted, "answers", {})
    monkeypatch.setattr(Scripted, "asked", [])
    body = {"connector": "scripted"}
    assert owner.put(f"/api/marketplaces/{MARKETPLACE}", body).status_code == 201
    add_products(owner, "A", "B", "C", "D")
    return Scripted


def fresh(price: str, seller: str = "Rival", **more: Any) -> Fresh:
    return Fresh(seller=seller, price=Decimal(price), shipping=Decimal(0), currency="USD", **more)


def fetched(sku: str, *offers: Fresh, **more: Any) -> Fetched:
    return Fetched(sku, offers=offers, **more)


def answering(scripted: type[Scripted], *answers: Fetched, **failures: Exception) -> None:
    scripted.answers = {**{answer.sku: answer for answer in answers}, **failures}


def test_what_a_marketplace_answers_is_kept_as_history(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("9", is_buy_box=True, url="https://rival.example/a")))
    run(owner, "A")
    [offer] = listed(owner, "offers")
    assert (offer["sku"], offer["seller"], offer["price"], offer["is_buy_box"]) == ("A", "Rival", 9.0, True)
    scan = Scan.objects.get()
    assert (scan.fetched, scan.sellers, scan.lowest_landed, scan.conditions) == (True, ["Rival"], 9, ["new"])


def test_a_marketplace_that_fails_half_way_leaves_what_it_had_and_says_what_is_missing(
    owner: Caller, scripted: type[Scripted]
) -> None:
    answering(scripted, fetched("A", fresh("9")), B=Transient("UNREACHABLE", "It cannot be reached."))
    job = run(owner, "A", "B", "C")
    result = result_of(job)
    assert [each["sku"] for each in result["skus"]] == ["A"]
    assert skipped(job) == [("B", "UNREACHABLE", None), ("C", "UNREACHABLE", None)]
    assert {each["detail"] for each in result["skipped"]} == {"It cannot be reached."}
    assert (result["processed_count"], result["skipped_count"], job.processed) == (1, 2, 3)
    assert Offer.objects.count() == 1


def test_credentials_that_expire_in_the_middle_keep_what_was_had(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("9")), B=CredentialsRefused("TOKEN_REVOKED", "The token was revoked."))
    job = run(owner, "A", "B")
    assert (job.status, skipped(job)) == ("completed", [("B", "TOKEN_REVOKED", None)])


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Transient("UNREACHABLE", "Away."), "queued"),
        (CredentialsRefused("TOKEN_REVOKED", "Revoked."), "failed"),
    ],
)
def test_where_nothing_can_be_had_the_job_fails(
    owner: Caller, scripted: type[Scripted], problem: Exception, status: str
) -> None:
    answering(scripted, A=problem)
    job = run(owner, "A", "B")
    assert (job.status, job.result) == (status, None)


@pytest.mark.parametrize(
    ("second", "status"),
    [(Transient("THROTTLED", "Later.", 7.0), "queued"), (Permanent("INVALID_SKU", "No."), "failed")],
)
def test_a_scan_in_which_nothing_could_be_had_for_several_reasons_fails_and_counts_them(
    owner: Caller, scripted: type[Scripted], second: OutboundError, status: str
) -> None:
    absent = Permanent("NOT_LISTED", "Nobody sells it there.")
    answering(scripted, Fetched("A", problem=absent), Fetched("B", problem=second), Fetched("C", problem=absent))
    job = run(owner, "A", "B", "C")
    told = JobEvent.objects.filter(job=job).order_by("seq").last()
    assert told is not None
    assert told.data is not None
    assert (job.status, told.data["code"]) == (status, "NO_OFFERS_FETCHED")
    reasons = f"NOT_LISTED for 2, {second.code} for 1"
    assert told.data["message"] == f"The service could not fetch offers for any SKU. The reasons were {reasons}."


def test_a_product_that_is_not_ready_is_no_failure_of_the_marketplace(
    owner: Caller, scripted: type[Scripted]
) -> None:
    answering(scripted, Fetched("A", problem=NotReady("NOT_READY", "It is still collecting the offers.")))
    job = run(owner, "A")
    assert (job.status, result_of(job)["skus"]) == ("completed", [])
    told = {"sku": "A", "reason": "NOT_READY", "detail": "It is still collecting the offers."}
    assert result_of(job)["skipped"] == [told]
    assert not Scan.objects.exists()


def test_what_the_marketplace_says_beside_the_offers_is_told(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", notes=(Note("NO_BUYABLE_OFFERS", "Nobody sells it now."),)))
    job = run(owner, "A")
    assert (only(job)["offers"], only(job)["summary"]["offer_count"]) == ([], 0)
    told = {"sku": "A", "reason": "NO_BUYABLE_OFFERS", "detail": "Nobody sells it now."}
    assert result_of(job)["skipped"] == [told]
    assert Scan.objects.get().sellers == []


def test_points_count_when_they_are_fetched_and_when_they_are_stored(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("14.80", points=Decimal("1.48")), fresh("14", "Plain")))
    for age in (0, 60):
        found = only(run(owner, "A", max_age_minutes=age))
        cheapest, plain = found["offers"]
        assert (cheapest["price"], cheapest["points"], cheapest["landed_price"]) == (14.8, 1.48, 13.32)
        assert "points" not in plain
        assert found["summary"]["lowest_landed"] == 13.32
    assert [each["points"] for each in listed(owner, "offers")] == [1.48, 0.0]


def test_an_import_takes_the_place_of_a_scanned_offer_and_of_its_points(
    owner: Caller, scripted: type[Scripted]
) -> None:
    answering(scripted, fetched("A", fresh("14.80", points=Decimal("1.48"))))
    run(owner, "A")
    at = Offer.objects.get().fetched_at.isoformat()
    offers(owner, f"A,Rival,15,{at}", "sku,seller,price,fetched_at")
    assert [(each.price, each.points) for each in Offer.objects.all()] == [(15, 0)]


def test_a_problem_of_one_sku_is_its_own(owner: Caller, scripted: type[Scripted]) -> None:
    problem = Permanent("NOT_LISTED", "Nobody sells it there.")
    answering(scripted, fetched("A", fresh("9")), Fetched("B", problem=problem), fetched("C", fresh("8")))
    job = run(owner, "A", "B", "C")
    assert [each["sku"] for each in result_of(job)["skus"]] == ["A", "C"]
    assert skipped(job) == [("B", "NOT_LISTED", None)]


def test_offers_in_another_currency_and_senseless_ones_are_named(owner: Caller, scripted: type[Scripted]) -> None:
    euro = replace(fresh("5", "Euro"), currency="EUR")
    refused = (RefusedOffer("Broken", "the price is not above 0"),)
    answering(scripted, fetched("A", fresh("9"), euro, refused=refused))
    job = run(owner, "A")
    assert only(job)["summary"]["lowest_landed"] == 9.0
    assert sorted(skipped(job)) == [("A", "INVALID_OFFER", "Broken"), ("A", "WRONG_CURRENCY", "Euro")]


def test_an_offer_that_comes_twice_is_stored_once(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("9"), fresh("9")))
    run(owner, "A")
    assert Offer.objects.count() == 1


def test_whoever_is_not_in_the_answer_has_left(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("9", "Left"), fresh("10", "Stays")))
    run(owner, "A")
    Scan.objects.update(scanned_at=F("scanned_at") - timedelta(minutes=5))
    Offer.objects.update(fetched_at=F("fetched_at") - timedelta(minutes=5))
    answering(scripted, fetched("A", fresh("10", "Stays")))
    assert only(run(owner, "A"))["summary"]["left_sellers"] == ["Left"]
    # And stays away where the stored offers are asked.
    assert [each["seller"] for each in only(run(owner, "A", max_age_minutes=60))["offers"]] == ["Stays"]


def test_a_scan_of_used_offers_says_nothing_of_new_ones(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("9")))
    run(owner, "A")
    Scan.objects.update(scanned_at=F("scanned_at") - timedelta(minutes=5))
    Offer.objects.update(fetched_at=F("fetched_at") - timedelta(minutes=5))
    answering(scripted, fetched("A", fresh("4", "Attic", condition="used")))
    used = only(run(owner, "A", conditions=["used"]))["summary"]
    assert (used["new_sellers"], used["left_sellers"], used["change_since_last_scan_pct"]) == ([], [], None)
    assert [each["price"] for each in only(run(owner, "A", max_age_minutes=60))["offers"]] == [9.0]


def test_fresh_offers_are_used_again_without_a_call(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("9")), fetched("B", fresh("8")))
    run(owner, "A")
    scripted.asked.clear()
    result = result_of(run(owner, "A", "B", max_age_minutes=60))
    assert scripted.asked == [("B", ("new",))]
    assert [(each["sku"], each["source"]) for each in result["skus"]] == [("A", "catalogue"), ("B", "scripted")]
    assert result["source"] == "scripted"
    Scan.objects.update(scanned_at=F("scanned_at") - timedelta(hours=2))
    scripted.asked.clear()
    run(owner, "A", max_age_minutes=60)
    assert scripted.asked == [("A", ("new",))]


def test_a_second_attempt_compares_with_the_scan_before_the_first(owner: Caller, scripted: type[Scripted]) -> None:
    answering(scripted, fetched("A", fresh("10", "Old")))
    run(owner, "A")
    Scan.objects.update(scanned_at=now() - timedelta(hours=1))
    [job_id] = engine.dispatch(
        owner.tenant, type="competitor_scan", params={"skus": ["A"], "marketplace": MARKETPLACE}
    )
    answering(scripted, fetched("A", fresh("9", "New")))
    first = engine.start(job_id)
    scan(ScanParams(skus=["A"], marketplace=MARKETPLACE), JobContext(first))
    engine.let_lease_expire(job_id)
    lifecycle.reclaim_expired()
    engine.let_backoff_pass([job_id])
    queueing.release_due()
    execute(engine.start(job_id))
    summary = only(Job.objects.get(id=job_id))["summary"]
    assert (summary["new_sellers"], summary["left_sellers"]) == (["New"], ["Old"])
    assert summary["change_since_last_scan_pct"] == -10.0
    assert Scan.objects.count() == 2


def test_a_run_that_has_lost_its_job_stops_at_the_next_chunk(
    owner: Caller, scripted: type[Scripted], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workers.jobs.competitor_scan.run.CHUNK", 1)

    def lose_at_the_second(context: JobContext, processed: int, total: int | None = None) -> None:
        if processed == 2:
            raise TransitionRefused("over")

    monkeypatch.setattr(JobContext, "progress", lose_at_the_second)
    job = run(owner, "A", "B", "C", "D")
    assert [sku for sku, _ in scripted.asked] == ["A", "B"]
    assert job.status == "running"


def test_a_connector_of_another_release_is_named(owner: Caller, scripted: type[Scripted]) -> None:
    Connection.objects.update(connector="gone")
    job = run(owner, "A")
    assert (job.status, job.error_code) == ("failed", "UNKNOWN_CONNECTOR")
