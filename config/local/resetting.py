"""`up --reset`: empties a data folder of ours, and nothing else. It is called with the folder's lock, which stays."""

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from config.local.folder import CLUSTER, DELETED_CLUSTER, KEYS, LOCK, OURS, EmbeddedServerError
from config.local.servers import Announce, PostgreSQL, Valkey

# A key whose creation was interrupted, see embedded.secret.
UNFINISHED_KEY = re.compile(rf"({'|'.join(KEYS)})\.[0-9]+\.[0-9a-f]+")
NAMED = 3


def require_ours(data_dir: Path) -> None:
    """Raises EmbeddedServerError unless the folder is missing, empty, or a data folder with nothing else in it."""
    try:
        entries = sorted(data_dir.iterdir()) if data_dir.exists() else []
    except OSError as error:
        raise EmbeddedServerError(f"The data folder {data_dir} cannot be read ({error.strerror}).") from None
    if not entries:
        return
    others = [entry.name for entry in entries if not _is_ours(entry.name)]
    lock = data_dir / LOCK
    if not lock.is_file():
        raise EmbeddedServerError(
            f"{data_dir} is not a data folder: `up` was never started with it. Nothing was deleted. Check --data-dir."
        )
    if others:
        raise EmbeddedServerError(
            f"{data_dir} also holds {_listed(others)}, which AI Jobs did not put there. Nothing was deleted. Move it "
            "away first, or delete by hand what you do not need any more."
        )
    if links := [entry.name for entry in entries if entry.is_symlink()]:
        raise EmbeddedServerError(
            f"In {data_dir}, {_listed(links)} is a symbolic link, which leads outside. Nothing was deleted. "
            "Delete by hand what you do not need any more."
        )


def _is_ours(name: str) -> bool:
    return name in OURS or UNFINISHED_KEY.fullmatch(name) is not None


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def contents(data_dir: Path, announce: Announce) -> str:
    """Whose data the folder holds, in words: the database is started for this, and stopped again."""
    if not (data_dir / CLUSTER).exists():
        return "no database yet"
    server = PostgreSQL(data_dir, announce)
    try:
        server.start()
        server.wait_ready()
        with server.connect("aijobs") as connection:
            names = [name for (name,) in connection.execute("SELECT name FROM aijobs_tenant ORDER BY id")]
    except (EmbeddedServerError, psycopg.Error):
        return "a database that does not start, so nobody knows of how many tenants"
    finally:
        server.stop()
    whose = "1 tenant's" if len(names) == 1 else f"{len(names)} tenants'"
    return f"{whose} data" + (f" ({_listed(names)})" if names else "")


def empty(data_dir: Path, announce: Announce) -> None:
    """Delete what is in the folder. Wherever this is interrupted, the next `up` works.

    The cluster goes first, and at once: without it the keys open nothing, while without them its credentials could
    not be read.
    """
    with _said_in_a_line(data_dir):
        for server in (PostgreSQL(data_dir, announce), Valkey(data_dir, announce)):
            server.clear_leftovers()
    finish(data_dir)
    with _said_in_a_line(data_dir):
        if (data_dir / CLUSTER).exists():
            (data_dir / CLUSTER).rename(data_dir / DELETED_CLUSTER)
    finish(data_dir)
    with _said_in_a_line(data_dir):
        for entry in data_dir.iterdir():
            if _is_ours(entry.name) and entry.name != LOCK:
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        (data_dir / "logs").mkdir(mode=0o700)


def finish(data_dir: Path) -> None:
    """Delete a cluster whose deletion has begun."""
    with _said_in_a_line(data_dir):
        if (data_dir / DELETED_CLUSTER).exists():
            shutil.rmtree(data_dir / DELETED_CLUSTER)


@contextmanager
def _said_in_a_line(data_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise EmbeddedServerError(
            f"The data folder {data_dir} could not be emptied ({error.strerror}: {error.filename}). Correct the "
            "permissions, and start `up` with --reset again."
        ) from None
