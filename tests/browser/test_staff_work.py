"""What staff do with the mouse: find a job, read why it failed and retry it, cancel a tenant's queue, make a key, and
a schedule that runs."""

import re

from django.urls import reverse
from playwright.sync_api import Page, expect

from aijobs import auth, bulk
from aijobs.models import Job, Schedule
from tests import engine
from tests.browser.conftest import Window
from tests.factories import ProductFactory, TenantFactory


def choose(page: Page, field: str, text: str) -> None:
    """Of a field that looks its choices up while one types."""
    page.locator(f".field-{field} .select2-selection").click()
    page.locator(".select2-search__field").last.type(text)
    page.get_by_role("option", name=text).click()


def test_a_failed_job_is_found_by_sku_read_and_retried(desk: Window) -> None:
    tenant = TenantFactory(name="northfield")
    # A retry is admitted as a new job is: its marketplace must be there.
    ProductFactory(tenant=tenant, sku="SKU-007")
    wanted, others = ({"skus": [sku], "marketplace": "amazon_us"} for sku in ("SKU-007", "SKU-008"))
    failed, _ = engine.dispatch(tenant, 2, type="pricing_recalculate", params=wanted)
    engine.dispatch(tenant, type="pricing_recalculate", params=others)
    engine.fail(engine.start(failed))
    page = desk.open(reverse("admin:aijobs_job_changelist"))
    page.locator("#searchbar").fill("SKU-007")
    page.locator("#searchbar").press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    page.locator("#result_list tbody tr", has_text="failed").locator("th a").click()
    expect(page.locator(".job-why")).to_contain_text("asked to fail")
    expect(page.locator(".command")).to_contain_text("curl")

    page.go_back()
    page.locator("#result_list tbody tr", has_text="failed").get_by_role("checkbox").check()
    page.locator("select[name=action]").select_option("retry_ended")
    page.get_by_role("button", name="Go").click()
    expect(page.locator(".messagelist")).to_contain_text("retried 1 of the selected jobs")
    assert Job.objects.get(retry_of=failed).status == "queued"


def test_all_queued_jobs_of_a_tenant_are_counted_then_cancelled(desk: Window) -> None:
    tenant, other = TenantFactory(name="northfield"), TenantFactory()
    ids, kept = engine.dispatch(tenant, 3), engine.dispatch(other)
    engine.start(ids[0])
    page = desk.open(f"{reverse('admin:aijobs_job_changelist')}?tenant={tenant.name}&status__exact=queued")
    page.get_by_role("link", name="Act on all of these jobs").click()
    page.get_by_label("Action").select_option("cancel")
    page.get_by_role("button", name="Count the jobs").click()
    expect(page.locator(".bulk-begin")).to_contain_text("2 jobs")
    page.get_by_role("button", name="Begin").click()
    expect(page.locator("body")).to_contain_text("Bulk action")
    bulk.carry_out(seconds=60)
    assert engine.statuses([*ids, *kept]) == ["running", "cancelled", "cancelled", "queued"]


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


def test_a_schedule_is_made_and_runs(desk: Window) -> None:
    tenant = TenantFactory(name="northfield")
    page = desk.open(reverse("admin:aijobs_schedule_add"))
    choose(page, "tenant", tenant.name)
    page.get_by_label("Name").fill("nightly")
    page.get_by_label("Cron").fill("30 2 * * *")
    page.locator("#id_template_kind").select_option("job")
    page.locator("#id_template").fill('{"type": "test_probe", "params": {}}')
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.locator(".schedule h2")).to_contain_text("UTC")
    page.get_by_role("button", name="Run now").click()
    expect(page.locator(".schedule")).to_contain_text("dispatched (run now)")
    assert Job.objects.get().schedule == Schedule.objects.get()
    desk.open("/admin/")
    expect(page.locator("#schedules tbody")).to_contain_text("nightly")
