"""`/api/schema` and `/api/docs`, open to everybody."""

import hashlib
from functools import cache
from typing import Any, cast

from django.http import HttpResponse
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import (
    OpenApiJsonRenderer,
    OpenApiJsonRenderer2,
    OpenApiYamlRenderer,
    OpenApiYamlRenderer2,
)
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.guide import sections
from aijobs.api.wire.accepting import Negotiation
from aijobs.api.wire.conditional import etag_of, is_known
from aijobs.api.wire.envelope import JsonRenderer
from aijobs.api.wire.views import KnownMethods


@cache
def document() -> dict[str, Any]:
    """The whole schema, made once in a process: it takes as long as many requests, and anybody may ask for it."""
    schema: dict[str, Any] = SchemaGenerator().get_schema(public=True)  # type: ignore[no-untyped-call]
    return schema


@cache
def written(renderer: type[BaseRenderer]) -> tuple[bytes, str]:
    """The schema in one form, and its ETag. Made once as well: JSON takes 0.14 s of CPU, and YAML 0.7."""
    body = cast("bytes", renderer().render(document(), renderer.media_type, {}))
    return body, etag_of(hashlib.sha256(body).hexdigest())


class SchemaView(KnownMethods, SpectacularAPIView):
    """JSON, which browsers show and every tool reads; YAML for who accepts only that or says ?format=yaml."""

    content_negotiation_class = Negotiation
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2, OpenApiJsonRenderer, OpenApiYamlRenderer]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        renderer = type(request.accepted_renderer)
        # Both names of a form are the same bytes.
        body, etag = written(
            OpenApiYamlRenderer if issubclass(renderer, OpenApiYamlRenderer) else OpenApiJsonRenderer
        )
        headers = {"ETag": etag, "Cache-Control": "no-cache"}
        if is_known(request, etag):
            return HttpResponse(status=304, headers=headers)
        charset = f"; charset={renderer.charset}" if renderer.charset else ""
        return HttpResponse(body, content_type=f"{renderer.media_type}{charset}", headers=headers)


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
