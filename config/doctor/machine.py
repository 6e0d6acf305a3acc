"""Python, the packages and the time zones of this machine."""

import platform
import sys
import tomllib
from importlib import metadata
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from config.doctor.findings import Finding, broken, doubtful, fine
from config.doctor.place import Place
from config.environment import BASE_DIR

OLDEST_PYTHON = (3, 11)
NAMED = 5


def python() -> Finding:
    version = platform.python_version()
    if sys.version_info < OLDEST_PYTHON:
        return broken("python", f"Python {version} is too old.", "Install Python 3.11 or newer.")
    return fine("python", f"Python {version} ({sys.executable}).")


def packages(place: Place) -> Finding:
    """Each as pyproject.toml pins it. What only development needs may be missing, and so may `up`'s in production."""
    again = "Build the image again." if place.production else "Install them with `uv sync`."
    try:
        pinned = _pinned(place)
    except OSError:
        return doubtful("packages", "There is no pyproject.toml here to compare them with.", again)
    missing = [name for name in pinned if _installed(name) is None]
    others = [
        f"{name} {found} instead of {version}" for name, version in pinned.items() if (found := _other(name, version))
    ]
    if missing:
        return broken("packages", f"Not installed: {_listed(missing)}.", again)
    if others:
        return doubtful("packages", f"Other versions than pyproject.toml pins: {_listed(others)}.", again)
    return fine("packages", f"All {len(pinned)} packages have the versions that pyproject.toml pins.")


def _pinned(place: Place) -> dict[str, str]:
    """Versions by name; of development's packages, those that are there."""
    project = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())
    groups: dict[str, list[str]] = project["dependency-groups"]
    pins = dict(_pin(each) for each in project["project"]["dependencies"])
    local, development = (dict(_pin(each) for each in groups[name]) for name in ("embedded", "dev"))
    if place.production or not (place.embedded_database or place.embedded_broker):
        development |= local
    else:
        pins |= local
    return pins | {name: version for name, version in development.items() if _installed(name)}


def _pin(requirement: str) -> tuple[str, str]:
    name, _, version = requirement.partition("==")
    return name.partition("[")[0], version


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _other(name: str, version: str) -> str | None:
    """The version that is installed instead."""
    found = _installed(name)
    return found if found != version else None


def _listed(names: list[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def time_zones() -> Finding:
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return broken(
            "time zones",
            "This machine has no data of time zones, so tenants' dates cannot be computed.",
            "Install the package tzdata (`uv sync` brings it, and so does the system's package of that name).",
        )
    return fine("time zones", f"The data of {len(available_timezones())} time zones are here.")
