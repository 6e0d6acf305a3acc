"""`GET /metrics` for Prometheus. It tells how much business the service does, so it wants the operator's token."""

import hmac

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST
from rest_framework.request import Request
from rest_framework.views import APIView

from aijobs.api.wire.views import KnownMethods
from aijobs.errors import NotFound
from aijobs.metrics import exposition


class MetricsView(KnownMethods, APIView):
    """404 without AIJOBS_METRICS_TOKEN, and for whoever does not send it: a stranger learns nothing of either."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        expected = f"Bearer {settings.AIJOBS_METRICS_TOKEN}"
        sent = request.META.get("HTTP_AUTHORIZATION", "")
        if not settings.AIJOBS_METRICS_TOKEN or not hmac.compare_digest(
            sent.encode(errors="replace"), expected.encode()
        ):
            raise NotFound()
        return HttpResponse(exposition(), content_type=CONTENT_TYPE_LATEST)
