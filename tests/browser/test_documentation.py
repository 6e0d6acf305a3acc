"""The pages for everybody, in a browser: their Content-Security-Policy forbids nothing that they need."""

from playwright.sync_api import Browser, expect

from tests.browser.conftest import window
from tests.integration.processes import Api

PAGES = {
    "/": "The service is healthy.",
    "/api/docs/guide": "The life of a job",
    "/api/docs#/Jobs/dispatch_job": "Try it out",
}


def test_pages_show_what_they_are_for_and_are_forbidden_nothing(chromium: Browser, server: Api) -> None:
    """tests/browser/test_front_page.py logs in at the admin."""
    for path, text in PAGES.items():
        with window(chromium, server.base_url) as opened:
            expect(opened.open(path).get_by_text(text).first).to_be_visible()
            # Swagger UI also complains of what it will not support one day.
            opened.faults[:] = [fault for fault in opened.faults if "Deprecated" not in fault]
