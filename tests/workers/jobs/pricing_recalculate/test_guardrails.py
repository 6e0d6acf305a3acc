"""What a seller dares to switch on: prices that follow competitors, within what the tenant allows."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db.models import F
from django.utils.timezone import now

from aijobs.models import Job
from tests import engine
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE, add_products, listed, report
from tests.workers.jobs.pricing_recalculate.steps import sold_daily
from workers.catalogue.models import Offer, Product, Scan
from workers.changes import deciding
from workers.changes.kinds.price import Prices
from workers.changes.models import Change, RepricingPolicy
from workers.running import execute

pytestmark = pytest.mark.django_db

SKU = "SKU-001"
MATCH = {"rule": "match"}


@pytest.fixture
def seller(owner: Caller) -> Caller:
    sold_daily(owner, SKU)
    return owner


def policy(seller: Caller, **changes: object) -> None:
    answer = seller.request("PATCH", "/api/catalogue/repricing-policy", changes)
    assert answer.status_code == 200, answer.content


def product(**changes: object) -> None:
    Product.objects.filter(sku=SKU).update(**changes)


def rivals(seller: Caller, rows: str, columns: str = "sku,seller,price") -> None:
    told = report(seller, "offers", f"{columns}\n{rows}")
    assert told["rejected"] == 0, told


def run(seller: Caller, **params: object) -> dict[str, Any]:
    """The job's result."""
    body = {"skus": [SKU], "marketplace": MARKETPLACE, "max_change_pct": 50, **params}
    [job_id] = engine.dispatch(seller.tenant, type="pricing_recalculate", params=body)
    execute(engine.start(job_id))
    job = Job.objects.get(id=job_id)
    assert job.status == "completed", (job.error_code, job.error_message)
    result: dict[str, Any] = job.result or {}
    return result


def recommended(seller: Caller, **params: object) -> dict[str, Any]:
    [shown] = run(seller, **params)["recommendations"]
    found: dict[str, Any] = shown
    return found


def price() -> str:
    return f"{Product.objects.get(sku=SKU).price:.2f}"


def moved(before: float, after: float, ago: timedelta = timedelta(0)) -> None:
    """A change of the price by another job, so long ago."""
    item = Product.objects.get(sku=SKU)
    [job_id] = engine.dispatch(item.tenant)
    Change.objects.create(
        tenant=item.tenant,
        product=item,
        marketplace=item.marketplace,
        sku=item.sku,
        currency=item.currency,
        job_id=job_id,
        kind=Prices.name,
        before=str(before),
        after=str(after),
        created_at=now() - ago,
        status="applied",
    )


# --- Competitor anchor ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "low", "high"),
    [
        ({"rule": "match"}, None, 14.0),
        ({"rule": "beat_by", "percent": 5}, None, 13.3),
        ({"rule": "stay_within", "percent": 5}, 13.3, 14.7),
        ({"rule": "match", "reference": "buy_box"}, None, 15.0),
        ({"rule": "stay_within", "percent": 2, "reference": "buy_box"}, 14.7, 15.3),
    ],
)
def test_the_price_stands_to_the_offer_as_asked(
    seller: Caller, anchor: dict[str, object], low: float | None, high: float
) -> None:
    """The lowest costs 14.00 landed, the one in the buy box 15.00."""
    columns = "sku,seller,price,shipping,is_buy_box"
    rivals(seller, f"{SKU},Lowest,12,2,false\n{SKU},Featured,15,0,true\n{SKU},Dear,18,0,false\n", columns)
    shown = recommended(seller, competitor_anchor=anchor)
    assert (low or 0) <= shown["recommended_price"] <= high
    named = "Featured (the buy box)" if "reference" in anchor else "Lowest (the lowest of 3 offers)"
    assert named in shown["reasoning"]
    assert shown["binding_constraint"] in ("competitor", "charm_ending")


def test_without_an_anchor_competitors_are_not_looked_at(seller: Caller) -> None:
    before = recommended(seller)
    assert before["recommended_price"] > 16
    rivals(seller, f"{SKU},Rival,12\n")
    assert recommended(seller) == before


def test_floors_and_the_step_win_over_the_anchor(seller: Caller) -> None:
    rivals(seller, f"{SKU},Rival,8\n")
    for changes, floor in (({"min_price": 16}, 16), ({"map_price": 17}, 17), ({"cost": Decimal("15.5")}, 15.5)):
        product(**{"min_price": None, "map_price": None, "cost": 10, **changes})
        assert recommended(seller, competitor_anchor=MATCH)["recommended_price"] >= floor
    product(min_price=None, map_price=None, cost=10)
    assert recommended(seller, competitor_anchor=MATCH, max_change_pct=10)["recommended_price"] == 18
    assert recommended(seller, competitor_anchor=MATCH, min_margin_pct=40)["recommended_price"] >= 16.67
    policy(seller, min_margin_pct=45)
    assert recommended(seller, competitor_anchor=MATCH)["recommended_price"] >= 18.19


def test_an_old_offer_is_not_followed(seller: Caller) -> None:
    free = recommended(seller)["recommended_price"]
    rivals(seller, f"{SKU},Rival,12\n")
    Offer.objects.update(fetched_at=F("fetched_at") - timedelta(hours=25))
    shown = recommended(seller, competitor_anchor=MATCH)
    assert shown["recommended_price"] == free
    assert "from the last 1440 minutes" in shown["reasoning"]
    followed = recommended(seller, competitor_anchor={**MATCH, "max_age_minutes": 1560})
    assert followed["recommended_price"] <= 12


def test_a_suspicious_offer_is_skipped_and_does_not_move_the_price(seller: Caller) -> None:
    rivals(seller, f"{SKU},Typo,2\n{SKU},Fair,19\n")
    result = run(seller, competitor_anchor=MATCH)
    [shown] = result["recommendations"]
    assert "Fair (the only offer)" in shown["reasoning"]
    assert [(each["reason"], each["seller"]) for each in result["skipped"]] == [("SUSPICIOUS_OFFER", "Typo")]
    policy(seller, outlier_factor=20)
    assert "Typo" in recommended(seller, competitor_anchor=MATCH)["reasoning"]


def test_a_product_that_never_sold_follows_its_competitor(seller: Caller) -> None:
    told = report(seller, "products", "sku,title,price,cost\nNEW,New,20,10\n")
    assert told["imported"] == 1
    rivals(seller, "NEW,Rival,15\n")
    body = {"skus": ["NEW"], "competitor_anchor": MATCH}
    result = run(seller, **body)
    [shown] = result["recommendations"]
    assert 10 <= shown["recommended_price"] <= 15
    assert run(seller, skus=["NEW"])["skipped"] == [{"sku": "NEW", "reason": "NO_SALES_DATA"}]


def test_a_price_war_is_not_fought_on(seller: Caller) -> None:
    """We at 20, they at 19, we at 18, they at 17, we at 16, they at 15: each below the other in turn."""
    item = Product.objects.get(sku=SKU)
    [scan_job] = engine.dispatch(seller.tenant)
    steps = [(19, None), (None, (20, 18)), (17, None), (None, (18, 16)), (15, None)]
    for number, (theirs, ours) in enumerate(steps):
        ago = timedelta(days=5 - number)
        if theirs:
            [scan_job] = engine.dispatch(seller.tenant)
            Scan.objects.create(
                product=item,
                job_id=scan_job,
                scanned_at=now() - ago,
                conditions=["new"],
                fetched=True,
                sellers=["Rival"],
                lowest_landed=theirs,
            )
        if ours:
            moved(before=ours[0], after=ours[1], ago=ago)
    product(price=16)
    rivals(seller, f"{SKU},Rival,15\n")
    shown = recommended(seller, competitor_anchor=MATCH)
    assert shown["recommended_price"] >= 16
    assert "price war" in shown["reasoning"]
    # Three weeks later it is over.
    Change.objects.update(created_at=F("created_at") - timedelta(days=21))
    assert recommended(seller, competitor_anchor=MATCH)["recommended_price"] <= 15


@pytest.mark.parametrize(
    "anchor",
    [
        {},
        {"rule": "undercut"},
        {"rule": "beat_by"},
        {"rule": "match", "percent": 3},
        {"rule": "stay_within", "percent": -1},
        {"rule": "stay_within", "percent": 51},
        {"rule": "match", "reference": "median"},
        {"rule": "match", "max_age_minutes": 0},
        {"rule": "match", "percents": 1},
        "match",
    ],
)
def test_a_wrong_anchor_is_refused(owner: Caller, anchor: object) -> None:
    add_products(owner, SKU)
    params = {"skus": [SKU], "marketplace": MARKETPLACE, "competitor_anchor": anchor}
    answer = owner.post("/api/ai-jobs", {"type": "pricing_recalculate", "params": params})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "INVALID_PARAMS")


# --- Guardrails of what is applied ------------------------------------------------------------------------------


def applied(seller: Caller) -> list[tuple[str, str]]:
    """Follow a rival at 15.00; what was refused."""
    result = run(seller, apply=True, competitor_anchor=MATCH)
    return [(each["sku"], each["reason"]) for each in result["skipped"]]


@pytest.fixture
def followed(seller: Caller) -> Caller:
    """A seller with a rival at 15.00, where ours is 20.00."""
    rivals(seller, f"{SKU},Rival,15\n")
    return seller


def test_an_applied_change_is_audited_with_its_job_reason_before_and_after(followed: Caller) -> None:
    assert applied(followed) == []
    [change] = listed(followed, "price-changes")
    assert (change["before"], f"{change['after']:.2f}") == (20.0, price())
    assert float(price()) <= 15
    assert "15.00 of Rival" in change["reason"]
    assert change["job_id"] == Job.objects.filter(type="pricing_recalculate").latest("created_at").public_id
    assert (change["status"], change["reverts"]) == ("applied", None)


def test_the_kill_switch_leaves_every_price_alone(followed: Caller) -> None:
    policy(followed, repricing_enabled=False)
    assert applied(followed) == [(SKU, "REPRICING_DISABLED")]
    assert price() == "20.00"
    policy(followed, repricing_enabled=True)
    assert applied(followed) == []


def test_the_kill_switch_is_the_tenants_own(followed: Caller, outsider: Caller) -> None:
    policy(outsider, repricing_enabled=False)
    assert applied(followed) == []
    assert price() != "20.00"


def test_a_price_rests_after_a_change(followed: Caller) -> None:
    moved(before=21, after=20, ago=timedelta(minutes=10))
    assert applied(followed) == [(SKU, "COOL_DOWN")]
    Change.objects.update(created_at=F("created_at") - timedelta(minutes=6))
    assert applied(followed) == []


def test_a_price_changes_so_often_a_day_and_no_more(followed: Caller) -> None:
    policy(followed, max_changes_per_day=2)
    for hours in (23, 22):
        moved(before=21, after=20, ago=timedelta(hours=hours))
    assert applied(followed) == [(SKU, "DAILY_LIMIT")]
    Change.objects.update(created_at=F("created_at") - timedelta(hours=2))
    assert applied(followed) == []


def test_changes_that_never_came_about_do_not_count(followed: Caller) -> None:
    moved(before=21, after=20)
    Change.objects.update(status="rejected")
    assert applied(followed) == []


def test_floors_hold_at_the_moment_of_writing(followed: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Raised after the job has read the product."""

    decide = deciding.decide

    def raised_meanwhile(*arguments: Any) -> Any:
        product(map_price=Decimal("19.99"))
        return decide(*arguments)

    monkeypatch.setattr(deciding, "decide", raised_meanwhile)
    assert applied(followed) == [(SKU, "BELOW_FLOOR")]
    assert price() == "20.00"


def test_what_is_applied_after_a_look_obeys_the_guardrails_too(followed: Caller) -> None:
    run(followed, competitor_anchor=MATCH)
    job = Job.objects.filter(type="pricing_recalculate").latest("created_at").public_id
    policy(followed, repricing_enabled=False)
    told = followed.post("/api/catalogue/price-changes", {"job_id": job}).json()["data"]
    assert (told["applied"], told["skipped"]) == ([], [{"sku": SKU, "reason": "REPRICING_DISABLED"}])
    RepricingPolicy.objects.update(repricing_enabled=True)
    told = followed.post("/api/catalogue/price-changes", {"job_id": job}).json()["data"]
    assert [each["sku"] for each in told["applied"]] == [SKU]
