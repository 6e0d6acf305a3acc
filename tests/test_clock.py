"""The whole suite on other days, at other hours and in other zones: nothing in it knows on which day it was written.

The clock of every process is moved by a library of ours (clock.c), also that of PostgreSQL, Valkey, the API, workers
and beat. `uv run pytest -m long tests/test_clock.py` runs it, in some minutes each.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

COMPILER = shutil.which("cc")
SOURCE = Path(__file__).with_name("clock.c")
# Set by the run around this one, for its own processes.
OURS = ("AIJOBS_DATA_DIR", "DJANGO_SETTINGS_MODULE", "PYTHONPYCACHEPREFIX", "PYTEST_CURRENT_TEST", "PYTEST_VERSION")

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(sys.platform != "linux", reason="the library that moves the clock is for Linux"),
    pytest.mark.skipif(COMPILER is None, reason="needs a C compiler, cc, for the library that moves the clock"),
]


@pytest.fixture(scope="module")
def library() -> Iterator[Path]:
    """Compiled into a folder that PostgreSQL's user may read too; where it may not, its clock would stay."""
    with tempfile.TemporaryDirectory(prefix="aijobs-clock-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        subprocess.run(
            [str(COMPILER), "-shared", "-fPIC", "-O2", "-o", path / "clock.so", SOURCE, "-ldl"], check=True
        )
        yield path / "clock.so"


def environment(library: Path, moment: str, zone: str) -> dict[str, str]:
    """Of processes for which it is that moment, in UTC, as soon as they start."""
    ahead = datetime.fromisoformat(moment).replace(tzinfo=UTC) - datetime.now(UTC)
    return {
        **{name: value for name, value in os.environ.items() if name not in OURS},
        "LD_PRELOAD": str(library),
        "CLOCK_AHEAD_SECONDS": f"{ahead.total_seconds():.0f}",
        # Django makes it UTC in every process that has settings.
        "TZ": zone,
        "AIJOBS_TEST_TZ": zone,
    }


SEE = "import datetime, time; time.sleep(0.01); print(datetime.datetime.now().isoformat()[:16], time.tzname[0])"


def test_the_clock_is_moved(library: Path) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SEE],
        env=environment(library, "2028-02-29T12:00:10", "Asia/Kolkata"),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    assert told.stdout.split() == ["2028-02-29T17:30", "IST"]


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        # Each run begins shortly before the moment that it is about, and most of it is after that.
        pytest.param("2028-02-28T23:58:00", "UTC", id="29 February"),
        pytest.param("2026-12-31T23:55:00", "Asia/Kolkata", id="five minutes before New Year"),
        pytest.param("2027-01-01T00:05:00", "Pacific/Auckland", id="five minutes after New Year"),
        pytest.param("2027-03-28T00:57:00", "Europe/Berlin", id="clocks go forward"),
        pytest.param("2027-11-07T05:57:00", "America/New_York", id="clocks go back"),
    ],
)
def test_suite_passes(library: Path, moment: str, zone: str) -> None:
    # A short folder of its own: sockets lie in it, and by this clock pytest takes other runs' folders for old ones.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--basetemp", str(library.parent / "run")],
        cwd=SOURCE.parents[1],
        env=environment(library, moment, zone),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-5_000:]
