"""The way into every command of manage.py: what is the operator's to mend is said in a line, not in a traceback."""

import sys

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line
from django.db import OperationalError, ProgrammingError


def run(arguments: list[str]) -> None:
    """Run a command. With --traceback, errors come as they are."""
    try:
        execute_from_command_line(arguments)
    except ImproperlyConfigured as error:
        if arguments[1:2] == ["doctor"]:
            _examine_without_settings(arguments, str(error))
        sys.exit(str(error))
    except (OperationalError, ProgrammingError) as error:
        line = _line(error)
        if line is None or "--traceback" in arguments:
            raise
        sys.exit(line)


def _line(error: Exception) -> str | None:
    if isinstance(error.__cause__, psycopg.errors.UndefinedTable):
        return "The database has no tables yet, or too few. Wait until `up` is ready, or run migrate."
    if isinstance(error, OperationalError) and not getattr(error.__cause__, "sqlstate", None):
        reason = str(error).partition("\n")[0]
        return (
            "The database does not answer. Check that `up` is running, with this --data-dir, or that DATABASE_URL is "
            f"right; `manage.py doctor` says more. ({reason})"
        )
    return None


def _examine_without_settings(arguments: list[str], refusal: str) -> None:
    """What can be said of this machine where the settings are refused."""
    from config.doctor import refusals
    from config.management.commands.doctor import Command

    Command(refusals=[refusal, *refusals.others_than(refusal)]).run_from_argv(arguments)
