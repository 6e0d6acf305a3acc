"""The file of an import, as clients and browsers send it: as the body itself, or in a form."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, NamedTuple

from django.core.exceptions import SuspiciousOperation
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.http.multipartparser import MultiPartParser, MultiPartParserError
from django.utils.http import parse_header_parameters
from rest_framework.request import Request

from aijobs.api.wire.bodies import body_stream, media_type_of
from aijobs.errors import InvalidRequest, UnsupportedMediaType
from workers.catalogue.importing.opening import Json
from workers.catalogue.importing.spooling import spooled

JSON = {"application/x-ndjson": Json.LINES, "application/jsonl": Json.LINES, "application/json": Json.ANY}
EXCEL = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "application/vnd.ms-excel")
# What a file is, its content says; these are those that say nothing else.
TABLES = ("text/csv", "application/csv", "text/tab-separated-values", "text/plain", *EXCEL)
PACKED = ("application/octet-stream", "application/gzip")
FORM = "multipart/form-data"
MEDIA_TYPES = (*TABLES, *JSON, *PACKED, FORM)


class Upload(NamedTuple):
    """A file, unpacked and whole, and what was said of it."""

    file: IO[bytes]
    json: Json | None
    charset: str | None


@contextmanager
def uploaded(request: Request, pause: Callable[[], None]) -> Iterator[Upload]:
    """The file of a request, for as long as it is needed.

    Raises UnsupportedMediaType, InvalidRequest for a form without just one file, and FileError.
    """
    media_type = media_type_of(request, MEDIA_TYPES)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip"):
        raise UnsupportedMediaType("Send the body as it is, or packed with Content-Encoding: gzip.")
    with spooled(body_stream(request), pause) as body:
        if media_type == FORM:
            with _of_form(request, body) as part, spooled(part.file, pause) as file:
                yield Upload(file, part.json, part.charset)
        else:
            yield Upload(body, JSON.get(media_type), _charset(request.content_type))


def _charset(content_type: str) -> str | None:
    return parse_header_parameters(content_type)[1].get("charset")


def _charset_of(file: "UploadedFile[bytes]") -> str | None:
    """Django leaves it in bytes."""
    charset = (file.content_type_extra or {}).get("charset")
    return charset.decode("ascii", "replace") if charset else None


@contextmanager
def _of_form(request: Request, body: IO[bytes]) -> Iterator[Upload]:
    body.seek(0, 2)
    about = {**request.META, "CONTENT_LENGTH": str(body.tell())}
    body.seek(0)
    handlers = [TemporaryFileUploadHandler(request._request)]
    try:
        _, files = MultiPartParser(about, body, handlers).parse()  # type: ignore[arg-type]  # it only reads
    except MultiPartParserError as error:
        raise InvalidRequest(f"The form cannot be read: {error}") from None
    except SuspiciousOperation:
        raise InvalidRequest("The form has too many fields, or one that is too large. Send the file alone.") from None
    sent = [file for name in files for file in files.getlist(name)]
    try:
        if len(sent) != 1:
            raise InvalidRequest(f"The form has {len(sent)} files. Send exactly one.")
        [file] = sent
        yield Upload(file, JSON.get(file.content_type or ""), _charset_of(file))
    finally:
        for each in sent:
            each.close()
