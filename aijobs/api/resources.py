"""`/api/`: what there is, as the addresses and their views say themselves."""

from functools import cache

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from aijobs import scopes
from aijobs.api.docs import document
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import no_parameters
from aijobs.api.wire.openapi import REQUIRED_SCOPE, Schema
from aijobs.api.wire.views import KnownMethods

PREFIX = "/api/"


class ResourcesView(KnownMethods, APIView):
    """Needs no key, as /api/schema needs none."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        no_parameters(request.query_params)
        return data_response(
            {
                "guide": "/api/docs/guide",
                "reference": "/api/docs",
                "schema": "/api/schema",
                "resources": resources(),
            }
        )


@cache
def resources() -> list[dict[str, object]]:
    """Each path with its methods: the scope that a key needs, and a sentence."""
    paths: dict[str, Schema] = document()["paths"]
    return [
        {"path": path, "methods": [_show(method, operation) for method, operation in operations.items()]}
        for path, operations in sorted(paths.items())
        if path.startswith(PREFIX)
    ]


def _show(method: str, operation: Schema) -> dict[str, str]:
    return {
        "method": method.upper(),
        "scope": scopes.in_words(operation[REQUIRED_SCOPE]).replace("`", ""),
        "description": f"{operation['summary']}.",
    }
