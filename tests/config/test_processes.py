"""Logs of child processes: kept for five starts, and never longer than the disk can bear."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from config.local import processes, supervisor
from config.local.supervisor import Child, Supervisor
from tests.integration.processes import wait_until


def test_five_logs_are_kept_the_newest_first(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    for start in range(8):
        processes.rotate(log)
        log.write_text(f"start {start}")
    kept = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert kept == {
        "api.log": "start 7",
        "api.log.1": "start 6",
        "api.log.2": "start 5",
        "api.log.3": "start 4",
        "api.log.4": "start 3",
    }


def test_each_process_has_logs_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "api.log").write_text("api")
    (tmp_path / "beat.log").write_text("beat")
    processes.rotate(tmp_path / "api.log")
    assert {path.name for path in tmp_path.iterdir()} == {"api.log.1", "beat.log"}


WRITER = """
import sys
import time
for _ in range(2):
    sys.stdout.write(sys.stdin.readline())
    sys.stdout.flush()
"""


def test_the_log_of_a_running_process_is_rotated_under_it(tmp_path: Path) -> None:
    log = tmp_path / "api.log"
    with log.open("ab") as output:
        writer = subprocess.Popen([sys.executable, "-c", WRITER], stdin=subprocess.PIPE, stdout=output)
    assert writer.stdin is not None
    log.write_text("before\n")
    processes.rotate(log, running=True)
    writer.communicate(b"one\ntwo\n", timeout=120)
    assert (log.read_text(), (tmp_path / "api.log.1").read_text()) == ("one\ntwo\n", "before\n")


def test_the_supervisor_rotates_a_log_that_has_grown_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "LONGEST_LOG", 100)
    log = tmp_path / "api.log"

    class Enough(Exception):
        """Ends the watch."""

    def enough(seconds: float) -> None:
        raise Enough

    # Its own only: other threads sleep, too.
    monkeypatch.setattr(supervisor, "time", SimpleNamespace(sleep=enough, monotonic=time.monotonic))
    keeper = Supervisor(lambda line: None)
    keeper.start(Child("api", "answers", lambda: processes.spawn(["sleep", "60"], log), log))
    try:
        for size, rotated in ((100, False), (101, True)):
            log.write_text("x" * size)
            with pytest.raises(Enough):
                keeper.watch()
            assert (tmp_path / "api.log.1").exists() == rotated
        assert log.read_text() == ""
    finally:
        monkeypatch.undo()
        keeper.stop()


def test_a_child_steps_back_behind_us(tmp_path: Path) -> None:
    child = processes.spawn(["sleep", "60"], tmp_path / "child.log", niceness=3)
    try:
        ours = os.getpriority(os.PRIO_PROCESS, 0)
        assert os.getpriority(os.PRIO_PROCESS, child.pid) == min(ours + 3, 19)
    finally:
        processes.stop(child, signal.SIGTERM, 10)


# A child that does not end when it is told to, with one of its own; and its parent, which says which they are.
STUBBORN = """
import os
import signal
import subprocess
import sys
from config.local import processes
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen(["sleep", "600"], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
processes.end_with(int(sys.argv[1]), 0.1)
"""
PARENT = """
import os
import sys
from pathlib import Path
from config.local import processes
child = processes.spawn([sys.executable, "-c", sys.argv[1], str(os.getpid())], Path(sys.argv[2]))
print(child.pid, flush=True)
sys.stdin.read()
"""


def test_a_child_that_hangs_is_killed_with_its_children_once_its_parent_is(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, STUBBORN, str(tmp_path / "child.log")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        # Until it ignores SIGTERM, and has its child.
        wait_until(lambda: len(of_group(group)) == 2, "the child and its child")
        parent.kill()
    wait_until(lambda: not of_group(group), "the end of both")


def of_group(group: int) -> list[psutil.Process]:
    """Those of a process group that have not ended."""
    return [
        each
        for each in psutil.process_iter(["status"])
        if each.info["status"] != psutil.STATUS_ZOMBIE and _group_of(each) == group
    ]


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None
