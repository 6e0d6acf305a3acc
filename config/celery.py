"""The Celery application; the settings are the CELERY_ ones of config.settings."""

import os

from celery import Celery, signals
from django.db import connection
from kombu.transport.redis import Channel
from redis.exceptions import ConnectionError as BrokerConnectionError

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@signals.setup_logging.connect
def keep_logging(**_: object) -> None:
    """A receiver of this signal keeps Celery from setting up logging: Django has done so, from LOGGING."""


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

app = Celery("aijobs")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery's Django fixup closes the connection, and a prefork child's whole pool, before and after every task: that
# made a no-op job 6 times slower. Ours are kept, see `return_connection`.
app.conf["CELERY_DB_REUSE_MAX"] = 10**12
app.autodiscover_tasks(["workers"])
app.autodiscover_tasks(["workers"], related_name="periodic")
