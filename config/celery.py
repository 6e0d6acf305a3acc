"""The Celery application; the settings are the CELERY_ ones of config.settings."""

import os

from celery import Celery, signals
from django.db import connection

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")


@signals.setup_logging.connect
def keep_logging(**_: object) -> None:
    """A receiver of this signal keeps Celery from setting up logging: Django has done so, from LOGGING."""


@signals.task_prerun.connect
def return_connection(**_: object) -> None:
    """Back to the pool before every task: one that an earlier task saw break is dropped there, not used again."""
    connection.close_if_unusable_or_obsolete()


app = Celery("aijobs")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery's Django fixup closes the connection, and a prefork child's whole pool, before and after every task: that
# made a no-op job 6 times slower. Ours are kept, see `return_connection`.
app.conf["CELERY_DB_REUSE_MAX"] = 10**12
app.autodiscover_tasks(["workers"])
app.autodiscover_tasks(["workers"], related_name="periodic")
