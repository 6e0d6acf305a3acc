"""Changes as staff read them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from tests.clients import Caller
from tests.factories import ProductFactory
from workers.changes.models import Change, ListingPolicy

pytestmark = pytest.mark.django_db

BEFORE = {"title": "Steel bottle <b>new</b>", "bullets": ["Keeps cold", "Light"]}
AFTER = {"title": "Steel bottle 0.7 l", "bullets": ["Keeps cold", "Fits a bag"]}


@pytest.fixture
def staff() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.fixture
def change(owner: Caller) -> Change:
    product = ProductFactory.create(tenant=owner.tenant, sku="A")
    return Change.objects.create(
        tenant=owner.tenant,
        product=product,
        marketplace=product.marketplace,
        sku="A",
        kind="listing",
        before=BEFORE,
        after=AFTER,
    )


def page(staff: Client, change: Change) -> str:
    return staff.get(reverse("admin:changes_change_change", args=[change.pk])).content.decode()


def test_a_listings_change_is_shown_word_by_word(staff: Client, change: Change) -> None:
    shown = page(staff, change)
    assert "<b>title</b><p><span>Steel bottle </span><del>&lt;b&gt;new&lt;/b&gt;</del><ins>0.7 l</ins></p>" in shown
    assert "<span>Keeps cold\n</span><del>Light</del><ins>Fits a bag</ins>" in shown


def test_the_heading_names_the_texts_that_are_changed(staff: Client, change: Change) -> None:
    assert "<h2>listing of A: title, bullets</h2>" in page(staff, change)


def test_the_list_names_the_texts(staff: Client, change: Change) -> None:
    shown = staff.get(reverse("admin:changes_change_changelist")).content.decode()
    assert "“Steel bottle 0.7 l” (title) and “Keeps cold / Fits a bag” (bullets)" in shown


def test_a_prices_change_is_shown_too(staff: Client, change: Change) -> None:
    Change.objects.update(kind="price", before="10", after="9.5")
    assert "<b>price</b><p><del>10.00</del><ins>9.50</ins></p>" in page(staff, change)


def test_a_kind_of_another_release_is_shown_as_it_is_stored(staff: Client, change: Change) -> None:
    Change.objects.update(kind="image")
    assert "<b>image</b>" in page(staff, change)


def test_the_listing_policy_is_set(staff: Client, owner: Caller) -> None:
    policy = ListingPolicy.objects.create(tenant=owner.tenant)
    address = reverse("admin:changes_listingpolicy_change", args=[policy.pk])
    assert staff.get(address).status_code == 200
    assert staff.post(address, {"max_changes_per_day": "1001"}).status_code == 200
    assert staff.post(address, {"max_changes_per_day": "5"}).status_code == 302
    policy.refresh_from_db()
    assert (policy.editing_enabled, policy.max_changes_per_day) == (False, 5)
