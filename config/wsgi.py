"""WSGI entry point: of `runserver`, and of what config.rsgi serves."""

import os

from django.core.wsgi import get_wsgi_application

from aijobs.postgresql.patience import REQUEST_SECONDS, patience
from config.requests import Request
from config.starting import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
read_settings()
patience.limit(REQUEST_SECONDS, refuse=True)

application = get_wsgi_application()
application.request_class = Request
