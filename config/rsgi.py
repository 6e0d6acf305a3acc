"""RSGI entry point, served by granian."""

import os

from django.core.wsgi import get_wsgi_application

from config.gateway import Gateway

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = Gateway(get_wsgi_application())
