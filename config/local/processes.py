"""Child processes: started so that none outlives us, stopped in bounded time, their output in a log file."""

import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

# The log of this start and those of the four before.
KEPT_LOGS = 5
# Celery's own clean-up, once what still runs has been handed back.
GRACE_SECONDS = 8
_LOOK_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1
# Looked up before any fork: the child between fork and exec must do as little as possible.
_prctl: Callable[..., int] | None = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a child runs as."""

    uid: int
    gid: int


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    account: Account | None = None,
    folder: Path | None = None,
    death_signal: signal.Signals = signal.SIGTERM,
    niceness: int = 0,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, so that the terminal's Ctrl-C reaches only us, its output into `log`.

    `niceness`: how far it and its children step back where processors are short, as nice(1) has it.

    Where we are killed outright, the kernel sends it `death_signal` (Linux). Call it from the main thread: the
    kernel takes the end of the starting thread for the end of the parent.
    """
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # the commands are ours
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
            preexec_fn=partial(_die_with, os.getpid(), death_signal) if _prctl else None,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    if niceness:
        _step_back(process.pid, niceness)
    return process


def _step_back(pid: int, niceness: int) -> None:
    """Of a child in a session of its own. Linux may share processors out by session first (autogroup), which has a
    niceness of its own. Both are a courtesy: an ended child, or a kernel without, is no error.
    """
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, pid, os.getpriority(os.PRIO_PROCESS, 0) + niceness)
    with suppress(OSError):
        Path(f"/proc/{pid}/autogroup").write_text(str(niceness))


def _die_with(parent: int, death_signal: signal.Signals) -> None:
    """Runs in the child, after the change of user: that would clear the request."""
    if _prctl is not None:
        _prctl(_PR_SET_PDEATHSIG, int(death_signal))
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def end_with(parent: int, seconds: float) -> None:
    """In a child, on a thread of its own: wait for the end of the parent, and so long for our own; then kill us and
    our children. Nobody else would kill what hangs on its way out.
    """
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    time.sleep(seconds)
    os.killpg(0, signal.SIGKILL)


def stop(process: subprocess.Popen[bytes], stop_signal: signal.Signals, seconds: float) -> None:
    """Ask a child to end, wait for so long, then kill what is left of its process group."""
    if process.poll() is None:
        process.send_signal(stop_signal)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill_group(process)
    kill_group(process)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a child and the children that it left: a dead API's workers would keep the port."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        # Nobody left; macOS says EPERM of a group of zombies.
        return
    finally:
        process.wait()


def rotate(log: Path, *, running: bool = False) -> None:
    """Make room for a new log: api.log becomes api.log.1, and so on; the oldest goes.

    Of a process that is `running`, the log stays the same file, to whose end it goes on writing: it is copied and
    emptied. What is written between the two is lost.
    """
    kept = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, KEPT_LOGS))]
    for older, newer in zip(reversed(kept), reversed(kept[:-1]), strict=False):
        if newer != log or not running:
            with suppress(FileNotFoundError):
                newer.replace(older)
        else:
            # On a full disk there is no copy: it is emptied all the same, all the more.
            with suppress(OSError):
                shutil.copyfile(log, older)
            os.truncate(log, 0)


def last_line(log: Path) -> str:
    """The last line of a log that says something, or ""."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 8192))
            lines = file.read().decode(errors="replace").splitlines()
    except FileNotFoundError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
