"""The catalogue in Django admin."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Tenant
from tests.clients import Caller
from tests.workers.catalogue.steps import add_products, report
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Offer, Product, Return, Review, Sale, Scan
from workers.changes.api.policies import PolicyView
from workers.changes.models import Change, RepricingPolicy

pytestmark = pytest.mark.django_db

MODELS = [
    "product",
    "sale",
    "change",
    "offer",
    "review",
    "return",
    "listing",
    "competitorlisting",
    "keyword",
    "scan",
    "repricingpolicy",
]


@pytest.fixture
def staff(owner: Caller) -> Client:
    add_products(owner, "A")
    report(owner, "sales", "sku,date,price,units\nA,2026-03-12,10,1\n")
    Change.objects.create(
        tenant=owner.tenant,
        product=Product.objects.get(),
        marketplace="amazon_us",
        sku="A",
        currency="USD",
        job_id=identifiers.new_id(),
        kind="price",
        before="9",
        after="10",
    )
    report(owner, "offers", "sku,seller,price\nA,A rival,9\n")
    report(owner, "reviews", "sku,external_id,body,author\nA,R1,It is good,Jane Doe\n")
    report(owner, "returns", "return_id,order_id,sku,date\nR-1,O-1001-77,A,2026-03-12\n")
    report(owner, "listings", "sku,title\nA,Bottle\n")
    report(owner, "competitor-listings", "asin,title,sku\nB0RIVAL001,Bottle,A\n")
    report(owner, "keywords", "keyword,sku\nflask,A\n")
    Scan.objects.create(
        product=Product.objects.get(),
        job_id=identifiers.new_id(),
        scanned_at=now(),
        conditions=["new"],
        fetched=True,
        sellers=["A rival"],
    )
    RepricingPolicy.objects.create(tenant=owner.tenant)
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


def address(model: str, page: str, *arguments: object) -> str:
    app = "changes" if model in ("change", "repricingpolicy") else "catalogue"
    return reverse(f"admin:{app}_{model}_{page}", args=arguments)


@pytest.mark.parametrize("model", MODELS)
def test_every_list_opens_and_is_searched(staff: Client, model: str) -> None:
    sought = Tenant.objects.get().name if model == "repricingpolicy" else "A"
    response = staff.get(address(model, "changelist"), {"q": sought})
    assert response.status_code == 200
    assert "1 " in response.content.decode()


@pytest.mark.parametrize(
    "model",
    [
        Product,
        Sale,
        Change,
        Offer,
        Review,
        Return,
        Listing,
        CompetitorListing,
        Keyword,
        Scan,
        RepricingPolicy,
    ],
)
def test_every_row_opens(staff: Client, model: type[Model]) -> None:
    row = model._default_manager.get()
    assert staff.get(address(model._meta.model_name or "", "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", ["sale", "change", "offer", "return", "listing", "keyword", "scan"])
def test_history_and_the_audit_are_read_only(staff: Client, model: str) -> None:
    assert staff.get(address(model, "add")).status_code == 403


def test_a_price_is_corrected_but_not_the_sku(staff: Client) -> None:
    product = Product.objects.get()
    form = {"sku": "B", "title": "t", "currency": "USD", "price": "12.5"}
    assert staff.post(address("product", "change", product.pk), form).status_code == 302
    changed = Product.objects.get()
    assert (changed.sku, changed.price) == ("A", Decimal("12.5"))
    assert changed.updated_at > product.updated_at


def test_a_minimum_above_the_maximum_is_refused(staff: Client) -> None:
    form = {"title": "t", "currency": "USD", "price": "12", "min_price": "9", "max_price": "8"}
    response = staff.post(address("product", "change", Product.objects.get().pk), form)
    assert "above the maximum" in response.content.decode()


@pytest.mark.parametrize(
    ("currency", "amounts", "message"),
    [
        ("USD", {"price": "3.141"}, "more decimals than USD"),
        ("JPY", {"price": "1500.5"}, "more decimals than JPY"),
        ("JPY", {"price": "1500", "cost": "0.5"}, "more decimals than JPY"),
    ],
)
def test_amounts_that_the_currency_has_no_coins_for_are_refused(
    staff: Client, currency: str, amounts: dict[str, str], message: str
) -> None:
    form = {"title": "t", "currency": currency, **amounts}
    response = staff.post(address("product", "change", Product.objects.get().pk), form)
    assert message in response.content.decode()


@pytest.mark.parametrize(
    ("name", "value"), [("max_changes_per_day", "1001"), ("cool_down_minutes", "10081"), ("min_margin_pct", "100")]
)
def test_a_policy_has_the_bounds_of_the_api(staff: Client, name: str, value: str) -> None:
    policy = RepricingPolicy.objects.get()
    form = {each: str(getattr(policy, each)) for each in PolicyView.model_fields} | {name: value}
    response = staff.post(address("repricingpolicy", "change", policy.pk), form)
    assert "Ensure this value is less than or equal to" in response.content.decode()
