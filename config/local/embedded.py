"""The embedded default: PostgreSQL and Valkey from their wheels, under one data folder, on unix sockets.

The addresses below are pure functions of the data folder, so that every command (`createapikey`,
`createsuperuser`) finds the servers that `up` started. The server processes themselves are in servers.py: this
module is a part of the settings, and production has no such wheels.
"""

import errno
import hashlib
import os
import re
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from aijobs import redis_urls

# A unix socket's path has at most 107 bytes; PostgreSQL appends /.s.PGSQL.5432.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")
SECRET_BYTES = 50
# As base 64 without its padding. What is shorter or longer has been damaged.
SECRET_LENGTH = -(-SECRET_BYTES * 8 // 6)
_SECRET = re.compile(rf"[A-Za-z0-9_-]{{{SECRET_LENGTH}}}")


def socket_dir(data_dir: Path) -> Path:
    """The folder of both servers' sockets: inside the data folder, or where its path is too long, a short one."""
    inside = data_dir / "run"
    if len(bytes(inside)) <= LONGEST_SOCKET_FOLDER:
        return inside
    digest = hashlib.sha256(bytes(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"aijobs-{digest}"


def database_url(data_dir: Path) -> str:
    # django-environ takes a path of two slashes as socket folder and database name.
    return f"postgres://postgres@/{quote(str(socket_dir(data_dir)))}/aijobs"


def redis_url(data_dir: Path) -> str:
    return redis_urls.of_socket(f"{socket_dir(data_dir)}/valkey.sock")


def secret(data_dir: Path, name: str) -> str:
    """A secret of this data folder (`secret_key`: Django's), created at first use, readable by its owner only.

    Raises ImproperlyConfigured where it cannot be had. It never makes up a key that is not kept: each process would
    have its own, and what one of them seals no other could open.
    """
    with _said_in_a_line(data_dir / name) as path:
        return _read_secret(path) or _create_secret(path)


def stored_secret(data_dir: Path, name: str) -> str | None:
    """The secret, or None where there is none yet. Raises ImproperlyConfigured as `secret` does."""
    with _said_in_a_line(data_dir / name) as path:
        return _read_secret(path)


@contextmanager
def _said_in_a_line(path: Path) -> Iterator[Path]:
    try:
        yield path
    except OSError as error:
        raise ImproperlyConfigured(
            f"The key {path} cannot be written or read ({error.strerror}). Correct the permissions of the folder, or "
            "choose another folder with --data-dir or AIJOBS_DATA_DIR."
        ) from None


def _read_secret(path: Path) -> str | None:
    """The secret, or None where there is none yet."""
    try:
        # Opened without waiting: a pipe of that name would never answer.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with open(descriptor, "rb") as file:
        key = (file.read(2 * SECRET_LENGTH) or b"").decode(errors="replace").rstrip("\r\n")
    if not _SECRET.fullmatch(key):
        raise ImproperlyConfigured(
            f"The key {path} is damaged: restore the file from a backup. Only if there is no backup, delete it, "
            "and the service makes a new one. After a new secret_key, everybody must log in to the admin again. "
            "After a new credentials_key, the credentials of marketplaces must be entered again."
        )
    return key


def _create_secret(path: Path) -> str:
    """Written aside and linked into place: of processes that create it at once one wins, and none reads a half."""
    key = secrets.token_urlsafe(SECRET_BYTES)
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with open(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(key)
            file.flush()
            # Else a machine that loses its power may keep the name and lose the key.
            os.fsync(file.fileno())
        os.link(aside, path)
    except FileExistsError:
        # A link that leads nowhere is there as well, and holds nothing.
        key = _read_secret(path) or _lost(path)
    finally:
        aside.unlink(missing_ok=True)
    return key


def _lost(path: Path) -> NoReturn:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
