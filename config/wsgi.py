"""WSGI entry point, for `runserver`. The service itself is served by granian, see rsgi.py."""

import os

from django.core.wsgi import get_wsgi_application

from config.starting import read_settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
read_settings()

application = get_wsgi_application()
