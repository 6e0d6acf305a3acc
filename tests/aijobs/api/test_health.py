"""`/healthz` and `/readyz`: against the real servers, against closed sockets, and against servers that hang."""

import socket
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection, connections
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils.timezone import now

from aijobs import health
from aijobs.engine import selfcheck, transactions
from aijobs.engine.selfcheck import Finding, Violation
from aijobs.models import IdempotencyKey, Job
from tests import engine
from tests.aijobs.api.answers import at_once, error_of
from tests.factories import TenantFactory

OK = {"database": "ok", "broker": "ok", "migrations": "ok"}
UNKNOWN = "unknown: the database is down"


@pytest.fixture(autouse=True)
def _nothing_checked_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """And however busy the machine is, what answers at all answers in time, and is remembered for long enough."""
    monkeypatch.setattr(health, "LIMIT_SECONDS", 60)
    monkeypatch.setattr(health, "WRITE_CACHE_SECONDS", 600.0)
    monkeypatch.setattr(health, "SELFCHECK_CACHE_SECONDS", 600.0)
    health.forget()
    yield
    health.forget()


@pytest.fixture
def silent_socket(tmp_path: Path) -> Iterator[Path]:
    """Where a server seems to listen on PostgreSQL's socket, and never says a word."""
    path = tmp_path / ".s.PGSQL.5432"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield path


@pytest.fixture
def database_at(db: None, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point new connections to another folder; the test's own connection stays."""
    return lambda folder: monkeypatch.setitem(connections["default"].settings_dict, "HOST", str(folder))


def not_ready(client: Client, path: str = "/readyz") -> dict[str, Any]:
    """The details of an answer that must be a refusal."""
    response = client.get(path)
    assert response.status_code == 503
    assert response["Retry-After"] == "2"
    error = response.json()["error"]
    assert error["code"] == "NOT_READY"
    details: dict[str, Any] = error["details"]
    return details


@pytest.mark.parametrize("path", ["/healthz", "/healthz/"])
def test_alive_without_database_and_broker(client: Client, settings: Any, path: str) -> None:
    # Without the `db` fixture, a query would raise.
    settings.BROKER_URL = "redis://127.0.0.1:1"
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"data": {"status": "alive"}})


@pytest.mark.parametrize("path", ["/readyz", "/readyz/"])
def test_ready(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert (response.status_code, response.json()) == (200, {"data": {"status": "ready", "checks": OK}})


@pytest.mark.parametrize("path", ["/readyz", "/readyz?deep=1"])
def test_an_old_transaction_is_named_and_the_service_stays_ready(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    monkeypatch.setattr(transactions, "OLD_SECONDS", 0.0)
    parameters = {**connection.get_connection_params(), "application_name": "pg_dump"}
    with psycopg.connect(**parameters) as other:
        other.execute("SELECT 'the secret of a query'")
        response = client.get(path)
        assert response.status_code == 200
        data = response.json()["data"]
        assert data["status"] == "ready"
        [line] = [line for line in data["warnings"] if f"process ID {other.info.backend_pid} " in line]
        assert "pg_dump" not in line
        assert "secret" not in line


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_head(client: Client, db: None, path: str) -> None:
    response = client.head(path)
    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_wrong_key_does_not_matter(client: Client, db: None, path: str) -> None:
    assert client.get(path, headers={"authorization": "Bearer nonsense"}).status_code == 200


def test_database_down(client: Client, database_at: Any, tmp_path: Path) -> None:
    database_at(tmp_path)
    assert not_ready(client) == {"database": "down: cannot connect", "broker": "ok", "migrations": UNKNOWN}


def test_database_hangs(
    client: Client, database_at: Any, silent_socket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It never answers: without a limit this would be for ever.
    monkeypatch.setattr(health, "LIMIT_SECONDS", 2)
    database_at(silent_socket.parent)
    assert not_ready(client) == {"database": "down: no answer", "broker": "ok", "migrations": UNKNOWN}


def test_broker_down(client: Client, db: None, settings: Any) -> None:
    settings.BROKER_URL = "redis://:hunter2@127.0.0.1:1/0"
    assert not_ready(client) == {**OK, "broker": "down: cannot connect"}


def test_broker_hangs(client: Client, db: None, settings: Any, silent_socket: Path) -> None:
    settings.BROKER_URL = f"unix://{silent_socket}"
    assert not_ready(client) == {**OK, "broker": "down: no answer"}


# --- Whether a dispatch could commit ----------------------------------------------------------------------------


@pytest.fixture
def session_option(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Give new connections another setting; the test's own connection stays."""

    def add(option: str) -> None:
        options = connections["default"].settings_dict["OPTIONS"]
        monkeypatch.setitem(options, "options", f"{options['options']} -c {option}")

    return add


def test_a_database_that_takes_no_writes(client: Client, db: None, session_option: Callable[[str], None]) -> None:
    """As a replica, or one whose default an operator has set."""
    session_option("default_transaction_read_only=on")
    assert not_ready(client) == {"database": "down: takes no writes", "broker": "ok", "migrations": UNKNOWN}


def test_a_disk_that_is_full(client: Client, db: None, session_option: Callable[[str], None]) -> None:
    """Its bound on temporary files stands for the disk's."""
    session_option("temp_file_limit=64")
    assert not_ready(client)["database"] == "down: no room left on its disk"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["aijobs_job", "aijobs_jobevent", "aijobs_tenantcapacity", "aijobs_idempotencykey"])
def test_a_role_that_may_not_write(client: Client, session_option: Callable[[str], None], table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE ROLE readyz_role; GRANT ALL ON ALL TABLES IN SCHEMA public TO readyz_role; "
            "GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO readyz_role; "
            f"REVOKE INSERT ON {table} FROM readyz_role"
        )
    try:
        session_option("role=readyz_role")
        assert not_ready(client)["database"] == "down: its role may not write to the tables of jobs"
        with connection.cursor() as cursor:
            cursor.execute(f"GRANT INSERT ON {table} TO readyz_role")
        assert client.get("/readyz").status_code == 200
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP OWNED BY readyz_role; DROP ROLE readyz_role")


@pytest.mark.django_db(transaction=True)
def test_a_probe_writes_once_in_a_while_and_leaves_nothing(client: Client) -> None:
    def written() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT last_value FROM aijobs_idempotencykey_id_seq")
            found: int = cursor.fetchone()[0]
            return found

    assert client.get("/readyz").status_code == 200
    after_one = written()
    assert {answer.status_code for answer in at_once(8, lambda number: client.get("/readyz"))} == {200}
    assert written() == after_one
    health.forget()
    assert client.get("/readyz").status_code == 200
    assert written() == after_one + 1
    assert not IdempotencyKey.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_ready_once_the_migrations_are_applied(client: Client) -> None:
    recorder = MigrationRecorder(connection)
    recorder.record_unapplied("sessions", "0001_initial")
    try:
        assert not_ready(client) == {**OK, "migrations": "down: 1 not applied; run manage.py migrate"}
    finally:
        recorder.record_applied("sessions", "0001_initial")
    assert client.get("/readyz").status_code == 200


# --- ?deep=1 ----------------------------------------------------------------------------------------------------

BROKEN = Finding("lease", [Violation("lease", "job_1", "on worker 7 of my-shop")], 3)


class Checks:
    """Stands for the self-check: counts its runs, and lasts as long as a test wants."""

    def __init__(self, found: list[Finding]) -> None:
        self.found = found
        self.runs = 0
        self.may_end = threading.Event()
        self.may_end.set()

    def __call__(self) -> list[Finding]:
        self.runs += 1
        assert self.may_end.wait(60)
        return self.found


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> Iterator[Checks]:
    checks = Checks([])
    monkeypatch.setattr(selfcheck, "findings", checks)
    yield checks
    checks.may_end.set()


@pytest.mark.django_db(transaction=True)
def test_deep_and_well(client: Client) -> None:
    engine.dispatch(TenantFactory())
    response = client.get("/readyz?deep=1")
    expected = {"data": {"status": "ready", "checks": {**OK, "selfcheck": "ok"}}}
    assert (response.status_code, response.json()) == (200, expected)


@pytest.mark.django_db(transaction=True)
def test_deep_tells_which_rule_is_broken(client: Client) -> None:
    tenant = TenantFactory()
    ids = engine.dispatch(tenant, 2)
    for job_id in ids:
        engine.start(job_id)
    Job.objects.update(lease_expires_at=now() - timedelta(minutes=1))
    details = not_ready(client, "/readyz?deep=1")
    assert details == {**OK, "selfcheck": ["lease: 2 violations"]}
    # Only who asks for it is told.
    assert client.get("/readyz").status_code == 200


def test_deep_tells_nothing_of_jobs_tenants_and_workers(client: Client, db: None, checks: Checks) -> None:
    checks.found = [BROKEN, Finding("consumption", [Violation("consumption", None, "of my-shop")], 1)]
    lines = not_ready(client, "/readyz?deep=1")["selfcheck"]
    assert lines == ["lease: 3 violations", "consumption: 1 violation"]


def test_deep_does_not_look_when_the_database_is_down(
    client: Client, database_at: Any, tmp_path: Path, checks: Checks
) -> None:
    database_at(tmp_path)
    assert "selfcheck" not in not_ready(client, "/readyz?deep=1")
    assert checks.runs == 0


@pytest.mark.parametrize("query", ["", "?deep=0", "?probe=kubelet"])
def test_shallow_unless_asked(client: Client, db: None, checks: Checks, query: str) -> None:
    assert client.get("/readyz" + query).json()["data"]["checks"] == OK
    assert checks.runs == 0


@pytest.mark.parametrize("query", ["deep=2", "deep=true", "deep=", "deep=1&deep=1"])
def test_deep_is_0_or_1(client: Client, db: None, checks: Checks, query: str) -> None:
    error = error_of(client.get(f"/readyz?{query}"), 422, "INVALID_FILTER")
    assert error["details"] == [{"path": "deep", "message": "must be 0 or 1, and given only once"}]
    assert checks.runs == 0


def test_deep_answer_is_repeated_for_a_while(
    client: Client, db: None, checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        assert client.get("/readyz?deep=1").status_code == 200
    assert checks.runs == 1
    checks.found = [BROKEN]
    monkeypatch.setattr(health, "SELFCHECK_CACHE_SECONDS", 0.0)
    assert not_ready(client, "/readyz?deep=1")
    assert checks.runs == 2


def test_deep_runs_once_for_all_who_ask_meanwhile(db: None, checks: Checks, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "SELFCHECK_CACHE_SECONDS", 0.0)
    checks.may_end.clear()
    asked, start = threading.Barrier(4, action=checks.may_end.set), health.deep_check.start

    def ask() -> Any:
        run = start()
        asked.wait()
        return run

    monkeypatch.setattr(health.deep_check, "start", ask)
    assert at_once(4, lambda number: health.deep_check.lines()) == [[]] * 4
    assert checks.runs == 1


def test_deep_check_that_takes_too_long_gives_no_answer(
    client: Client, db: None, checks: Checks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "LIMIT_SECONDS", 1)
    checks.may_end.clear()
    assert health.deep_check.lines() == ["no answer"]


@pytest.mark.django_db(transaction=True)
def test_database_stops_a_deep_check_that_takes_too_long(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def sleep() -> list[Finding]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(30)")
        return []

    monkeypatch.setattr(selfcheck, "findings", sleep)
    monkeypatch.setattr(health, "LIMIT_SECONDS", 1)
    run = health.deep_check.start()
    with pytest.raises(Exception, match="statement timeout"):
        run.result(timeout=60)
    assert health.deep_check.lines() == ["no answer"]


def test_both_are_documented(client: Client, db: None) -> None:
    document = client.get("/api/schema", headers={"accept": "application/json"}).content.decode()
    assert "healthz" in document
    assert "NOT_READY" in document
