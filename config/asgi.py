"""ASGI entry point of the events process, served by granian: streams and waits, without Django's middleware."""

import gc
import os

import django

from aijobs.postgresql.patience import REQUEST_SECONDS, patience
from config.starting import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
read_settings()
django.setup()
patience.limit(REQUEST_SECONDS, refuse=True)

# Its models are there only now.
from aijobs.streams.application import EventsApplication  # noqa: E402
from workers import presence  # noqa: E402

application = EventsApplication(presence.of_events())

# What is loaded stays: looking for garbage among it would keep every stream waiting.
gc.collect()
gc.freeze()
