"""Request bodies: JSON whole, imports as a stream.

Also what is valid JSON and still cannot be kept, because PostgreSQL or our own encoder refuses it.
"""

import codecs
import json
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import orjson
from django.conf import settings
from rest_framework.request import Request

from aijobs.errors import FieldError, InvalidParams, InvalidRequest, PayloadTooLarge, UnsupportedMediaType
from aijobs.registry import read_body
from aijobs.shapes import RequestModel

# No params are nested by more than a few levels; the encoder gives up at 254.
DEEPEST = 64
# No request of ours has a tenth of it: a batch of 20 jobs has 20,000 SKUs. Each wrong value costs an error of 1 kB.
MOST_VALUES = 100_000
_ESCAPED_NUL = b"\\u0000"


def parse_object(body: bytes) -> dict[str, object]:
    """The JSON object that a body is. Raises InvalidRequest, and InvalidParams for strings that cannot be stored."""
    # Many an editor and PowerShell's Out-File begin a file with it.
    body = body.removeprefix(codecs.BOM_UTF8)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(_why_unreadable(body, error)) from None
    if not isinstance(document, dict):
        raise InvalidRequest("The body must be a JSON object.")
    # Nearly every body is cleared by looking at its bytes; only the others are walked through.
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(document, DEEPEST):
        raise InvalidRequest(f"The body has more than {DEEPEST} levels of nesting.")
    if body.count(b",") >= MOST_VALUES and sum(_sizes(document)) > MOST_VALUES:
        raise InvalidRequest(f"The body has more than {MOST_VALUES:,} values.")
    _refuse_repeated_names(body)
    if _ESCAPED_NUL in body and (errors := list(_nul_errors("", document))):
        raise InvalidParams(details=errors)
    return document


_OTHER_ENCODINGS = ("UTF-32", "UTF-32-LE", "UTF-32-BE", "UTF-16", "UTF-16-LE", "UTF-16-BE")


def _why_unreadable(body: bytes, error: orjson.JSONDecodeError) -> str:
    for encoding in _OTHER_ENCODINGS:
        if body[:64].decode(encoding, errors="ignore").lstrip().startswith(("{", "[")):
            return f"The body is encoded in {encoding[:6]}. Send the JSON in UTF-8."
    try:
        body.decode()
    except UnicodeDecodeError as wrong:
        return f"The body is not encoded in UTF-8: byte {wrong.start + 1} does not fit. Send the JSON in UTF-8."
    return f"The body is not valid JSON: {error}"


def _unrepeated(members: list[tuple[str, object]]) -> None:
    names: set[str] = set()
    for name, _ in members:
        if name in names:
            raise InvalidRequest(f'The body has the name "{name}" twice in one object. Send each name once.')
        names.add(name)


# It builds nothing: None stands for each object, and numbers stay text.
_NAMES = json.JSONDecoder(object_pairs_hook=_unrepeated, parse_int=str, parse_float=str)


def _refuse_repeated_names(body: bytes) -> None:
    """orjson keeps the last of two values, which may not be the one that was meant. Raises InvalidRequest.

    2 µs of a dispatch's 1,100, and 35 µs for a thousand SKUs.
    """
    _NAMES.decode(body.decode())


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    members: Iterable[object] = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(member, levels - 1) for member in members)


def _sizes(value: object) -> Iterator[int]:
    """How many members each object and list has."""
    if isinstance(value, dict | list):
        yield len(value)
        for member in value.values() if isinstance(value, dict) else value:
            yield from _sizes(member)


def _nul_errors(path: str, value: object) -> Iterator[FieldError]:
    """Where a string or a name holds U+0000, which PostgreSQL's text has no form for."""
    if isinstance(value, str):
        if "\0" in value:
            yield {"path": path, "message": "must not contain the character U+0000"}
        return
    if isinstance(value, dict):
        members: Iterable[tuple[object, object]] = value.items()
        yield from (error for name in value for error in _nul_errors(path, name))
    else:
        members = enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _nul_errors(f"{path}.{name}".lstrip("."), member)


Model = TypeVar("Model", bound=RequestModel)


def read_model(request: Request, model: type[Model]) -> Model:
    """The body: one JSON object of this form. Raises as `json_object` does, and InvalidParams."""
    return read_body(model, json_object(request))


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


def media_type_of(request: Request, accepted: Iterable[str]) -> str:
    """The body's media type. Raises UnsupportedMediaType for one that the endpoint does not read."""
    media_type = (request.content_type or "").partition(";")[0].strip().lower()
    if media_type not in accepted:
        raise UnsupportedMediaType(f"Send the body as {' or '.join(accepted)}.")
    return media_type


def body_stream(request: Request) -> Readable:
    """The body, unread. Django's own stream ends at Content-Length, which a chunked body does not have."""
    environ = request.META
    stream: Readable = environ["wsgi.input"] if "CONTENT_LENGTH" not in environ else request._request
    return stream


def json_object(request: Request) -> dict[str, object]:
    """The body: one JSON object of at most 1 MiB. Raises UnsupportedMediaType, PayloadTooLarge; see `parse_object`.

    Not a parser of Django REST framework's: those are not called for an empty body.
    """
    if _has_none(request):
        raise InvalidRequest("The body must be a JSON object, sent as application/json.")
    media_type_of(request, ["application/json"])
    return parse_object(_whole(request))


class _NoFields(RequestModel):
    """What an endpoint takes that takes nothing."""


def no_fields(request: Request) -> None:
    """Refuse all fields: one that is not known would do nothing without a word. No body does, and an empty object.

    Raises as `json_object` does, and InvalidParams.
    """
    body = b"" if _has_none(request) else _whole(request)
    if body.strip():
        media_type_of(request, ["application/json"])
        read_body(_NoFields, parse_object(body))


def _has_none(request: Request) -> bool:
    """Nobody names the type of no body: the body itself is what is missing."""
    return not request.content_type and request.META.get("CONTENT_LENGTH", "0") in ("", "0")


def _whole(request: Request) -> bytes:
    """The bytes of the body. Raises PayloadTooLarge, and InvalidRequest where it ends too early."""
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if int(request.META.get("CONTENT_LENGTH") or 0) > limit:
        # The server does not wait for the rest of it.
        raise PayloadTooLarge()
    try:
        body = body_stream(request).read(limit + 1)
    except OSError:
        # The caller hung up, or its chunks are malformed.
        raise InvalidRequest("The body ended too early. Send the request again.") from None
    if len(body) > limit:
        raise PayloadTooLarge()
    return body
