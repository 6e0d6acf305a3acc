"""What the commands that work while `up` runs have in common: its data folder, and a database that answers."""

from argparse import ArgumentParser
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection


def add_data_dir(parser: ArgumentParser) -> None:
    """`--data-dir` for the help page and for calls from Python: manage.py has taken it from a command line before."""
    parser.add_argument(
        "--data-dir",
        type=Path,
        default=settings.DATA_DIR,
        help="The one that `up` was given, where no DATABASE_URL is set (default: %(default)s).",
    )


def require_database() -> None:
    """Raises CommandError unless the database answers and is migrated.

    Asked on a connection of its own: the pool would try for seconds, and warn meanwhile.
    """
    try:
        with psycopg.connect(**connection.get_connection_params()) as own:
            cursor = own.execute("SELECT to_regclass('aijobs_tenant')")
            (table,) = cursor.fetchone() or (None,)
    except psycopg.OperationalError as error:
        reason = str(error).partition("\n")[0]
        raise CommandError(f"The database does not answer: is `up` running? ({reason})") from None
    if table is None:
        raise CommandError("The database has no tables yet: wait until `up` is ready, or run migrate.")
