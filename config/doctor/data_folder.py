"""The data folder: that `up` can use it, and nobody else can."""

import os
import pwd
import shutil
import stat
from pathlib import Path

from config.doctor.findings import Finding, broken, doubtful, fine
from config.doctor.place import Place
from config.local import embedded
from config.local.folder import OURS, EmbeddedServerError

CHECK = "data folder"
MEGABYTE = 1024 * 1024
# Of free space: too little for PostgreSQL's own files, and so little that it will not be enough for long.
TOO_LITTLE = 200 * MEGABYTE
LITTLE = 1024 * MEGABYTE
ANOTHER = "choose another folder with --data-dir or AIJOBS_DATA_DIR"


def check(place: Place) -> Finding:
    if not place.needs_folder:
        return fine(CHECK, "It is not used: the environment names the servers and the keys.")
    folder = place.data_dir
    try:
        if not folder.exists():
            return _missing(folder)
        troubles = (trouble(folder) for trouble in (_unusable, _space, _sockets, _version, _open))
        return next(filter(None, troubles), None) or _good(place)
    except OSError as error:
        return broken(
            CHECK, f"{folder} cannot be read ({error.strerror}).", f"Correct its permissions, or {ANOTHER}."
        )


def _missing(folder: Path) -> Finding:
    if folder.is_symlink():
        return broken(CHECK, f"{folder} is a link that leads nowhere.", f"Please {ANOTHER}.")
    parent = next(each for each in folder.parents if each.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        return broken(CHECK, f"{folder} does not exist, and cannot be created in {parent}.", f"Please {ANOTHER}.")
    return _space(parent) or _sockets(folder) or fine(CHECK, f"{folder} does not exist yet; `up` creates it.")


def _unusable(folder: Path) -> Finding | None:
    if not folder.is_dir():
        return broken(CHECK, f"{folder} is not a folder.", f"Please {ANOTHER}.")
    owner = folder.stat().st_uid
    if os.geteuid() not in (0, owner):
        return broken(CHECK, f"{folder} belongs to {_user(owner)}.", f"Run `up` as that user, or {ANOTHER}.")
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        return broken(CHECK, f"{folder} cannot be written.", f"Correct its permissions, or {ANOTHER}.")
    return None


def _user(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return f"the user with the number {number}"


def _space(folder: Path) -> Finding | None:
    free = shutil.disk_usage(folder).free
    found = f"The disk of {folder} has {free // MEGABYTE} MB left."
    if free < TOO_LITTLE:
        return broken(CHECK, found, f"Make room on it, or {ANOTHER}.")
    return doubtful(CHECK, found, "Make room on it before it is full.") if free < LITTLE else None


def _sockets(folder: Path) -> Finding | None:
    """Where the path is too long, the sockets are in the folder for temporary files; that one may be as long."""
    if len(bytes(embedded.socket_dir(folder))) <= embedded.LONGEST_SOCKET_FOLDER:
        return None
    return broken(
        CHECK,
        f"The path {embedded.socket_dir(folder)} is too long for a unix socket (107 bytes).",
        "Set TMPDIR to a shorter path, or choose a data folder with a shorter one.",
    )


def _version(folder: Path) -> Finding | None:
    """Data of another PostgreSQL. Its packages may be missing: the check of packages says so."""
    try:
        from config.local.servers import PostgreSQL
    except ImportError:
        return None
    try:
        PostgreSQL(folder).refuse_other_version()
    except EmbeddedServerError as error:
        return broken(CHECK, *_sentences(str(error)))
    return None


def _sentences(text: str) -> tuple[str, str]:
    found, _, advice = text.partition(". ")
    return f"{found}.", advice


def _open(folder: Path) -> Finding | None:
    mode = stat.S_IMODE(folder.stat().st_mode)
    # Where root runs `up`, PostgreSQL's group may pass.
    if not mode & 0o067:
        return None
    found = f"{folder} lets other users in (its mode is {mode:o})."
    if others := sorted(entry.name for entry in folder.iterdir() if entry.name not in OURS):
        return doubtful(CHECK, f"{found} It also holds {others[0]}.", "Better use a folder of its own.")
    return doubtful(CHECK, found, "`up` makes it private when it starts, or run chmod 700 on it.")


def _good(place: Place) -> Finding:
    used = f"the `up` with process ID {place.up} uses it" if place.up else "no `up` uses it"
    sockets = embedded.socket_dir(place.data_dir)
    elsewhere = (
        "" if sockets.is_relative_to(place.data_dir) else f" Its path is long, so the sockets are in {sockets}."
    )
    return fine(CHECK, f"{place.data_dir} is private and can be written; {used}.{elsewhere}")
