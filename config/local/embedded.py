"""The embedded default: PostgreSQL and Valkey from their wheels, under one data folder, on unix sockets.

The addresses below are pure functions of the data folder, so that every command (`createapikey`,
`createsuperuser`) finds the servers that `up` started. The server processes themselves are in servers.py: this
module is a part of the settings, and production has no such wheels.
"""

import hashlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

from aijobs import redis_urls

# A unix socket's path has at most 107 bytes; PostgreSQL appends /.s.PGSQL.5432.
LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")


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
    """A secret of this data folder (`secret_key`: Django's), created at first use, readable by its owner only."""
    path = data_dir / name
    try:
        return path.read_text()
    except FileNotFoundError:
        return _create_secret(path)
    except OSError:
        # A folder that cannot be read is `up`'s to refuse; --help and checks work all the same.
        return _new_secret()


def _create_secret(path: Path) -> str:
    """Written aside and linked into place: of processes that create it at once one wins, and none reads a half."""
    key = _new_secret()
    aside = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(key)
    except OSError:
        return key
    try:
        os.link(aside, path)
    except FileExistsError:
        return path.read_text()
    finally:
        aside.unlink()
    return key


def _new_secret() -> str:
    return secrets.token_urlsafe(50)
