"""The data folder of `up`: who uses it, what it holds, and that nobody else looks into it."""

import fcntl
import os
from pathlib import Path
from typing import TextIO

LOCK = "up.lock"
# What the keys are called, the cluster, and one whose deletion has begun.
KEYS = ("secret_key", "credentials_key")
CLUSTER = "postgres"
DELETED_CLUSTER = "postgres.deleted"
# What a data folder holds.
OURS = {*KEYS, LOCK, "logs", "run", CLUSTER, "postgres.unfinished", DELETED_CLUSTER}


class EmbeddedServerError(Exception):
    """Why the embedded servers cannot run: one line for the person at the terminal."""


def prepare_data_dir(data_dir: Path) -> TextIO:
    """Create the data folder and take its lock, which is held until the returned file is closed or we die."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (data_dir / LOCK).open("a+")
    except OSError as error:
        raise EmbeddedServerError(
            f"The data folder {data_dir} cannot be written ({error.strerror}). Choose another with --data-dir."
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        holder = lock.read().strip() or "unknown"
        lock.close()
        raise EmbeddedServerError(
            f"Another `up` (process {holder}) uses the data folder {data_dir}. Stop it, or choose another folder "
            "with --data-dir."
        ) from None
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    # Only now: a PostgreSQL that runs as another user needs what is taken away here.
    try:
        _shut(data_dir)
    except OSError as error:
        lock.close()
        raise EmbeddedServerError(
            f"The data folder {data_dir} cannot be kept private ({error.strerror}): choose another with --data-dir."
        ) from None
    return lock


def _shut(data_dir: Path) -> None:
    """Take away what the data folder lets others do: an earlier release, or whoever made it, may have allowed more.

    One that also holds folders or files of others, as a home or /srv does, is left as it is: ours in it are shut.
    """
    logs = data_dir / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    logs.chmod(0o700)
    others = [entry for entry in data_dir.iterdir() if entry.name not in OURS]
    if not any(entry.is_dir() or entry.lstat().st_uid != os.geteuid() for entry in others):
        data_dir.chmod(0o700)


def user_of(data_dir: Path) -> str | None:
    """The process ID of the `up` that uses the folder ("unknown" where it has not written it yet); None if none."""
    try:
        with (data_dir / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return (data_dir / LOCK).read_text().strip() or "unknown"
    except OSError:
        return None
    return None
