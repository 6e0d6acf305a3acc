"""The pages in a browser: their Content-Security-Policy forbids nothing that they need."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.processes import Api

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""
# Of the page's own clock, which runs ahead where nothing is to be done.
PAGE_MILLISECONDS = 10_000


@pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "The service is healthy."),
        ("/api/docs/guide", "The life of a job"),
        ("/api/docs#/Jobs/dispatch_job", "Try it out"),
        ("/admin/", "Log in"),
    ],
)
def test_a_browser_shows_the_page_and_forbids_nothing(server: Api, tmp_path: Path, path: str, text: str) -> None:
    shown = subprocess.run(
        [
            *(CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}"),
            *("--enable-logging=stderr", f"--virtual-time-budget={PAGE_MILLISECONDS}", "--dump-dom"),
            server.base_url + path,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert text in shown.stdout
    assert [line for line in shown.stderr.splitlines() if "Content Security Policy" in line] == []
