"""The suite runs against real servers: PostgreSQL and Valkey in a folder that lives as long as the session.

DATABASE_URL and REDIS_URL, when set, replace them, and BROKER_URL names another broker.
"""

import atexit
import functools
import gc
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import django
import httpx
import pytest
from django.conf import settings as django_settings
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers
from xdist.remote import Producer

from tests.groups import Scheduling, order

pytest_plugins = ["tests.clients", "tests.workers.marketplaces.shops", "tests.workers.assistants.providers"]

DATA_DIR = Path(tempfile.mkdtemp(prefix="aijobs-tests-"))
# Not one of pytest's hooks: they do not run where setting Django up fails.
atexit.register(shutil.rmtree, DATA_DIR, ignore_errors=True)
os.environ["AIJOBS_DATA_DIR"] = str(DATA_DIR)
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
# Where Python keeps no bytecode, as in many images, each of the suite's hundred processes would compile everything
# again, which is two of the three seconds of its start, and every run all the tests. So it lies with pytest's cache.
if os.environ.pop("PYTHONDONTWRITEBYTECODE", ""):
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
# What is drawn is the same in every run, so that a test fails by a change of the code and never by chance; the long
# forms draw others each time. How long an example takes says more about what runs beside it than about the code.
UNCHECKED = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile("tests", deadline=None, derandomize=True, suppress_health_check=UNCHECKED)
settings.register_profile("long", deadline=None, suppress_health_check=UNCHECKED)
settings.load_profile("tests")
# Each of httpx's clients, and so each httpx.get, reads the world's certificates: 40 ms of CPU, also for a server on
# this machine that speaks plain HTTP and is asked twenty times a second whether it is there.
httpx._transports.default.create_ssl_context = functools.cache(httpx.create_ssl_context)  # type: ignore[attr-defined]
# Looking for garbage among what is only just being loaded and collected is a sixth of that time.
gc.disable()
# pytest-django sets Django up by itself only where an option or an ini key names the settings.
django.setup()
# On a busy machine the database is slow, and not away: what the service gives up in seconds, this process waits for.
OPTIONS = django_settings.DATABASES["default"]["OPTIONS"]
OPTIONS["pool"]["timeout"] = 60
OPTIONS["options"] += " -c idle_in_transaction_session_timeout=10min"


# Two for two cores; more than four find nothing to do beside the timed ones.
PROCESSES = min(max(os.cpu_count() or 1, 2), 4)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.markexpr == "long":
        settings.load_profile("long")
    else:
        # Else it also draws what stands in the code that is loaded by then, which is other code in every order of
        # tests; and to read all of it takes each process seconds.
        providers._get_local_constants = lambda: providers._local_constants


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A single file is through before a second process has its servers; servers that are given are not shared."""
    one_file = len(config.args) == 1 and ".py" in config.args[0]
    given = bool(os.environ.get("DATABASE_URL") or os.environ.get("REDIS_URL") or os.environ.get("BROKER_URL"))
    return 0 if one_file or given or config.option.markexpr else PROCESSES


def pytest_xdist_setupnodes() -> None:
    """The processes of a distributed run have a folder and settings of their own, not those that we made for us."""
    del os.environ["AIJOBS_DATA_DIR"], os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The long forms run only where -m asks for them. Where the suite has several processes, groups begin first."""
    if not config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: order(item.nodeid))


def pytest_collection_finish() -> None:
    """What has been collected stays: else the garbage collector would go through half a million objects of it again
    and again, which is a twelfth of the suite."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def servers() -> Iterator[None]:
    """PostgreSQL and Valkey. Started by the first test that asks for the database."""
    from config.local.servers import PostgreSQL, Valkey

    with ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            # A crash of the machine may cost the test data. Nothing is tidied up at a moment of its own choosing: it
            # would change plans, count as reading, and hold the horizon of the log back while a test looks at it.
            chosen = {"fsync": "off", "max_connections": "200", "autovacuum": "off"}
            postgresql = PostgreSQL(DATA_DIR, settings=chosen)
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
def django_db_setup(servers: None, django_db_setup: None) -> Iterator[None]:
    """pytest-django's test database, on our servers; it closes the pools before it drops the database."""
    from django.core.management.commands import flush

    from tests import emptying

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flush, "sql_flush", emptying.statements)
        # What `migrate` has written stays, so there is nothing to write again: ten times the work of emptying itself.
        patch.setattr(flush, "emit_post_migrate_signal", lambda *arguments: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def _no_hurry() -> Iterator[None]:
    """The same holds of Valkey: whoever gave it up would publish nothing for a while, and keep limits by himself."""
    from aijobs import limiting
    from aijobs.engine import broker
    from aijobs.outbound import throttle
    from aijobs.postgresql.patience import patience

    # config.wsgi, which a test has imported by now, has set the limit of a request.
    patience.limit(None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(broker, "CONNECT_SECONDS", 60.0)
        for module in (broker, limiting, throttle):
            patch.setattr(module, "ANSWER_SECONDS", 60.0)
        yield


@pytest.fixture(autouse=True)
def _no_heartbeat_inside_a_transaction(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its connection does not see a test's uncommitted job: it would take a run of over a second for lost."""
    from workers.heartbeat import heartbeat

    mark = request.node.get_closest_marker("django_db")
    commits = "transactional_db" in request.fixturenames or (mark is not None and mark.kwargs.get("transaction"))
    if not commits:
        monkeypatch.setattr(heartbeat, "begin", lambda context: None)
