"""The embedded default: PostgreSQL and Valkey from their wheels, under one data folder, on unix sockets.

The addresses below are pure functions of the data folder, so that every command (`createapikey`,
`createsuperuser`) finds the servers that `up` started. The server processes themselves are further down.
"""

import hashlib
import secrets
import tempfile
from pathlib import Path
from urllib.parse import quote

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
    return f"unix://{socket_dir(data_dir)}/valkey.sock"


def celery_url(redis_url: str) -> str:
    """Kombu's name for the same server: it says redis+socket:// where redis-py says unix://."""
    return redis_url.replace("unix://", "redis+socket://", 1)


def secret_key(data_dir: Path) -> str:
    """Django's secret of this data folder, created at first use and readable by its owner only."""
    path = data_dir / "secret_key"
    try:
        return path.read_text()
    except FileNotFoundError:
        key = secrets.token_urlsafe(50)
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(key)
    except OSError:
        # A folder that cannot be written is `up`'s to refuse; --help and checks work all the same.
        return key
    return key
