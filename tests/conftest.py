"""The suite runs against real servers: PostgreSQL and Valkey in a folder that lives as long as the session.

DATABASE_URL and REDIS_URL, when set, replace them.
"""

import atexit
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import django
import pytest

pytest_plugins = ["tests.clients", "tests.workers.marketplaces.shops"]

DATA_DIR = Path(tempfile.mkdtemp(prefix="aijobs-tests-"))
# Not one of pytest's hooks: they do not run where setting Django up fails.
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
os.environ["AIJOBS_DATA_DIR"] = str(DATA_DIR)
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
# pytest-django sets Django up by itself only where an option or an ini key names the settings.
django.setup()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long forms run only where -m asks for them."""
    if not config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """PostgreSQL and Valkey. Started by the first test that asks for the database."""
    from config.local.servers import PostgreSQL, Valkey

    with ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            # A crash of the machine may cost the test data.
            postgresql = PostgreSQL(DATA_DIR, settings={"fsync": "off", "max_connections": "200"})
            postgresql.start()
            stack.callback(postgresql.stop)
            postgresql.wait_ready()
            postgresql.create_database()
        if not os.environ.get("REDIS_URL"):
            valkey = Valkey(DATA_DIR)
            valkey.start()
            stack.callback(valkey.stop)
            valkey.wait_ready()
        yield


@pytest.fixture(scope="session")
def django_db_setup(servers: None, django_db_setup: None) -> None:
    """pytest-django's test database, on our servers; it closes the pools before it drops the database."""
