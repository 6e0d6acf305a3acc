"""Integration tests speak HTTP to a real server; real workers run the jobs. The logs are shown when a test fails."""

import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from django.core.management.commands import flush
from django.db import OperationalError, connection
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg.errors import DeadlockDetected

from aijobs.engine import broker
from tests import emptying
from tests.clients import Caller
from tests.groups import WORKER_CASES
from tests.integration.callers import Gate
from tests.integration.processes import Api, Processes, Running, empty_broker
from workers import periodic

_shown = pytest.StashKey[list[Processes]]()
_shared = pytest.StashKey[Processes]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the processes' logs to the report of a failed test."""
    report = yield
    if report.failed:
        for group in item.stash.get(_shown, []):
            report.sections += [(f"log of {each.name}", each.tail()) for each in group.running]
    return report


@pytest.fixture(scope="module", autouse=True)
def _emptying_beside_processes() -> Iterator[None]:
    """Empty all tables at once, and again where processes that still write met the first attempt: it locks them.

    The API and a module's worker outlive a test, and may still run what it dispatched.
    """
    execute_sql_flush = DatabaseOperations.execute_sql_flush

    def execute_again(operations: DatabaseOperations, statements: Sequence[str]) -> None:
        for left in reversed(range(5)):
            try:
                execute_sql_flush(operations, statements)
            except OperationalError as error:
                if not (left and isinstance(error.__cause__, DeadlockDetected)):
                    raise
            else:
                return

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "execute_sql_flush", execute_again)
        patch.setattr(flush, "sql_flush", emptying.truncation)
        yield


@pytest.fixture(scope="session")
def _api(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Processes, Api]]:
    group = Processes(tmp_path_factory.mktemp("api"))
    try:
        # It knows of no events process.
        yield group, group.api(AIJOBS_EVENTS_URL="")
    finally:
        group.end()


@pytest.fixture
def server(_api: tuple[Processes, Api], transactional_db: None, request: pytest.FixtureRequest) -> Api:
    """The API as a process, started once: `server.base_url`."""
    group, api = _api
    request.node.stash.setdefault(_shown, []).append(group)
    return api


@pytest.fixture
def http(server: Api, owner: Caller) -> Iterator[httpx.Client]:
    """An HTTP client with a key of `owner`, a new tenant."""
    headers = {"Authorization": f"Bearer {owner.key}", "X-Tenant-ID": owner.tenant.name}
    with httpx.Client(base_url=server.base_url, headers=headers, timeout=120) as client:
        yield client


@pytest.fixture
def processes(
    _workers: Processes, transactional_db: None, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Processes]:
    """Starts workers, beat or an API of the test's own. They end before the database is emptied.

    No other worker serves meanwhile.
    """
    _workers.end()
    empty_broker()
    group = Processes(tmp_path)
    request.node.stash.setdefault(_shown, []).append(group)
    try:
        yield group
    finally:
        group.end()
        empty_broker()


# Not for the session: tests elsewhere look at the messages that it would take.
@pytest.fixture(scope="package")
def _workers(
    django_db_setup: None, tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Iterator[Processes]:
    group = pytestconfig.stash[_shared] = Processes(tmp_path_factory.mktemp("worker"))
    try:
        yield group
    finally:
        group.end()


@pytest.fixture(scope="module", autouse=True)
def _no_worker_of_other_modules(request: pytest.FixtureRequest) -> None:
    """It would take the jobs of those that play the worker themselves."""
    workers = request.config.stash.get(_shared, None)
    if workers is not None and not request.node.nodeid.startswith(WORKER_CASES):
        workers.end()


@pytest.fixture
def worker(_workers: Processes, transactional_db: None, request: pytest.FixtureRequest) -> Running:
    """A worker of two processes with short leases, which tests share until one has processes of its own."""
    empty_broker()
    request.node.stash.setdefault(_shown, []).append(_workers)
    if not _workers.running:
        _workers.worker(AIJOBS_LEASE_SECONDS="2")
    return _workers.running[0]


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    """Keeps a job running for as long as a test wants it to. The worker goes on to serve other tests."""
    gate = Gate(tmp_path / "open")
    yield gate
    gate.open()


@pytest.fixture
def sweeping(transactional_db: None) -> Iterator[None]:
    """The sweeper, at work in this process: what beat and the control worker do, without waiting for their start."""
    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(0.2):
            # One that fails is followed by the next, as beat has it.
            with suppress(OperationalError):
                periodic.sweep()
        connection.close()
        broker.disconnect()

    thread = threading.Thread(target=sweep, name="sweeper")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
