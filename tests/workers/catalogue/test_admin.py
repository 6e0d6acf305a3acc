"""The catalogue in Django admin."""

import re
from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.html import escape
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.models import Tenant
from tests.clients import Caller
from tests.workers.catalogue.steps import add_products, report
from workers.catalogue.models import CompetitorListing, Keyword, Listing, Offer, Product, Return, Review, Sale, Scan
from workers.changes.api.policies import PolicyView
from workers.changes.models import Change, RepricingPolicy

pytestmark = pytest.mark.django_db

MODELS: list[type[Model]] = [
    *(Product, Sale, Change, Offer, Review, Return, Listing, CompetitorListing, Keyword, Scan, RepricingPolicy)
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


def address(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def test_every_list_opens_and_is_searched(staff: Client) -> None:
    for model in MODELS:
        sought = Tenant.objects.get().name if model is RepricingPolicy else "A"
        response = staff.get(address(model, "changelist"), {"q": sought})
        assert response.status_code == 200, model
        assert re.search(rf"\b1 {escape(model._meta.verbose_name)}\b", response.content.decode()), model


def test_every_row_opens(staff: Client) -> None:
    for model in MODELS:
        row = model._default_manager.get()
        assert staff.get(address(model, "change", row.pk)).status_code == 200, model


def test_history_and_the_audit_are_read_only(staff: Client) -> None:
    for model in (Sale, Change, Offer, Return, Listing, Keyword, Scan):
        assert staff.get(address(model, "add")).status_code == 403, model


def test_a_price_is_corrected_but_not_the_sku(staff: Client) -> None:
    product = Product.objects.get()
    form = {"sku": "B", "title": "t", "currency": "USD", "price": "12.5"}
    assert staff.post(address(Product, "change", product.pk), form).status_code == 302
    changed = Product.objects.get()
    assert (changed.sku, changed.price) == ("A", Decimal("12.5"))
    assert changed.updated_at > product.updated_at


def test_a_minimum_above_the_maximum_is_refused(staff: Client) -> None:
    form = {"title": "t", "currency": "USD", "price": "12", "min_price": "9", "max_price": "8"}
    response = staff.post(address(Product, "change", Product.objects.get().pk), form)
    assert "above the maximum" in response.content.decode()


def test_amounts_that_the_currency_has_no_coins_for_are_refused(staff: Client) -> None:
    amounts: list[tuple[str, dict[str, str]]] = [
        ("USD", {"price": "3.141"}),
        ("JPY", {"price": "1500.5"}),
        ("JPY", {"price": "1500", "cost": "0.5"}),
    ]
    for currency, wrong in amounts:
        form = {"title": "t", "currency": currency, **wrong}
        response = staff.post(address(Product, "change", Product.objects.get().pk), form)
        assert f"more decimals than {currency}" in response.content.decode(), wrong


def test_a_policy_has_the_bounds_of_the_api(staff: Client) -> None:
    policy = RepricingPolicy.objects.get()
    for name, value in (("max_changes_per_day", "1001"), ("cool_down_minutes", "10081"), ("min_margin_pct", "100")):
        form = {each: str(getattr(policy, each)) for each in PolicyView.model_fields} | {name: value}
        response = staff.post(address(RepricingPolicy, "change", policy.pk), form)
        assert "Ensure this value is less than or equal to" in response.content.decode(), name
