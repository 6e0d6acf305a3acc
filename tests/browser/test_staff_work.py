"""What staff do with the mouse: a key."""

import re

from django.urls import reverse
from playwright.sync_api import Page, expect

from aijobs import auth
from tests.browser.conftest import Window
from tests.factories import TenantFactory


def choose(page: Page, field: str, text: str) -> None:
    """Of a field that looks its choices up while one types."""
    page.locator(f".field-{field} .select2-selection").click()
    page.locator(".select2-search__field").last.type(text)
    page.get_by_role("option", name=text).click()


def test_a_key_is_made_and_shown_once(desk: Window) -> None:
    tenant = TenantFactory(name="northfield")
    page = desk.open(reverse("admin:aijobs_apikey_add"))
    page.get_by_label("Label").fill("back end")
    page.get_by_label("ai-jobs:read").check()
    choose(page, "tenants", tenant.name)
    page.get_by_role("button", name="Save", exact=True).click()
    secret = page.locator("code").inner_text()
    assert re.fullmatch(r"aij_[\w-]{43}", secret)
    assert auth.authenticate(secret).tenant(None).name == tenant.name
    page.get_by_role("link", name="Done").click()
    expect(page.get_by_label("Label")).to_have_value("back end")
    assert secret not in page.content()
