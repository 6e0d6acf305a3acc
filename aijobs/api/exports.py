"""`GET /api/ai-jobs/export`: the jobs of a filtered list as a file."""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import cast
from weakref import WeakValueDictionary

from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from aijobs import exporting, zones
from aijobs.api.authentication import tenant_of
from aijobs.api.job_filters import read_filter
from aijobs.api.job_parameters import FILTERS
from aijobs.api.jobs import JobViewSet
from aijobs.api.wire.filters import invalid
from aijobs.api.wire.openapi import HEADERS, View, errors, parameter
from aijobs.api.wire.views import ViewSet
from aijobs.errors import ExportBusy, TooManyExports

# Files that are written at a time in this process: each keeps some megabytes of rows, and goes at its caller's pace.
AT_ONCE = 8
# To who wants another file while these are being written.
RETRY_AFTER_SECONDS = 10
FORMAT = parameter(
    "format",
    {"type": "string", "enum": list(exporting.FORMATS)},
    "`csv` for a spreadsheet: one row per job, without params and results; tags, metadata and `depends_on` are JSON "
    "in a cell. `ndjson` for a program: one JSON object a line, with params and results. What a job does not have is "
    "an empty cell in CSV, and null in NDJSON.",
    required=True,
)
describe_export: Callable[[View], View] = extend_schema(
    operation_id="export_jobs",
    tags=["Jobs"],
    summary="Export the jobs of a filtered list as a file",
    description="The file has the jobs that exist when you ask, oldest first, and takes the filters of the list. In "
    "CSV a text that a spreadsheet would take for a formula begins with an apostrophe. The file is sent while it is "
    "written, in chunks. One that fails on the way has no end: the connection is closed before the last chunk, which "
    "clients of HTTP/1.1 report as an error. It goes at your pace, but one of which nothing is taken for "
    "three minutes is given up. The service writes one file of a tenant at a time, and "
    f"{AT_ONCE} in all in each process of the API: it refuses others at once.",
    parameters=[*HEADERS, FORMAT, *FILTERS],
    responses={
        (200, "text/csv"): OpenApiResponse({"type": "string"}, "The file."),
        (200, "application/x-ndjson"): OpenApiResponse({"type": "string"}, "The file."),
        **errors(ExportBusy, TooManyExports),
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
        response = exporting.answer(exporting.matching(tenant.id, wanted), form)
        if request.method == "HEAD":
            # The gateway writes none of it. An answer without content would say that the file is empty.
            return response
        parts = cast("Iterator[bytes]", response.streaming_content)
        response.streaming_content = _Writing.of(tenant.id, parts)
        return response


class _Writing(Iterator[bytes]):
    """A file while it is written: one for each tenant in this process, and few in all.

    Django closes it, whatever becomes of the answer; and one that nobody has any more is no longer there.
    """

    _lock = Lock()
    _present: WeakValueDictionary[int, "_Writing"] = WeakValueDictionary()

    def __init__(self, tenant_id: int, parts: Iterator[bytes]) -> None:
        self._tenant_id = tenant_id
        self._parts = parts

    @classmethod
    def of(cls, tenant_id: int, parts: Iterator[bytes]) -> "_Writing":
        """Raises ExportBusy, and TooManyExports."""
        with cls._lock:
            if tenant_id in cls._present:
                raise ExportBusy(retry_after=RETRY_AFTER_SECONDS)
            if len(cls._present) >= AT_ONCE:
                raise TooManyExports(retry_after=RETRY_AFTER_SECONDS)
            cls._present[tenant_id] = made = cls(tenant_id, parts)
        return made

    def __next__(self) -> bytes:
        return next(self._parts)

    def close(self) -> None:
        with self._lock:
            if self._present.get(self._tenant_id) is self:
                del self._present[self._tenant_id]
