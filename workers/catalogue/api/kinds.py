"""GET, POST and DELETE /api/catalogue/<kind>: the same for every kind of rows that can be imported."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any, ClassVar

from django.http import UnreadablePostError
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from pydantic import BaseModel, Field, create_model
from rest_framework.request import Request
from rest_framework.response import Response

from aijobs.api.answering import GivingWay
from aijobs.api.authentication import tenant_of
from aijobs.api.wire.envelope import data_response
from aijobs.api.wire.openapi import HEADERS, View, errors
from aijobs.api.wire.shapes import Pagination
from aijobs.api.wire.views import ViewSet
from aijobs.errors import ApiError, InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from workers.catalogue.api.filters import DAYS, FILTERS, page
from workers.catalogue.api.removal import answer, describe_removal, wanted_of
from workers.catalogue.api.saying import SAYING, said
from workers.catalogue.api.uploads import MEDIA_TYPES, uploaded
from workers.catalogue.files import Outcome, import_file
from workers.catalogue.importing.errors import FileError, FileTooLarge
from workers.catalogue.importing.kind import Kind

TAGS = ["Catalogue"]
FILE = {"type": "string", "minLength": 1}
# In this process, which has four threads: an import takes one while its body arrives and is written.
MOST_IMPORTS = 2
PLACES = BoundedSemaphore(MOST_IMPORTS)
# Most imports are over by then; one of a million rows takes half a minute.
RETRY_AFTER = 5


class ImportBusy(ApiError):
    code, status = "IMPORT_BUSY", 429
    default_message = (
        f"{MOST_IMPORTS} imports or removals are running at the moment, and more of them would slow down all other "
        "requests. Nothing of yours was read or removed: send it again after the seconds in Retry-After."
    )
    advice = "Wait for the seconds in `Retry-After`, and send the same file again."


class RowErrorView(BaseModel):
    line: int
    field: str = Field(description="The column. It is empty if the error is about the whole row.")
    message: str


class SkippedView(BaseModel):
    line: int
    sku: str = Field(description="It is empty if the row has none.")
    reason: str


class ReportView(BaseModel):
    kind: str = Field(
        description="What the rows are: products, sales, offers, reviews, returns, listings, competitor_listings or "
        "keywords."
    )
    format: str = Field(
        description="The export that was recognised by its columns, such as `amazon_all_listings`. A table of your "
        "own is `plain`."
    )
    delimiter: str | None = Field(description="What stands between the cells: comma, semicolon, tab or bar.")
    encoding: str | None = Field(description="The character set in which the file was read.")
    sheet: str | None = Field(description="The sheet of a workbook.")
    decimal: str | None = Field(description="The decimal mark: point or comma. Null if no cell shows one.")
    dates: str | None = Field(description="The order of dates such as 03/04/2026. Null if no cell shows one.")
    timezone: str | None = Field(
        description="The time zone that decides on which day a moment was. Null if days are as the file has them."
    )
    columns: dict[str, str] = Field(description="For each field, the column of the file that it was read from.")
    ignored_columns: list[str] = Field(description="The columns of the file that were not read.")
    warnings: list[str] = Field(description="What you should look at, although no row was refused for it.")
    imported: int = Field(description="How many rows were new.")
    updated: int = Field(
        description="How many rows the catalogue had already, or were added to another row of the same SKU and day."
    )
    rejected: int = Field(description="How many rows have an error and were left out.")
    prices_changed: int = Field(description="How many products that the catalogue had already got another price.")
    prices_kept: int = Field(
        description="With `price=keep`: how many products kept a price that differs from the row's."
    )
    errors: list[RowErrorView] = Field(description="The first thousand errors.")
    skipped_count: int = Field(description="How many rows are not items, such as images or cancelled orders.")
    skipped: list[SkippedView] = Field(description="The first thousand of those rows, and why they were left out.")
    preview: list[dict[str, object]] | None = Field(
        description="In a dry run, the first five good rows as they were understood."
    )


class ReportAnswer(BaseModel):
    data: ReportView


def show_outcome(outcome: Outcome, *, dry_run: bool) -> dict[str, object]:
    report, conventions, written = outcome.report, outcome.conventions, outcome.written
    return {
        "kind": outcome.header.kind.name,
        "format": outcome.header.format_name,
        "delimiter": written.get("delimiter"),
        "encoding": written.get("encoding"),
        "sheet": written.get("sheet"),
        "decimal": conventions.decimal,
        "dates": conventions.dates,
        "timezone": str(conventions.timezone) if conventions.timezone else None,
        "columns": outcome.header.matched,
        "ignored_columns": outcome.ignored,
        "warnings": outcome.warnings,
        "imported": report.imported,
        "updated": report.updated,
        "rejected": report.rejected,
        "prices_changed": report.prices_changed,
        "prices_kept": report.prices_kept,
        "errors": report.errors,
        "skipped_count": report.skipped_count,
        "skipped": report.skipped,
        "preview": report.preview if dry_run else None,
    }


def list_model(view: type[BaseModel]) -> type[BaseModel]:
    """A page of such rows: ProductList for ProductView."""
    name = f"{view.__name__.removesuffix('View')}List"
    return create_model(name, data=(list[view], ...), pagination=(Pagination, ...))  # type: ignore[valid-type]


OF_LONG_TEXTS = (
    " A page has at most 8 MiB of texts, so it may have fewer results than `limit`: go on for as long as `has_more` "
    "is true."
)


def describe_list(kind: Kind[Any]) -> Callable[[View], View]:
    described: Callable[[View], View] = extend_schema(
        operation_id=f"list_{kind.name}",
        tags=TAGS,
        summary=f"List {kind.documentation.rows}, ordered {kind.documentation.order}",
        description=kind.documentation.listing + (OF_LONG_TEXTS if kind.pages.long else ""),
        parameters=[*FILTERS, *(DAYS if kind.day else [])],
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
        parameters=[*HEADERS, *SAYING],
        # Which columns the first line has to name, the description says: JSON Schema has no words for it.
        request=dict.fromkeys(MEDIA_TYPES, FILE),
        examples=[example],
        responses={200: ReportAnswer, **errors(UnsupportedMediaType, PayloadTooLarge, ImportBusy)},
    )
    return described


class KindViewSet(ViewSet):
    """Lists a tenant's rows of one kind, imports more, and removes some."""

    scopes = {"GET": "catalogue:read", "POST": "catalogue:write", "DELETE": "catalogue:write"}
    with_parameters = ("list", "create", "destroy")
    kind: ClassVar[Kind[Any]]

    def list(self, request: Request) -> Response:
        return page(request, self.kind.pages, self.kind.day)

    def create(self, request: Request) -> Response:
        return data_response(_import(self.kind, request))

    def destroy(self, request: Request) -> Response:
        wanted, dry_run = wanted_of(self.kind, request)
        with place():
            return data_response(answer(wanted, dry_run, request))


def viewset_of(kind: Kind[Any]) -> type[KindViewSet]:
    viewset = type(f"{kind.name.capitalize()}ViewSet", (KindViewSet,), {"kind": kind})
    described: type[KindViewSet] = extend_schema_view(
        list=describe_list(kind), create=describe_import(kind), destroy=describe_removal(kind, ImportBusy)
    )(viewset)
    return described


def _import(kind: Kind[Any], request: Request) -> dict[str, object]:
    words = said(request.query_params)
    pause = GivingWay()
    try:
        with place(), uploaded(request, pause) as upload:
            words = words._replace(json=upload.json, charset=upload.charset)
            outcome = import_file(tenant_of(request), upload.file, words, kind, pause=pause)
    except FileTooLarge as error:
        raise PayloadTooLarge(str(error)) from None
    except FileError as error:
        where = f" (line {error.line})" if error.line else ""
        raise InvalidRequest(f"{error}{where}") from None
    except UnreadablePostError:
        raise InvalidRequest("The body ended too early, and nothing of it was imported. Send it again.") from None
    return show_outcome(outcome, dry_run=words.dry_run)


@contextmanager
def place() -> Iterator[None]:
    """One of the places for imports, taken before anything of the body is read. Raises ImportBusy."""
    if not PLACES.acquire(blocking=False):
        raise ImportBusy(retry_after=RETRY_AFTER)
    try:
        yield
    finally:
        PLACES.release()
