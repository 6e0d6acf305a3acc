"""RSGI entry point, served by granian."""

from config.gateway import Gateway
from config.wsgi import application as wsgi_application

application = Gateway(wsgi_application)
