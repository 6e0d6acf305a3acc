"""RSGI entry point, served by granian."""

import gc

# What is loaded stays, so looking for garbage among it meanwhile finds nothing: it took a tenth of the time.
gc.disable()

from django.urls import get_resolver  # noqa: E402

from config.gateway import Gateway  # noqa: E402
from config.wsgi import application as wsgi_application  # noqa: E402

application = Gateway(wsgi_application)

# The views too, which Django loads with the first request.
get_resolver().url_patterns  # noqa: B018
# Nor later: looking through it took 60 ms each time, in which no request was answered, and an import's rows lead to
# that several times a second.
gc.collect()
gc.freeze()
gc.enable()
