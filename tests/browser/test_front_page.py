"""The front page of the admin, in a browser: what it shows, when it asks, on a desk, on a phone and in the dark."""

from datetime import timedelta

from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.timezone import now
from playwright.sync_api import Browser, Page, Response, expect

from aijobs.models import Job, QueueStatistics, Webhook, WebhookDelivery
from aijobs.states import Status
from tests import engine
from tests.browser import scenery
from tests.browser.conftest import Window, window
from tests.factories import MinuteRollupFactory, TenantFactory
from tests.integration.processes import Api

# A little more than the page waits between two questions, on its clock.
A_WHILE = 6_000


def answers(page: Page) -> list[int]:
    """The status of every answer with numbers, as they come."""
    statuses: list[int] = []

    def note(response: Response) -> None:
        if response.url.endswith("/numbers/"):
            statuses.append(response.status)

    page.on("response", note)
    return statuses


def stop_the_clock(page: Page) -> None:
    """It goes on where a test has it run, and not by itself: on a busy machine the page would ask once more."""
    moment = now()
    page.clock.install(time=moment)
    page.clock.pause_at(moment + timedelta(seconds=1))


def has_no_sideways_scroll(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_an_operator_logs_in_and_sees_how_the_service_is(chromium: Browser, server: Api, operator: User) -> None:
    scenery.busy_hour()
    with window(chromium, server.base_url) as opened:
        page = opened.open("/admin/")
        page.get_by_label("Username").fill(operator.username)
        page.get_by_label("Password").fill("a long enough password")
        page.get_by_role("button", name="Log in").click()
        expect(page.locator(".verdict")).to_have_text("All is well.")
        expect(page.locator("#lanes tbody tr").first).to_contain_text("high")
        expect(page.locator("#minutes canvas")).to_be_visible()
        expect(page.locator("#types")).to_contain_text("pricing_recalculate")
        expect(page.locator("#failures")).to_contain_text("MARKETPLACE_UNAVAILABLE")
        expect(page.locator("#failures")).to_contain_text("amazon_de")
        expect(page.locator("#tenants .marked")).to_have_text("2 of 2 running")
        expect(page.locator("#workers")).to_contain_text("worker@jobs-1")
        page.locator("#failures").get_by_role("link", name="WORKER_TIMEOUT").click()
        assert "status" in page.url
        assert "failed" in page.url


def test_the_page_asks_again_and_only_what_is_new_is_sent(desk: Window) -> None:
    statistics = QueueStatistics.objects.create(refreshed_at=now(), active=0, depths={}, drain_rate=0, medians={})
    QueueStatistics.objects.update(refreshed_at=now() + timedelta(hours=1))
    stop_the_clock(desk.page)
    statuses = answers(desk.page)
    page = desk.open("/admin/")
    expect(page.locator(".verdict")).to_have_text("All is well.")
    with page.expect_response("**/numbers/"):
        page.clock.run_for(A_WHILE)
    assert statuses == [200, 304]

    QueueStatistics.objects.filter(pk=statistics.pk).update(refreshed_at=now() - timedelta(minutes=3))
    page.clock.run_for(A_WHILE)
    expect(page.locator(".verdict")).to_contain_text("has been silent for 3 minutes")
    expect(page.locator(".verdict a")).to_have_attribute("href", "/admin/aijobs/worker/")


def test_nobody_asks_while_nobody_looks(desk: Window) -> None:
    stop_the_clock(desk.page)
    statuses = answers(desk.page)
    page = desk.open("/admin/")
    expect(page.locator(".panels")).to_be_visible()
    page.evaluate(
        """() => {
            Object.defineProperty(document, "hidden", { configurable: true, get: () => window.away ?? true });
            document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )
    page.clock.run_for(10 * A_WHILE)
    page.evaluate("() => fetch('/healthz')")
    assert len(statuses) == 1
    with page.expect_response("**/numbers/"):
        page.evaluate("() => { window.away = false; document.dispatchEvent(new Event('visibilitychange')); }")


def test_a_service_that_does_not_answer_leaves_the_last_numbers(desk: Window) -> None:
    stop_the_clock(desk.page)
    page = desk.open("/admin/")
    expect(page.locator(".panels")).to_be_visible()
    desk.context.clear_cookies()
    page.clock.run_for(A_WHILE)
    expect(page.locator(".stale")).to_contain_text("or you are logged out")
    expect(page.locator(".panels")).to_be_visible()
    desk.faults.clear()


def test_a_service_without_jobs_shows_three_commands(desk: Window) -> None:
    page = desk.open("/admin/")
    expect(page.locator(".empty")).to_be_visible()
    commands = page.locator(".empty pre").all_inner_texts()
    assert [command.split()[-1] for command in commands[:2]] == ["Europe/Berlin", "90d"]
    assert commands[2].startswith(f"curl {desk.base_url}/api/ai-jobs")


def test_on_a_phone_in_the_dark_nothing_is_wider_than_the_page(phone: Window) -> None:
    scenery.busy_hour()
    page = phone.open("/admin/")
    expect(page.locator("#workers tbody tr")).to_have_count(5)
    assert has_no_sideways_scroll(page)
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(18, 18, 18)"
    # A list with runs is scrolled by itself.
    phone.open("/admin/aijobs/schedule/")
    expect(page.locator(".tick").first).to_be_attached()
    assert has_no_sideways_scroll(page)
    for row in (Webhook.objects.get(), WebhookDelivery.objects.get()):
        name = f"admin:aijobs_{row._meta.model_name}"
        for path in (reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])):
            phone.open(path)
            assert has_no_sideways_scroll(page), path


def test_what_callers_sent_is_text(desk: Window) -> None:
    markup = "<img src=x onerror=alert(1)>"
    minute = now().replace(second=0, microsecond=0)
    MinuteRollupFactory(start=minute, type=markup, end=Status.FAILED, error_code=markup)
    (job_id,) = engine.dispatch(TenantFactory(), params={"marketplace": markup})
    engine.fail(engine.start(job_id))
    Job.objects.filter(pk=job_id).update(error_code=markup)
    page = desk.open("/admin/")
    expect(page.locator("#failures tbody tr")).to_contain_text([markup])
    expect(page.locator("#failures tbody td").last).to_have_text(markup)
    expect(page.locator("#types tbody th").first).to_have_text(markup)
    assert page.locator("#front img").count() == 0
