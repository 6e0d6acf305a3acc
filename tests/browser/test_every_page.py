"""Every page of the admin, in a browser: none breaks its content policy, and none has a serious fault for those who
read with other means than their eyes."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import RequestFactory
from django.urls import reverse
from playwright.sync_api import Browser

from aijobs import bulk
from aijobs.engine import lifecycle
from aijobs.filtering import JobFilter
from aijobs.models import Job, Schedule, Webhook, WebhookDelivery
from aijobs.states import BulkKind, Status
from tests import engine
from tests.browser import scenery
from tests.browser.conftest import Window, window
from tests.factories import TenantFactory, key_for
from tests.integration.processes import Api

# Deque's axe-core, see the README beside it.
AXE = (Path(__file__).parent / "axe-core" / "axe.min.js").read_text()
GRAVE = ("serious", "critical")
OPTIONS = '{resultTypes: ["violations"], runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}'


def grave_faults(opened: Window) -> list[str]:
    """What axe finds serious or critical, with the first place of each."""
    page = opened.page
    # A page without its style sheets has faults of its own.
    assert opened.faults == []
    page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(f"() => axe.run({OPTIONS}).then((results) => results.violations)")
    # It tries styles of its own.
    opened.faults.clear()
    return [
        f"{page.url}: {each['id']}: {each['help']}: {each['nodes'][0]['html']}"
        for each in found
        if each["impact"] in GRAVE
    ]


def pages_of(model: type[Model], operator: User) -> list[str]:
    """The list, the form of a new row where there is one, and the page of a row that there is."""
    request = RequestFactory().get("/")
    request.user = operator
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    may_add = admin.site._registry[model].has_add_permission(request)
    row = model._default_manager.first()
    forms = [reverse(f"{name}_add")] if may_add else []
    rows = [reverse(f"{name}_change", args=[row.pk])] if row else []
    return [reverse(f"{name}_changelist"), *forms, *rows]


# A hundred pages.
@pytest.mark.timeout(900)
def test_every_page_keeps_its_policy_and_no_kind_of_page_has_a_grave_fault(desk: Window, operator: User) -> None:
    """Faults: of lists, jobs of each end, forms of each kind of field, a schedule, what is done to all that match."""
    scenery.busy_hour()
    lists_show_all_their_columns_on_a_small_desk(desk)
    key_for(TenantFactory())
    engine.dispatch_batch(TenantFactory(), 2)
    tenant = TenantFactory()
    completed, cancelled = engine.dispatch(tenant, 2)
    engine.complete(engine.start(completed), {"processed": 2, "rows": [{"sku": "SKU-001", "price": 9.5}]})
    lifecycle.cancel(cancelled, tenant.pk)
    action = bulk.request(BulkKind.CANCEL, None, JobFilter(type=["competitor_scan"]), operator.get_username())
    jobs = [Job.objects.filter(status=status).first() for status in Status]
    kinds = [
        *(path for model in (Schedule, Webhook, WebhookDelivery) for path in pages_of(model, operator)),
        *(reverse("admin:aijobs_job_change", args=[job.pk]) for job in jobs if job),
        reverse("admin:aijobs_job_changelist"),
        reverse("admin:aijobs_apikey_add"),
        reverse("admin:marketplaces_connection_add"),
        reverse("admin:aijobs_bulkaction_add") + "?action=cancel&type=competitor_scan",
        reverse("admin:aijobs_bulkaction_change", args=[action.pk]),
        reverse("admin:admin_logentry_changelist"),
    ]
    every = [path for model in admin.site._registry for path in pages_of(model, operator)]
    found: list[str] = []
    for path in dict.fromkeys([*every, reverse("admin:password_change"), *kinds]):
        desk.open(path)
        if path in kinds:
            found += grave_faults(desk)
    assert found == []
    assert len(jobs) == len(Status)


def test_a_violation_would_be_seen(chromium: Browser, server: Api, operator: User) -> None:
    with window(chromium, server.base_url) as opened:
        page = opened.open("/admin/login/")
        page.evaluate("document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">no</p>')")
        with page.expect_console_message(lambda line: "CSP: script-src-elem" in line.text):
            page.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'alert(1)'}))")
        assert any("CSP: style-src-attr" in fault for fault in opened.faults)
        opened.faults.clear()


def test_the_front_page_has_no_grave_fault(chromium: Browser, server: Api, operator: User) -> None:
    scenery.busy_hour()
    for dark in (False, True):
        with window(chromium, server.base_url, dark=dark) as opened:
            opened.sign_in(operator)
            opened.open("/admin/").locator(".panels").wait_for()
            assert grave_faults(opened) == [], dark


def lists_show_all_their_columns_on_a_small_desk(desk: Window) -> None:
    """Beside their filters. A list that is wider scrolls by itself, and hides its last columns."""
    for name in ("job", "schedule", "webhook", "webhookdelivery"):
        path = reverse(f"admin:aijobs_{name}_changelist")
        page = desk.open(path)
        hidden = page.locator(".results").evaluate("(each) => each.scrollWidth - each.clientWidth")
        assert hidden <= 0, path
