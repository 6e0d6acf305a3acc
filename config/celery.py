"""The Celery application; the settings are the CELERY_ ones of config.settings."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("aijobs")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Celery's Django fixup closes the connection, and a prefork child's whole pool, before and after every task: that
# made a no-op job 6 times slower. Ours are kept; run_job returns one that broke to the pool, which drops it.
app.conf["CELERY_DB_REUSE_MAX"] = 10**12
app.autodiscover_tasks(["workers"])
app.autodiscover_tasks(["workers"], related_name="periodic")
