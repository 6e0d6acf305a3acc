"""GET and POST /api/catalogue/<kind>: the same for every kind of rows that can be imported."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, ClassVar

from django.http import QueryDict, UnreadablePostError
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from pydantic import BaseModel, Field, create_model
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.answering import GivingWay
from aijobs.api.authentication import tenant_of
from aijobs.api.wire.bodies import body_stream, media_type_of
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.filters import check_names, invalid
from aijobs.api.wire.openapi import HEADERS, View, errors, parameter
from aijobs.api.wire.shapes import Pagination
from aijobs.api.wire.views import ViewSet
from aijobs.errors import ApiError, InvalidRequest, UnsupportedMediaType
from workers.catalogue.api.filters import FILTERS, MARKETPLACE_SCHEMA, marketplace_of, page
from workers.catalogue.importing import READERS, HeaderError, Kind, Report, run_import

TAGS = ["Catalogue"]
IMPORT = [
    *HEADERS,
    parameter("marketplace", MARKETPLACE_SCHEMA, "The marketplace on which the products are sold.", required=True),
    parameter("dry_run", bool, "With `true`, the service checks and counts the rows and writes nothing."),
]


# In this process, which has four threads: an import takes one while its body arrives and is written.
MOST_IMPORTS = 2
PLACES = BoundedSemaphore(MOST_IMPORTS)
# Most imports are over by then; one of a million rows takes half a minute.
RETRY_AFTER = 5


class ImportBusy(ApiError):
    code, status = "IMPORT_BUSY", 429
    default_message = (
        f"{MOST_IMPORTS} imports are running at the moment, and more of them would slow down all other requests. "
        "Nothing of yours was read: send it again after the seconds in Retry-After."
    )


class RowErrorView(BaseModel):
    line: int
    field: str = Field(description="The column. It is empty if the error is about the whole row.")
    message: str


class ReportView(BaseModel):
    imported: int = Field(description="How many rows were new.")
    updated: int = Field(description="How many rows the catalogue had already.")
    rejected: int = Field(description="How many rows have an error and were left out.")
    errors: list[RowErrorView] = Field(description="The first thousand errors.")


class ReportAnswer(BaseModel):
    data: ReportView


def show_report(report: Report) -> dict[str, object]:
    return {
        "imported": report.imported,
        "updated": report.updated,
        "rejected": report.rejected,
        "errors": report.errors,
    }


def list_model(view: type[BaseModel]) -> type[BaseModel]:
    """A page of such rows: ProductList for ProductView."""
    name = f"{view.__name__.removesuffix('View')}List"
    return create_model(name, data=(list[view], ...), pagination=(Pagination, ...))  # type: ignore[valid-type]


def describe_list(kind: Kind[Any]) -> Callable[[View], View]:
    described: Callable[[View], View] = extend_schema(
        operation_id=f"list_{kind.name}",
        tags=TAGS,
        summary=f"List {kind.documentation.rows}, ordered {kind.documentation.order}",
        description=kind.documentation.listing,
        parameters=FILTERS,
        responses={200: list_model(kind.pages.view), **errors()},
    )
    return described


def describe_import(kind: Kind[Any]) -> Callable[[View], View]:
    example = OpenApiExample(
        kind.name.capitalize(), kind.documentation.example, request_only=True, media_type="text/csv"
    )
    described: Callable[[View], View] = extend_schema(
        operation_id=f"import_{kind.name}",
        tags=TAGS,
        summary=f"Import {kind.documentation.rows}",
        description=kind.documentation.importing,
        parameters=IMPORT,
        request={
            # Which columns the first line has to name, the description says: JSON Schema has no words for it.
            "text/csv": {"type": "string", "minLength": 1},
            "application/x-ndjson": {"type": "string"},
        },
        examples=[example],
        responses={200: ReportAnswer, **errors(UnsupportedMediaType, ImportBusy)},
    )
    return described


class KindViewSet(ViewSet):
    """Lists a tenant's rows of one kind, and imports more."""

    scopes = {"GET": "catalogue:read", "POST": "catalogue:write"}
    with_parameters = ("list", "create")
    kind: ClassVar[Kind[Any]]

    def list(self, request: Request) -> Response:
        return page(request, self.kind.pages)

    def create(self, request: Request) -> Response:
        return data_response(show_report(_import(self.kind, request)))


def viewset_of(kind: Kind[Any]) -> type[KindViewSet]:
    viewset = type(f"{kind.name.capitalize()}ViewSet", (KindViewSet,), {"kind": kind})
    described: type[KindViewSet] = extend_schema_view(list=describe_list(kind), create=describe_import(kind))(viewset)
    return described


def _import(kind: Kind[Any], request: Request) -> Report:
    query = request.query_params
    check_names(query, {"marketplace", "dry_run"})
    marketplace, dry_run = marketplace_of(query), _flag(query, "dry_run")
    if marketplace is None:
        raise invalid("marketplace", "is required, for example marketplace=amazon_us")
    reader = READERS[media_type_of(request, READERS)]
    try:
        with place():
            return run_import(
                kind,
                tenant_of(request).id,
                marketplace,
                body_stream(request),
                reader,
                dry_run=dry_run,
                pause=GivingWay(),
            )
    except HeaderError as error:
        raise InvalidRequest(str(error)) from None
    except UnreadablePostError:
        raise InvalidRequest(
            "The body ended too early, so only a part of it was read. Some rows may have been imported already. Send "
            "it again: you may safely repeat an import."
        ) from None


@contextmanager
def place() -> Iterator[None]:
    """One of the places for imports, taken before anything of the body is read. Raises ImportBusy."""
    if not PLACES.acquire(blocking=False):
        raise ImportBusy(retry_after=RETRY_AFTER)
    try:
        yield
    finally:
        PLACES.release()


def _flag(query: QueryDict, name: str) -> bool:
    text = query.get(name, "false")
    if text not in ("true", "false"):
        raise invalid(name, "must be true or false")
    return text == "true"
