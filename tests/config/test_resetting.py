"""What `up --reset` deletes, and what it leaves alone; tests/integration/test_up.py does it to a real one."""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from config.local import embedded, folder, resetting
from config.local.folder import EmbeddedServerError


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """As an `up` leaves it, without the servers' own files."""
    made = tmp_path / "data"
    folder.prepare_data_dir(made).close()
    for name in folder.KEYS:
        embedded.secret(made, name)
    (made / "secret_key.4711.0a1b2c3d").touch()
    for name in ("postgres/base/1", "postgres.unfinished", "run"):
        (made / name).mkdir(parents=True)
    (made / "postgres" / "PG_VERSION").write_text("18\n")
    (made / "logs" / "api.log").touch()
    return made


def everything_in(path: Path) -> set[str]:
    return {each.relative_to(path).as_posix() for each in path.rglob("*")}


def silent(line: str) -> None:
    raise AssertionError(line)


def test_a_data_folder_is_emptied(data_dir: Path) -> None:
    resetting.require_ours(data_dir)
    resetting.empty(data_dir, silent)
    assert everything_in(data_dir) == {"up.lock", "logs"}
    assert (data_dir / "logs").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("make", [lambda path: None, Path.mkdir], ids=["missing", "empty"])
def test_there_may_be_nothing_to_delete(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "new")
    resetting.require_ours(tmp_path / "new")


@pytest.mark.parametrize("name", ["products.csv", ".hidden", "secret_key.bak", "postgres.old"])
@pytest.mark.parametrize("make", [Path.touch, Path.mkdir])
def test_a_folder_with_something_else_in_it_is_refused(
    data_dir: Path, name: str, make: Callable[[Path], None]
) -> None:
    make(data_dir / name)
    before = everything_in(data_dir)
    with pytest.raises(EmbeddedServerError, match=rf"also holds {name}, .*Nothing was deleted"):
        resetting.require_ours(data_dir)
    assert everything_in(data_dir) == before


@pytest.mark.parametrize("names", [["logs", "run"], ["postgres"], ["secret_key", "credentials_key"], ["x"]])
def test_a_folder_without_the_lock_of_an_up_is_refused(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).mkdir()
    with pytest.raises(EmbeddedServerError, match=r"is not a data folder.*Nothing was deleted"):
        resetting.require_ours(tmp_path)


@pytest.mark.parametrize("name", ["postgres", "logs", "secret_key", "up.lock"])
def test_a_link_that_leads_outside_is_refused(data_dir: Path, tmp_path: Path, name: str) -> None:
    (data_dir / name).rename(tmp_path / "outside")
    (data_dir / name).symlink_to(tmp_path / "outside")
    with pytest.raises(EmbeddedServerError, match=rf"{name} is a symbolic link.*Nothing was deleted"):
        resetting.require_ours(data_dir)


def test_links_inside_the_cluster_are_deleted_and_not_followed(data_dir: Path, tmp_path: Path) -> None:
    """Of a tablespace, for example."""
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (data_dir / "postgres" / "base" / "link").symlink_to(tmp_path / "precious")
    resetting.empty(data_dir, silent)
    assert (tmp_path / "precious" / "file").exists()


def test_a_file_is_not_a_data_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(EmbeddedServerError, match=r"cannot be read \(Not a directory\)"):
        resetting.require_ours(tmp_path / "file")


@pytest.mark.parametrize("steps", range(1, 12))
def test_wherever_it_is_interrupted_no_half_a_cluster_stays(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The keys outlive the data that they encrypt, and the next start and the next --reset take the rest away."""
    left = iter(range(steps))

    def interrupted(call: Callable[..., object]) -> Callable[..., object]:
        def counted(*arguments: object, **named: object) -> object:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return call(*arguments, **named)

        return counted

    with monkeypatch.context() as patch:
        for name in ("unlink", "rmdir", "rename"):
            patch.setattr(os, name, interrupted(getattr(os, name)))
        with suppress(KeyboardInterrupt):
            resetting.empty(data_dir, silent)
    cluster = data_dir / folder.CLUSTER
    assert not cluster.exists() or (cluster / "PG_VERSION").exists()
    if cluster.exists():
        assert all((data_dir / name).exists() for name in folder.KEYS)
    resetting.require_ours(data_dir)
    resetting.finish(data_dir)
    assert not (data_dir / folder.DELETED_CLUSTER).exists()
    resetting.empty(data_dir, silent)
    assert everything_in(data_dir) == {"up.lock", "logs"}


def test_a_folder_that_cannot_be_emptied_is_one_clear_line(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", "postgres")

    monkeypatch.setattr(shutil, "rmtree", refuse)
    with pytest.raises(
        EmbeddedServerError, match=r"could not be emptied \(Permission denied: postgres\)\. .*--reset"
    ):
        resetting.empty(data_dir, silent)
