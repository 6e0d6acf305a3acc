"""What the commands that work while `up` runs have in common: its data folder, and a database that answers."""

from argparse import ArgumentParser
from pathlib import Path

import psycopg
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection

from aijobs.models import Tenant


def add_data_dir(
    parser: ArgumentParser, meaning: str = "The data folder of the `up` that is running, if DATABASE_URL is not set"
) -> None:
    """`--data-dir` for the help page and for calls from Python: manage.py has taken it from a command line before.

    It knows no abbreviations, so the commands take none: `--data` would be accepted, and another folder used.
    """
    parser.allow_abbrev = False
    parser.add_argument("--data-dir", type=Path, default=settings.DATA_DIR, help=f"{meaning} (default: %(default)s).")


def is_migrated(
    unreachable: str = "The database does not answer. Check that `up` is running, with this --data-dir.",
) -> bool:
    """Whether our tables are there. Raises CommandError, one line, where the database does not answer.

    Asked on a connection of its own: the pool would try for seconds, and warn meanwhile.
    """
    try:
        with psycopg.connect(**connection.get_connection_params()) as own:
            return own.execute("SELECT FROM pg_class WHERE oid = to_regclass('aijobs_tenant')").rowcount == 1
    except psycopg.OperationalError as error:
        reason = str(error).partition("\n")[0]
        raise CommandError(f"{unreachable} ({reason})") from None


def tenant_named(name: str) -> Tenant:
    """Raises CommandError for a name that no tenant has, and as `require_database` does."""
    require_database()
    tenant = Tenant.objects.filter(name=name).first()
    if tenant is None:
        raise CommandError(f"There is no tenant {name!r}. Create it with createtenant.")
    return tenant


def require_database() -> None:
    """Raises CommandError unless the database answers and is migrated."""
    if not is_migrated():
        raise CommandError("The database has no tables yet. Wait until `up` is ready, or run migrate.")
