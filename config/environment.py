"""The environment's variables, read by django-environ: what it would take for something else is refused in a line."""

import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import environ
from django.core.exceptions import ImproperlyConfigured

Value = TypeVar("Value")

BASE_DIR = Path(__file__).resolve().parent.parent
TRUE = {"true", "t", "yes", "y", "on", "ok", "1"}
FALSE = {"false", "f", "no", "n", "off", "0"}
POSTGRESQL_SCHEMES = {"postgres", "postgresql", "psql", "pgsql"}
# Of SECRET_KEY in production. Django's check warns below 50; with less than this it can be guessed.
SHORTEST_SECRET = 32
FEWEST_CHARACTERS = 5


class Environment(environ.Env):  # type: ignore[misc]  # untyped
    """Raises ImproperlyConfigured for what is not of its kind. An empty number or truth counts as not set."""

    def __init__(self) -> None:
        super().__init__()
        # Every variable that was asked for: what else begins as ours do is probably misspelt.
        self.names: set[str] = set()

    def get_value(self, var: str, *arguments: Any, **named: Any) -> Any:
        self.names.add(var)
        return super().get_value(var, *arguments, **named)

    def bool(self, var: str, default: bool) -> bool:
        """django-environ takes every word that it does not know for false."""
        return self._read(var, default, _boolean, "true or false")

    def int(self, var: str, default: int) -> int:
        return self._read(var, default, int, "a whole number")

    def float(self, var: str, default: float) -> float:
        return self._read(var, default, float, "a number")

    def level(self, var: str, default: str) -> str:
        """A level of logging, in capitals or not."""
        return self._read(var, default, _level, "a level such as INFO or WARNING")

    def _read(self, var: str, default: Value, read: Callable[[str], Value], kind: str) -> Value:
        text = str(self.str(var, default="")).strip()
        try:
            return read(text) if text else default
        except ValueError:
            raise ImproperlyConfigured(
                f"{var} is {text!r}, but it must be {kind}. Correct it, or unset it for the default ({default})."
            ) from None


def _boolean(text: str) -> bool:
    if text.lower() not in TRUE | FALSE:
        raise ValueError
    return text.lower() in TRUE


def _level(text: str) -> str:
    if text.upper() not in logging.getLevelNamesMapping():
        raise ValueError
    return text.upper()


def data_dir(environment: Environment) -> Path:
    """The folder of the embedded servers."""
    # Path.resolve() raises RuntimeError for links that lead in a circle.
    return Path(os.path.realpath(environment.str("AIJOBS_DATA_DIR", default=str(BASE_DIR / ".data"))))


def database(url: str) -> dict[str, Any]:
    """Django's settings of a database. Raises ImproperlyConfigured, in a line that repeats no password."""
    advice = "Write postgres://user:password@host:5432/name. Special characters of a password are percent-encoded."
    if url.partition("://")[0] not in POSTGRESQL_SCHEMES:
        raise ImproperlyConfigured(
            f"DATABASE_URL does not begin with postgres://, and only PostgreSQL is supported. {advice}"
        )
    try:
        found: dict[str, Any] = Environment.db_url_config(url)
    except ValueError:
        raise ImproperlyConfigured(f"DATABASE_URL is not an address that can be read. {advice}") from None
    if not found["NAME"]:
        raise ImproperlyConfigured(f"DATABASE_URL does not name a database. {advice}")
    return found


def weakness(secret: str) -> str | None:
    """What makes a secret easy to guess, as the rest of a sentence; None where nothing does."""
    if len(secret) < SHORTEST_SECRET:
        return f"has {len(secret)} characters, fewer than {SHORTEST_SECRET}, so it can be guessed"
    if len(set(secret)) < FEWEST_CHARACTERS:
        return f"repeats fewer than {FEWEST_CHARACTERS} different characters, so it can be guessed"
    return None
