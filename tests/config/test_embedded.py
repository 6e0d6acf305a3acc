"""The embedded servers' addresses and folder, without the servers; tests/integration/test_up.py runs them."""

import os
import socket
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import environ
import pytest
from redis import Redis

from aijobs import redis_urls
from config.local import embedded
from config.local.servers import EmbeddedServerError, PostgreSQL, prepare_data_dir
from config.local.stack import HOST, free_port
from manage import take_data_dir


def test_sockets_are_in_the_data_folder(tmp_path: Path) -> None:
    assert embedded.socket_dir(tmp_path) == tmp_path / "run"


def test_a_path_too_long_for_a_socket_has_a_short_one_of_its_own() -> None:
    first, second = (Path("/") / ("long" * 30) / name for name in ("first", "second"))
    assert len(str(embedded.socket_dir(first) / ".s.PGSQL.5432")) <= 107
    assert embedded.socket_dir(first) == embedded.socket_dir(first)
    assert embedded.socket_dir(first) != embedded.socket_dir(second)


@pytest.mark.parametrize("folder", ["/srv/data", "/srv/my data", "/srv/50%/größe"])
def test_the_database_address_is_understood(folder: str) -> None:
    found = environ.Env.db_url_config(embedded.database_url(Path(folder)))
    assert (found["HOST"], found["NAME"], found["USER"]) == (f"{folder}/run", "aijobs", "postgres")


@pytest.mark.parametrize("folder", ["/srv/data", "/srv/my data", "/srv/50%25/größe", "/srv/a;b?c#d"])
def test_the_broker_address_is_understood(folder: str) -> None:
    address = redis_urls.checked("REDIS_URL", embedded.redis_url(Path(folder)))
    assert Redis.from_url(address).connection_pool.connection_kwargs["path"] == f"{folder}/run/valkey.sock"


def test_the_secret_is_kept_and_private(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    secret = embedded.secret(data_dir, "secret_key")
    assert embedded.secret(data_dir, "secret_key") == secret
    assert len(secret) >= 50
    assert stat.S_IMODE((data_dir / "secret_key").stat().st_mode) == 0o600
    assert [path.name for path in data_dir.iterdir()] == ["secret_key"]


def test_processes_that_create_the_secret_at_once_agree(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as executor:
        assert len(set(executor.map(embedded.secret, [tmp_path] * 64, ["secret_key"] * 64))) == 1


def test_no_secret_is_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert len(embedded.secret(in_the_way, "secret_key")) >= 50


@pytest.mark.parametrize("given", [["--data-dir", "/srv/data"], ["--data-dir=/srv/data"]])
def test_the_data_folder_is_taken_from_every_command(given: list[str]) -> None:
    assert take_data_dir(["manage.py", "createsuperuser", *given, "--noinput"]) == (
        "/srv/data",
        ["manage.py", "createsuperuser", "--noinput"],
    )


def test_no_data_folder_leaves_the_arguments_alone() -> None:
    assert take_data_dir(["manage.py", "migrate"]) == (None, ["manage.py", "migrate"])


@pytest.mark.parametrize(
    ("arguments", "environment", "line"),
    [
        (["help", "--data-dir="], {}, "--data-dir is empty. Name a folder."),
        (["check"], {"AIJOBS_OUTBOUND_ALLOW": "x:y:1"}, "'x:y:1' in AIJOBS_OUTBOUND_ALLOW is not valid."),
        (["check"], {"AIJOBS_RELEASE_WINDOW": "0"}, "AIJOBS_RELEASE_WINDOW is 0, but it must be at least 1."),
        (
            ["check"],
            {"AIJOBS_PRODUCTION": "1", "SECRET_KEY": ""},
            "AIJOBS_PRODUCTION is set, but these are not: SECRET_KEY,",
        ),
    ],
)
def test_a_wrong_setting_is_said_in_a_line(arguments: list[str], environment: dict[str, str], line: str) -> None:
    called = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert called.returncode == 1
    assert called.stderr.startswith(line)
    assert called.stderr.count("\n") == 1


def test_the_data_folder_has_one_user_at_a_time(tmp_path: Path) -> None:
    with (
        prepare_data_dir(tmp_path),
        pytest.raises(EmbeddedServerError, match=rf"Another `up` \(process {os.getpid()}\) uses the data folder"),
    ):
        prepare_data_dir(tmp_path)
    prepare_data_dir(tmp_path).close()


def test_a_lock_file_of_a_dead_process_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / "up.lock").write_text("1\n")
    with prepare_data_dir(tmp_path):
        assert (tmp_path / "up.lock").read_text() == f"{os.getpid()}\n"


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"cannot be written .*--data-dir") as caught:
        prepare_data_dir(tmp_path / "file" / "data")
    assert "\n" not in str(caught.value)


def test_data_of_another_postgresql_is_left_alone(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("16\n")
    with pytest.raises(
        EmbeddedServerError, match=r"written by PostgreSQL 16, but this is PostgreSQL 18\. .*--data-dir"
    ):
        PostgreSQL(tmp_path).start()
    assert [path.name for path in cluster.iterdir()] == ["PG_VERSION"]


def test_a_busy_port_is_one_clear_line() -> None:
    with socket.create_server((HOST, 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(EmbeddedServerError, match=rf"Port {port} cannot be used .*--port"):
            free_port(port)


def test_port_zero_is_any_free_one() -> None:
    assert free_port(0) > 0
