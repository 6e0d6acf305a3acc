"""PostgreSQL, and Valkey or Redis: that they answer, and are as the service needs them."""

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import redis
from django.conf import settings
from django.db import connection
from redis.backoff import NoBackoff
from redis.retry import Retry

from aijobs import health
from aijobs.engine import transactions
from aijobs.postgresql.connection import Connection
from aijobs.postgresql.patience import patience
from config.doctor.findings import Finding, broken, doubtful, fine, reason
from config.doctor.place import Place
from config.local import processes

# Django supports none that is older; the suite runs on this one.
OLDEST_POSTGRESQL = 14
TESTED_POSTGRESQL = 18
OLDEST_REDIS = 6
SILENCE_SECONDS = 5.0
REDIS_SECONDS = 2.0
# Between two clocks: leases and keys expire by the database's.
CLOCK_SECONDS = 2.0
MIGRATE = "Run manage.py migrate, or restart `up`, which does it."
PROBE_KEY = "ai-jobs:doctor"


@contextmanager
def quietly() -> Iterator[None]:
    """What the checks find is told by `doctor`, not by the log as well; and no server is waited for long."""
    logging.disable(logging.CRITICAL)
    patience.limit(SILENCE_SECONDS)
    try:
        yield
    finally:
        patience.limit(None)
        logging.disable(logging.NOTSET)


def database(place: Place) -> Iterator[Finding]:
    """Whether it answers, takes writes, is migrated, has no old transactions, and agrees about the time."""
    try:
        with Connection.connect(**connection.get_connection_params(), autocommit=True) as own:
            yield version(own.info.server_version)
            yield _clock(own)
    except psycopg.Error as error:
        yield _unreachable(place, error)
        return
    outcomes = health.run_checks()
    yield _writes(outcomes["database"])
    yield _migrations(outcomes["migrations"])
    yield _transactions()


def _unreachable(place: Place, error: psycopg.Error) -> Finding:
    if not place.embedded_database:
        return broken(
            "database",
            f"The database in DATABASE_URL does not answer: {reason(error)}.",
            "Check that it is running, and that address, user, password and name in DATABASE_URL are right.",
        )
    return _not_running(place, "database", "PostgreSQL", "postgresql")


def _not_running(place: Place, check: str, server: str, log: str) -> Finding:
    """Of an embedded server."""
    if place.up is None:
        return doubtful(
            check,
            f"The embedded {server} is not running, because no `up` uses this data folder.",
            "Start it with `uv run manage.py up`.",
        )
    path = place.data_dir / "logs" / f"{log}.log"
    last = processes.last_line(path)
    return broken(
        check,
        f"The embedded {server} does not answer, although `up` is running (process {place.up})."
        + (f' The last line of its log is "{last}".' if last else ""),
        f"`up` starts it again when it ends. If it stays like this, see {path}, and restart `up`.",
    )


def version(number: int) -> Finding:
    """Of PostgreSQL, as it numbers itself: 180004 is 18.4."""
    major, full = number // 10_000, f"{number // 10_000}.{number % 10_000}"
    if major < OLDEST_POSTGRESQL:
        return broken("database", f"It is PostgreSQL {full}.", f"Install PostgreSQL {TESTED_POSTGRESQL}.")
    if major < TESTED_POSTGRESQL:
        return doubtful(
            "database",
            f"PostgreSQL {full} answers, but AI Jobs is tested with PostgreSQL {TESTED_POSTGRESQL} only.",
            "Update it when you can.",
        )
    return fine("database", f"PostgreSQL {full} answers.")


def _clock(own: psycopg.Connection) -> Finding:
    before = time.time()
    [row] = own.execute("SELECT extract(epoch FROM clock_timestamp())::float").fetchall()
    after = time.time()
    difference = row[0] - (before + after) / 2
    # What the way there and back may hide.
    if abs(difference) > CLOCK_SECONDS + (after - before) / 2:
        side = "ahead of" if difference > 0 else "behind"
        return broken(
            "clock",
            f"The database's clock is {abs(difference):.0f} s {side} this machine's.",
            "Let both set their clocks by the network (NTP): leases, schedules and keys go by them.",
        )
    return fine("clock", f"This machine's clock and the database's agree ({difference:+.1f} s).")


def _writes(outcome: str) -> Finding:
    if outcome == "ok":
        return fine("database writes", "The service may write to its tables, and the disk has room.")
    return broken(
        "database writes",
        f"The database cannot store a job ({outcome.removeprefix('down: ')}).",
        "Check the role's privileges on the tables, the disk, and that this is not a standby.",
    )


def _migrations(outcome: str) -> Finding:
    if outcome == "ok":
        return fine("migrations", "All are applied.")
    if not outcome.startswith("down: "):
        advice = "Mend what is wrong with the database first."
        return doubtful("migrations", "Whether all are applied is not known.", advice)
    return broken("migrations", f"{outcome.removeprefix('down: ').partition(';')[0].capitalize()}.", MIGRATE)


def _transactions() -> Finding:
    if old := transactions.warnings(with_names=True):
        found, _, advice = old[0].partition(f" {transactions.END_IT} ")
        more = f" {len(old) - 1} more are open, see manage.py selfcheck." if len(old) > 1 else ""
        return doubtful("transactions", f"{found}{more}", f"{transactions.END_IT} {advice}".strip())
    if hidden := transactions.unseen():
        found, _, advice = hidden[0].partition(". ")
        return doubtful("transactions", f"{found}.", advice)
    return fine("transactions", f"None has been open for more than {transactions.OLD_SECONDS:.0f} s.")


def brokers(place: Place) -> Iterator[Finding]:
    """The broker; and the server of the rate limits, where that is another."""
    names = {settings.BROKER_URL: "broker"}
    names.setdefault(settings.REDIS_URL, "rate limits")
    for url, check in names.items():
        yield _redis(place, check, url)


def _redis(place: Place, check: str, url: str) -> Finding:
    setting = "BROKER_URL" if check == "broker" and settings.BROKER_URL != settings.REDIS_URL else "REDIS_URL"
    try:
        with redis.Redis.from_url(
            url,
            socket_connect_timeout=REDIS_SECONDS,
            socket_timeout=REDIS_SECONDS,
            retry=Retry(NoBackoff(), 0),
        ) as client:
            return _answering(check, setting, client)
    except (redis.ConnectionError, redis.TimeoutError) as error:
        if place.embedded_broker and setting == "REDIS_URL":
            return _not_running(place, check, "Valkey", "valkey")
        return broken(
            check,
            f"The server in {setting} does not answer: {reason(error)}.",
            f"Check that it is running, and that address, password and TLS in {setting} are right.",
        )
    except redis.RedisError as error:
        return broken(check, f"The server in {setting} refuses: {reason(error)}.", _advice(error))


def _advice(error: redis.RedisError) -> str:
    if isinstance(error, redis.exceptions.ReadOnlyError):
        return "It is a replica, which takes no writes: name the primary."
    if isinstance(error, redis.exceptions.OutOfMemoryError):
        return "Give it more memory (maxmemory), or empty what else is in it."
    return "Check that the user in the address may read and write all keys, and what its log says."


def _answering(check: str, setting: str, client: redis.Redis) -> Finding:
    client.set(PROBE_KEY, 1, ex=10)
    client.delete(PROBE_KEY)
    try:
        told = client.info()
    except redis.ResponseError:
        # Some that others run tell nothing.
        return fine(check, "It answers and takes writes. It tells neither its version nor its memory policy.")
    name, version = (
        ("Valkey", told["valkey_version"]) if "valkey_version" in told else ("Redis", told["redis_version"])
    )
    policy = told.get("maxmemory_policy", "noeviction")
    if int(version.partition(".")[0]) < OLDEST_REDIS:
        return doubtful(check, f"It is {name} {version}, which is old.", "Install Valkey 9.")
    if policy != "noeviction":
        return doubtful(
            check,
            f"{name} {version} in {setting} answers, but its memory policy is {policy}: when its memory is full, it "
            "deletes messages.",
            "Set maxmemory-policy to noeviction.",
        )
    return fine(check, f"{name} {version} answers, takes writes and evicts nothing.")
