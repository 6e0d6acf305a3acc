"""The admin in a real browser: Debian's Chromium, one for all tests, and one API process with its static files.

Whatever a page does that its policy forbids, and every error that it logs, fails the test that opened it.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, ViewportSize, expect, sync_playwright

from tests.integration.processes import Api, Processes, empty_broker

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
# For a machine that has a lot of other work. Nobody waits so long unless something is wrong.
PATIENCE_MILLISECONDS = 300_000
DESK = ViewportSize(width=1280, height=900)
PHONE = ViewportSize(width=375, height=812)
# A violation says which rule it broke and where; the console's own line does not always.
LISTEN = """
document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""


# Before -m chooses.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="Chromium is not here: apt-get install chromium"))


# Not for the session: Playwright's loop would be there, running, for tests that have one of their own.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright has a loop of its own on this thread, and Django takes all that we do for asynchronous.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        expect.set_options(timeout=PATIENCE_MILLISECONDS)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def _api(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    group = Processes(tmp_path_factory.mktemp("browser"))
    try:
        yield group.api()
    finally:
        group.end()


@pytest.fixture
def server(_api: Api, transactional_db: None) -> Api:
    empty_broker()
    return _api


class Window:
    """A browser's window, and what its pages did wrong."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.faults: list[str] = []
        context.add_init_script(LISTEN)
        context.set_default_timeout(PATIENCE_MILLISECONDS)
        self.page = self._watched(context.new_page())

    def _watched(self, page: Page) -> Page:
        page.on("console", self._read)
        page.on("pageerror", lambda error: self.faults.append(f"{page.url}: {error}"))
        return page

    def _read(self, line: ConsoleMessage) -> None:
        if line.type == "error":
            self.faults.append(f"{line.text} ({line.location['url']})")

    def sign_in(self, user: User) -> None:
        """As the log-in does, without its form."""
        client = Client()
        client.force_login(user)
        cookie = client.cookies[settings.SESSION_COOKIE_NAME]
        self.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": self.base_url}])

    def open(self, path: str) -> Page:
        answer = self.page.goto(self.base_url + path)
        assert answer is not None
        assert answer.ok, f"{path} answers {answer.status}"
        return self.page


@contextmanager
def window(browser: Browser, base_url: str, viewport: ViewportSize = DESK, dark: bool = False) -> Iterator[Window]:
    """A window that has done nothing wrong when it closes."""
    with browser.new_context(viewport=viewport, color_scheme="dark" if dark else "light") as context:
        opened = Window(context, base_url)
        yield opened
        assert opened.faults == []


@pytest.fixture
def operator(transactional_db: None) -> User:
    return User.objects.create_superuser("operator", password="a long enough password")


@pytest.fixture
def desk(chromium: Browser, server: Api, operator: User) -> Iterator[Window]:
    """A window of an operator who is logged in."""
    with window(chromium, server.base_url) as opened:
        opened.sign_in(operator)
        yield opened


@pytest.fixture
def phone(chromium: Browser, server: Api, operator: User) -> Iterator[Window]:
    """The same on a phone, in the dark."""
    with window(chromium, server.base_url, PHONE, dark=True) as opened:
        opened.sign_in(operator)
        yield opened
