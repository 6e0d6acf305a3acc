"""`/api/schema` and `/api/docs`, open to everybody."""

from functools import cache
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.guide import sections
from aijobs.api.wire.accepting import Negotiation
from aijobs.api.wire.envelope import JsonRenderer
from aijobs.api.wire.views import KnownMethods


@cache
def document() -> dict[str, Any]:
    """The whole schema, made once in a process: it takes as long as many requests, and anybody may ask for it."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return schema


class SchemaView(KnownMethods, SpectacularAPIView):
    """JSON, which browsers show and every tool reads; YAML for who accepts only that or says ?format=yaml."""

    content_negotiation_class = Negotiation
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(document())


class DocumentationView(KnownMethods, SpectacularSwaggerSplitView):
    """The way into the documentation: links to the guide, and the reference in Swagger UI.

    Its errors are JSON like all others.
    """

    url_name = "schema"
    template_name = "aijobs/reference.html"

    @extend_schema(exclude=True)
    def get(self, request: Request) -> Response:
        response: Response = super().get(request)  # type: ignore[no-untyped-call]
        response.data |= {"page": "reference", "sections": sections()}
        return response

    def handle_exception(self, error: Exception) -> Response:
        self.request.accepted_renderer = JsonRenderer()
        self.request.accepted_media_type = JsonRenderer.media_type
        response: Response = super().handle_exception(error)
        return response
