"""What the views of all resources have in common."""

from django.views import View
from rest_framework import viewsets


class KnownMethods(View):
    """Before a view. OPTIONS is for browsers' preflight requests, which are answered before any view is reached."""

    http_method_names = [name for name in View.http_method_names if name not in ("options", "trace")]


class ViewSet(KnownMethods, viewsets.ViewSet):
    """Of a resource of the API."""
