"""RSGI entry point, served by granian."""

import gc

from django.urls import get_resolver

from config.gateway import Gateway
from config.wsgi import application as wsgi_application

application = Gateway(wsgi_application)

# The views too, which Django loads with the first request.
get_resolver().url_patterns  # noqa: B018
# What is loaded stays. Looking through it for garbage took 60 ms each time, in which no request was answered: an
# import's rows lead to that several times a second.
gc.collect()
gc.freeze()
