"""A bare Django REST framework view: a serializer, one ORM insert, `apply_async`."""

from celery import shared_task
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from tests.benchmarks.models import BareJob

QUEUE = "peer.bare"


@shared_task(name="tests.benchmarks.peers.bare_drf.nothing")
def nothing(job_id: str) -> None:
    """The no-op of raw Celery."""


class BareJobSerializer(serializers.ModelSerializer[BareJob]):
    class Meta:
        model = BareJob
        fields = ("id", "type", "params", "priority", "status", "created_at")
        read_only_fields = ("id", "status", "created_at")


class BareJobView(APIView):
    authentication_classes = ()
    permission_classes = ()
    content_negotiation_class = DefaultContentNegotiation
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)

    def post(self, request: Request) -> Response:
        serializer = BareJobSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        job = serializer.save()
        nothing.apply_async(args=(str(job.id),), queue=QUEUE)
        return Response(serializer.data, status=201)
