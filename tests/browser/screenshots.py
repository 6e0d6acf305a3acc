"""The pictures of the README: `uv run pytest -n0 tests/browser/screenshots.py` makes them anew. Not run by itself."""

from pathlib import Path

from django.contrib.auth.models import User
from playwright.sync_api import Browser, ViewportSize

from tests.browser import scenery
from tests.browser.conftest import PHONE, window
from tests.integration.processes import Api

FOLDER = Path(__file__).parents[2] / "docker" / "screenshots"
WIDE = ViewportSize(width=1200, height=935)


def test_pictures(chromium: Browser, server: Api, operator: User) -> None:
    scenery.busy_hour()
    for name, viewport, dark in (("front-page", WIDE, False), ("front-page-phone", PHONE, True)):
        with window(chromium, server.base_url, viewport, dark) as opened:
            opened.sign_in(operator)
            page = opened.open("/admin/")
            page.locator("#minutes canvas").wait_for()
            page.screenshot(path=FOLDER / f"{name}.png")
