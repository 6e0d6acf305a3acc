"""JSON bodies: what is valid JSON and still cannot be kept, because PostgreSQL or our own encoder refuses it."""

from collections.abc import Iterable, Iterator

import orjson

from aijobs.errors import FieldError, InvalidParams, InvalidRequest

# No params are nested by more than a few levels; the encoder gives up at 254.
DEEPEST = 64
_ESCAPED_NUL = b"\\u0000"


def parse_object(body: bytes) -> dict[str, object]:
    """The JSON object that a body is. Raises InvalidRequest, and InvalidParams for strings that cannot be stored."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"The body is not valid JSON: {error}") from None
    if not isinstance(document, dict):
        raise InvalidRequest("The body must be a JSON object.")
    # Nearly every body is cleared by looking at its bytes; only the others are walked through.
    if body.count(b"[") + body.count(b"{") > DEEPEST and _is_deeper(document, DEEPEST):
        raise InvalidRequest(f"The body is nested deeper than {DEEPEST} levels.")
    if _ESCAPED_NUL in body and (errors := list(_nul_errors("", document))):
        raise InvalidParams(details=errors)
    return document


def _is_deeper(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    members: Iterable[object] = value.values() if isinstance(value, dict) else value
    return levels == 0 or any(_is_deeper(member, levels - 1) for member in members)


def _nul_errors(path: str, value: object) -> Iterator[FieldError]:
    """Where a string or a name holds U+0000, which PostgreSQL's jsonb has no form for."""
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
