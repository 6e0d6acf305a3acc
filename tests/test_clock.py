"""The whole suite on other days, at other hours and in other zones: nothing in it knows what day it was written on.

The clock of every process is moved by libfaketime (Debian: `apt-get install faketime`), also of PostgreSQL, Valkey,
the API, the workers and beat; what measures how long something takes goes on as it does. Run it with
`uv run pytest -m long tests/test_clock.py`.
"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

LIBRARY = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
# Each run begins shortly before what it is about, and goes on across it.
BEGINNINGS = [
    pytest.param("2028-02-28T23:58:00", "UTC", id="29 February"),
    pytest.param("2026-12-31T23:55:00", "Asia/Kolkata", id="before New Year"),
    pytest.param("2027-01-01T00:05:00", "Pacific/Auckland", id="after New Year"),
    pytest.param("2027-03-28T00:57:00", "Europe/Berlin", id="spring forward"),
    pytest.param("2027-11-07T05:57:00", "America/New_York", id="fall back"),
]
# Set by the run around this one.
OURS = ("AIJOBS_DATA_DIR", "DJANGO_SETTINGS_MODULE", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")
ROOT = Path(__file__).parent.parent


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.skipif(LIBRARY is None, reason="needs libfaketime: apt-get install faketime")
@pytest.mark.parametrize(("moment", "zone"), BEGINNINGS)
def test_suite_passes_at(moment: str, zone: str, tmp_path: Path) -> None:
    ahead = (datetime.fromisoformat(moment).replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    environment = {
        **{name: value for name, value in os.environ.items() if name not in OURS},
        "LD_PRELOAD": str(LIBRARY),
        # An offset and no moment: processes that start later see the same clock.
        "FAKETIME": f"{ahead:+.0f}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
        # Of files: Python would take its compiled modules for outdated.
        "NO_FAKE_STAT": "1",
        # Django makes it UTC in every process that has settings; before that, and in others, it is this.
        "TZ": zone,
    }
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(tmp_path / "run")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
