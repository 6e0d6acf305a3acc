"""The Celery application; the settings are the CELERY_ ones of config.settings."""

import os
from functools import cached_property
from typing import TYPE_CHECKING

from celery import Celery, signals
from celery.concurrency.base import BasePool
from celery.concurrency.solo import TaskPool
from django.db import connection
from kombu.transport.redis import Channel
from redis.exceptions import ConnectionError as BrokerConnectionError

from aijobs.postgresql.patience import WORKER_SECONDS, patience
from config.starting import read_settings

if TYPE_CHECKING:
    from celery.apps.beat import Beat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# Before numpy is loaded, which would else start as many threads in each process as there are cores: four regressions
# at once took 41 s each instead of 4. The processes of the pool are what runs side by side.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


@signals.setup_logging.connect
def keep_logging(**_: object) -> None:
    """A receiver of this signal keeps Celery from setting up logging: Django has done so, from LOGGING."""


@signals.worker_init.connect
@signals.beat_init.connect
def be_patient(**_: object) -> None:
    """Before the pool's processes are forked."""
    patience.limit(WORKER_SECONDS)


@signals.task_prerun.connect
def return_connection(**_: object) -> None:
    """Back to the pool before every task: one that an earlier task saw break is dropped there, not used again."""
    connection.close_if_unusable_or_obsolete()


_close = Channel.close


def close_in_any_case(channel: Channel) -> None:
    """Kombu 5.7 stops halfway through closing where the broker took the answer to a pending BRPOP with it.

    Celery then trips over what is left (an AttributeError at the second close, or at the next acknowledgement), and
    the worker ends with its broker. The second call has no BRPOP to wait for.
    """
    try:
        _close(channel)
    except BrokerConnectionError:
        _close(channel)


Channel.close = close_in_any_case  # type: ignore[method-assign,assignment]


def let_it_end(pool: BasePool, pid: object, signal: object = None) -> None:
    """What a solo pool runs ends by itself, as it runs in the worker's own process.

    A worker that stops kills what it runs. Of this pool Celery would say that it cannot, by a NotImplementedError out
    of the signal's handler and into the middle of the task: a due time of a schedule failed by it.
    """


TaskPool.terminate_job = let_it_end  # type: ignore[method-assign,assignment]


def obey_the_settings(**_: object) -> None:
    """Not when this module is loaded: the settings import it, and Celery's command line is not read yet.

    Celery obeys these variables before the settings, and its command line puts BROKER_URL there as it is written:
    workers would listen elsewhere than the engine publishes, or not know what unix:// is.
    """
    for name in ("CELERY_BROKER_URL", "CELERY_BROKER_READ_URL", "CELERY_BROKER_WRITE_URL"):
        os.environ.pop(name, None)
    read_settings()


class Application(Celery):
    """Celery's application, with a beat of our own. Named by its path: only beat loads it."""

    @cached_property
    def Beat(self) -> "type[Beat]":
        beat: type[Beat] = self.subclass_with_self("config.beat:ObedientBeat")  # type: ignore[arg-type]  # a path will do
        return beat


app = Application("aijobs")
app.on_configure.connect(obey_the_settings)
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery's Django fixup closes the connection, and a prefork child's whole pool, before and after every task: that
# made a no-op job 6 times slower. Ours are kept, see `return_connection`.
app.conf["CELERY_DB_REUSE_MAX"] = 10**12
app.autodiscover_tasks(["workers"])
app.autodiscover_tasks(["workers"], related_name="periodic")
