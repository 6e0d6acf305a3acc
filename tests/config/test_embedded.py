"""The embedded servers' addresses and folder, without the servers; tests/integration/test_up.py runs them."""

import errno
import os
import runpy
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured
from redis import Redis

from aijobs import redis_urls
from config.local import embedded
from config.local.folder import EmbeddedServerError, prepare_data_dir
from config.local.servers import PostgreSQL
from config.local.stack import HOST, free_port
from manage import main, needs_no_key, take_data_dir

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize(
    "damage",
    [
        Path.touch,
        lambda path: path.write_text("k" * (embedded.SECRET_LENGTH - 1)),
        lambda path: path.write_text("k" * (embedded.SECRET_LENGTH + 1)),
        lambda path: path.write_text("k" * 10_000_000),
        lambda path: path.write_text("\n" * embedded.SECRET_LENGTH),
        lambda path: path.write_bytes(b"\xff" * embedded.SECRET_LENGTH),
        lambda path: path.write_bytes(b"\0" * embedded.SECRET_LENGTH),
        os.mkfifo,
    ],
    ids=["empty", "cut", "longer", "huge", "blank", "not UTF-8", "zeros", "pipe"],
)
def test_a_damaged_secret_is_refused_and_left_as_it_is(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    damage(tmp_path / "secret_key")
    before = _state_of(tmp_path / "secret_key")
    with pytest.raises(ImproperlyConfigured, match=r"^The key \S+/secret_key is damaged: restore .*\.$") as refused:
        embedded.secret(tmp_path, "secret_key")
    assert "\n" not in str(refused.value)
    assert _state_of(tmp_path / "secret_key") == before


def _state_of(path: Path) -> tuple[int, ...]:
    """What reading does not change."""
    state = path.stat()
    return state.st_ino, state.st_mode, state.st_size, state.st_mtime_ns


def test_a_secret_that_an_editor_has_ended_with_a_line_break_is_the_same(tmp_path: Path) -> None:
    secret = embedded.secret(tmp_path, "secret_key")
    (tmp_path / "secret_key").write_text(f"{secret}\r\n")
    assert embedded.secret(tmp_path, "secret_key") == secret


@pytest.mark.parametrize(
    ("block", "why"),
    [
        (lambda folder: folder.touch(), "Not a directory"),
        (lambda folder: folder.symlink_to(folder), "Too many levels of symbolic links"),
        (lambda folder: (folder / "secret_key").mkdir(parents=True), "Is a directory"),
        (lambda folder: folder.mkdir() or (folder / "secret_key").symlink_to("nowhere"), "No such file or directory"),
    ],
    ids=["file", "loop", "folder", "dangling link"],
)
def test_a_secret_that_cannot_be_kept_is_refused(tmp_path: Path, block: Callable[[Path], object], why: str) -> None:
    """It used to be a random one, of each process its own."""
    block(tmp_path / "data")
    with pytest.raises(
        ImproperlyConfigured, match=rf"^The key \S+ cannot be written or read \({why}\)\. Correct .*\.$"
    ):
        embedded.secret(tmp_path / "data", "secret_key")


@pytest.mark.parametrize("call", ["open", "link", "fsync"])
def test_a_disk_that_takes_nothing_leaves_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    real = os.open

    def refuse(*arguments: Any, **named: Any) -> int:
        if call == "open" and not arguments[1] & os.O_CREAT:
            return real(*arguments, **named)
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, call, refuse)
    with pytest.raises(ImproperlyConfigured, match=r"cannot be written or read \(Read-only file system\)"):
        embedded.secret(tmp_path, "secret_key")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("given", [["--data-dir", "/srv/data"], ["--data-dir=/srv/data"]])
def test_the_data_folder_is_taken_from_every_command(given: list[str]) -> None:
    assert take_data_dir(["manage.py", "createsuperuser", *given, "--noinput"]) == (
        "/srv/data",
        ["manage.py", "createsuperuser", "--noinput"],
    )


def test_no_data_folder_leaves_the_arguments_alone() -> None:
    assert take_data_dir(["manage.py", "migrate"]) == (None, ["manage.py", "migrate"])


PRODUCTION = {
    "AIJOBS_PRODUCTION": "1",
    "AIJOBS_CREDENTIALS_KEYS": "b",
    "DATABASE_URL": "postgres://database/ai-jobs",
    "REDIS_URL": "redis://broker",
    "ALLOWED_HOSTS": "jobs.example.com",
}


# What is refused, and how the line begins that says so.
WRONG = [
    ({"AIJOBS_OUTBOUND_ALLOW": "x:y:1"}, "'x:y:1' in AIJOBS_OUTBOUND_ALLOW is not valid."),
    ({"AIJOBS_JOB_DAYS": "40000"}, "AIJOBS_JOB_DAYS is 40000, but it must be at most 36500"),
    (
        {"AIJOBS_RESULT_DAYS": "91"},
        "AIJOBS_RESULT_DAYS is 91, but results go with their jobs, after the 90 days of AIJOBS_JOB_DAYS. Set it "
        "to fewer, or unset it.",
    ),
    ({"AIJOBS_RESULT_DAYS": "-1"}, "AIJOBS_RESULT_DAYS is -1, but it must be at least 1."),
    ({"AIJOBS_METRICS_TOKEN": "hush"}, "AIJOBS_METRICS_TOKEN has 4 characters"),
    ({"AIJOBS_RELEASE_WINDOW": "0"}, "AIJOBS_RELEASE_WINDOW is 0, but it must be at least 1."),
    ({"AIJOBS_PRODUCTION": "1", "SECRET_KEY": ""}, "AIJOBS_PRODUCTION is set, but these are not: SECRET_KEY,"),
    ({**PRODUCTION, "DEBUG": "1", "SECRET_KEY": "a"}, "AIJOBS_PRODUCTION is set, and so is DEBUG,"),
    ({**PRODUCTION, "SECRET_KEY": "short"}, "AIJOBS_PRODUCTION is set, and SECRET_KEY has 5 characters"),
    ({**PRODUCTION, "SECRET_KEY": "ab" * 40}, "AIJOBS_PRODUCTION is set, and SECRET_KEY repeats"),
    ({"DEBUG": "bogus"}, "DEBUG is 'bogus', but it must be true or false."),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL is 'loud', but"),
    ({"DATABASE_URL": "mysql://database/ai-jobs"}, "DATABASE_URL does not begin with postgres://"),
]


def refusal(environment: Mapping[str, str], keys: str) -> str:
    """What the settings say against this environment, if anything. `keys`: as manage.py asks for them."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment, "AIJOBS_LOCAL_KEYS": keys}.items():
            patch.setenv(name, value)
        try:
            runpy.run_path(str(ROOT / "config" / "settings.py"))
        except ImproperlyConfigured as error:
            return str(error)
    return ""


def test_a_wrong_setting_is_said_in_a_line() -> None:
    """tests/config/test_starting.py has processes say it."""
    said = [(refusal(environment, "required"), line) for environment, line in WRONG]
    assert [(told, line) for told, line in said if not told.startswith(line) or "\n" in told] == []


def test_an_empty_data_folder_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["manage.py", "help", "--data-dir="])
    with pytest.raises(SystemExit, match=r"^--data-dir is empty\. Name a folder\.$"):
        main()


def manage(arguments: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


NO_KEYS = {"AIJOBS_CREDENTIALS_KEYS": "", "SECRET_KEY": ""}


def test_without_its_keys_nothing_starts_but_what_needs_none(tmp_path: Path) -> None:
    (tmp_path / "credentials_key").touch()
    environment = {"AIJOBS_DATA_DIR": str(tmp_path), **NO_KEYS}
    refused = manage(["up", "--port", "0"], environment)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith(f"The key {tmp_path}/credentials_key is damaged")
    assert refusal(environment, "required").startswith(f"The key {tmp_path}/credentials_key is damaged")
    assert refusal(environment, "optional") == ""


def test_commands_that_need_no_keys() -> None:
    for arguments in (["up", "--help"], ["createtenant", "--help"], ["check"], ["doctor"], ["up"], []):
        assert needs_no_key(["manage.py", *arguments]), arguments
    for arguments in (["createtenant", "shop"], ["createsuperuser"], ["migrate"]):
        assert not needs_no_key(["manage.py", *arguments]), arguments


def test_no_keys_are_left_in_a_folder_whose_name_was_misspelt(tmp_path: Path) -> None:
    typo = tmp_path / "typo"
    environment = {"DATABASE_URL": "", "REDIS_URL": "", **NO_KEYS}
    refused = manage(["createtenant", "shop", "--data-dir", str(typo)], environment)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert refused.stderr.startswith(f"The folder {typo} has no secret_key")
    assert refusal({**environment, "AIJOBS_DATA_DIR": str(typo)}, "optional") == ""
    assert manage(["doctor", "--port", "0", "--data-dir", str(typo)], environment).returncode == 0
    assert not typo.exists()


def test_an_account_without_a_database_is_one_clear_line(tmp_path: Path) -> None:
    environment = {"SECRET_KEY": "a", "AIJOBS_CREDENTIALS_KEYS": "b", "DATABASE_URL": f"postgres://u@/{tmp_path}/x"}
    called = manage(["createsuperuser", "--noinput", "--username", "a", "--email", "a@example.com"], environment)
    assert (called.returncode, called.stderr.count("\n")) == (1, 1)
    assert called.stderr.startswith("The database does not answer. Check that `up` is running")


def test_keys_of_the_environment_need_no_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    environment = {"AIJOBS_DATA_DIR": str(tmp_path / "file"), "AIJOBS_CREDENTIALS_KEYS": "a", "SECRET_KEY": "b"}
    assert refusal(environment, "required") == ""


def test_the_data_folder_has_one_user_at_a_time(tmp_path: Path) -> None:
    with (
        prepare_data_dir(tmp_path),
        pytest.raises(EmbeddedServerError, match=rf"Another `up` \(process {os.getpid()}\) uses the data folder"),
    ):
        prepare_data_dir(tmp_path)
    prepare_data_dir(tmp_path).close()


def test_the_data_folder_is_private_from_the_first_start(tmp_path: Path) -> None:
    prepare_data_dir(tmp_path / "new" / "data").close()
    assert [mode_of(tmp_path / "new" / "data" / name) for name in ("", "logs")] == [0o700, 0o700]


def test_a_data_folder_of_before_is_made_private(tmp_path: Path) -> None:
    for name in ("logs", "postgres"):
        (tmp_path / name).mkdir()
    (tmp_path / "products.csv").touch()
    for folder in (tmp_path, tmp_path / "logs"):
        folder.chmod(0o777)
    prepare_data_dir(tmp_path).close()
    assert [mode_of(tmp_path / name) for name in ("", "logs")] == [0o700, 0o700]


def test_a_folder_that_holds_other_folders_keeps_its_permissions(tmp_path: Path) -> None:
    """A home, or /srv: what else is in there is not ours to shut."""
    (tmp_path / "photos").mkdir()
    tmp_path.chmod(0o755)
    for _ in range(2):
        prepare_data_dir(tmp_path).close()
    assert [mode_of(tmp_path / name) for name in ("", "logs")] == [0o755, 0o700]


def test_a_folder_in_use_is_not_shut_again(tmp_path: Path) -> None:
    """PostgreSQL's user, where there is one, still has to pass."""
    with prepare_data_dir(tmp_path):
        tmp_path.chmod(0o710)
        with pytest.raises(EmbeddedServerError):
            prepare_data_dir(tmp_path)
        assert mode_of(tmp_path) == 0o710


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as somebody else")
def test_postgresql_that_root_runs_is_out_of_reach_of_others(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    with prepare_data_dir(data_dir):
        server = PostgreSQL(data_dir, settings={"fsync": "off"})
        for _ in range(2):
            server.start()
            try:
                server.wait_ready()
                assert mode_of(data_dir) == 0o710
                assert data_dir.stat().st_gid != os.getegid()
                assert mode_of(data_dir / "run") == 0o700
            finally:
                server.stop()


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


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
