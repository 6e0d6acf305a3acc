"""`GET /api/ai-jobs/export`: the jobs of a filtered list as a file."""

from collections.abc import Callable

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from aijobs import exporting, zones
from aijobs.api.authentication import tenant_of
from aijobs.api.job_filters import read_filter
from aijobs.api.jobs import FILTERS, JobViewSet
from aijobs.api.wire.filters import invalid
from aijobs.api.wire.openapi import HEADERS, View, errors, parameter
from aijobs.api.wire.views import ViewSet
from aijobs.errors import ExportTooLarge

FORMAT = parameter(
    "format",
    {"type": "string", "enum": list(exporting.FORMATS)},
    "`csv` for a spreadsheet: one row per job, without params and results; tags, metadata and `depends_on` are JSON "
    "in a cell. `ndjson` for a program: one JSON object a line, with params and results.",
    required=True,
)
describe_export: Callable[[View], View] = extend_schema(
    operation_id="export_jobs",
    tags=["Jobs"],
    summary="Export the jobs of a filtered list as a file",
    description="The file has the jobs that exist when you ask, oldest first, and takes the filters of the list. In "
    "CSV a text that a spreadsheet would take for a formula begins with an apostrophe. The service writes few files "
    "at a time: while others are being written it answers 503.",
    parameters=[*HEADERS, FORMAT, *FILTERS],
    responses={
        (200, "text/csv"): OpenApiResponse({"type": "string"}, "The file."),
        (200, "application/x-ndjson"): OpenApiResponse({"type": "string"}, "The file."),
        **errors(ExportTooLarge),
    },
)


class ExportViewSet(ViewSet):
    """The jobs of a filtered list as a file."""

    scopes = {"GET": JobViewSet.scopes["GET"]}
    with_parameters = ("export",)

    @describe_export
    def export(self, request: Request) -> HttpResponseBase:
        tenant = tenant_of(request)
        query = request.query_params
        wanted = read_filter(query, {"format"}, zones.find_or_utc(tenant.timezone))
        form = query.get("format", "")
        if form not in exporting.FORMATS:
            raise invalid("format", f"must be {' or '.join(exporting.FORMATS)}")
        return exporting.answer(exporting.matching(tenant.id, wanted), form)
