"""The whole suite on other days, at other hours and in other zones: nothing in it knows on which day it was written.

The clock of every process is moved by a library of ours (clock.c), also that of PostgreSQL, Valkey, the API, workers
and beat. `uv run pytest -m long tests/test_clock.py` runs it, in some minutes each. One test moves it while the
service runs.
"""

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.chaos.site import Site
from tests.integration.processes import wait_until

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


# Each a second or two after the one before, all the time.
SCHEDULES = 40
TEN_MINUTES = 600
RUNS = "SELECT count(*) FROM aijobs_schedulerun"
SWEPT = "SELECT abs(extract(epoch FROM now() - refreshed_at)) < 10 FROM aijobs_queuestatistics"
# As long as nothing is to happen by a clock that was set back.
QUIET = "SELECT now() - %s > interval '30 seconds'"
# Due times that nobody has decided, and jobs that are not of exactly one run.
GAPS = """
SELECT count(*) FROM (
    SELECT due_at - lag(due_at) OVER (PARTITION BY schedule_id ORDER BY due_at) AS gap FROM aijobs_schedulerun
) run WHERE gap <> interval '1 minute'
"""
STRAY = """
SELECT count(*) FROM aijobs_job job WHERE 1 <> (
    SELECT count(*) FROM aijobs_schedulerun run WHERE run.job_id = job.id AND run.schedule_id = job.schedule_id
)
"""


def test_a_clock_that_is_set_back_repeats_no_due_time(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By ten minutes and forward again, for all processes at once: two beats, two control workers and PostgreSQL."""
    clock = library.parent / "ahead"

    def set_clock(seconds: int) -> None:
        # Written over, not anew: the processes have the file in their memory.
        with clock.open("r+b") as file:
            file.write(struct.pack("l", seconds))

    clock.write_bytes(struct.pack("l", 0))
    monkeypatch.setenv("LD_PRELOAD", str(library))
    monkeypatch.setenv("CLOCK_AHEAD_FILE", str(clock))
    site = Site(library.parent / "site")
    try:
        site.start()
        site.processes.control()
        site.processes.beat()
        _make_schedules(site)
        wait_until(lambda: site.ask(RUNS)[0][0] >= SCHEDULES, "a run of each schedule", 180)
        set_clock(-TEN_MINUTES)
        wait_until(lambda: site.ask(SWEPT) == [(True,)], "a sweeper by the clock that was set back", 60)
        [(before,)], [(since,)] = site.ask(RUNS), site.ask("SELECT now()")
        wait_until(lambda: site.ask(QUIET, since) == [(True,)], "half a minute of that clock", 120)
        assert site.ask(RUNS) == [(before,)]
        set_clock(0)
        wait_until(lambda: site.ask(RUNS)[0][0] >= before + 2 * SCHEDULES, "two more runs of each", 300)
        site.wait_for_the_end()
        assert (site.ask(GAPS), site.ask(STRAY)) == ([(0,)], [(0,)])
    finally:
        site.stop()


def _make_schedules(site: Site) -> None:
    shop = site.new_shop("scheduled")
    with httpx.Client(base_url=site.api.base_url, headers=shop.headers, timeout=30) as http:
        for number in range(SCHEDULES):
            seconds = number * 60 // SCHEDULES
            body = {
                "name": f"number {number}",
                "interval_seconds": 60,
                "anchor": f"2026-01-01T00:00:{seconds:02d}Z",
                "overlap": "allow",
                "job": {"type": "test_probe"},
            }
            http.post("/api/ai-jobs/schedules", json=body).raise_for_status()
