"""Forms that values have on the wire, whoever sends them."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Literal, cast

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema


def timestamp(moment: datetime) -> str:
    """UTC, milliseconds, Z: as every moment on the wire."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Moment = Annotated[datetime, PlainSerializer(timestamp, return_type=str, when_used="json")]
# Decimal inside, a number on the wire.
Money = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d([.]\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def in_utc(moment: datetime) -> datetime:
    """The same moment: PostgreSQL refuses offsets of sixteen hours and more. Raises ValueError where UTC lacks it."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("is before the first year of UTC, or after the last") from None


def nearest_in_utc(moment: datetime) -> datetime:
    """The same, for whoever only compares: at the ends of the calendar the nearest moment that UTC has."""
    try:
        return in_utc(moment)
    except ValueError:
        return (datetime.min if moment.year == 1 else datetime.max).replace(tzinfo=UTC)


def _read_moment(sent: object) -> datetime:
    """What was sent; or a moment already, where the model is not read from JSON."""
    if isinstance(sent, datetime):
        return in_utc(sent)
    if isinstance(sent, str) and _RFC_3339.fullmatch(sent.upper()):
        try:
            return in_utc(datetime.fromisoformat(sent.upper()))
        except ValueError:
            raise ValueError("is written correctly, but there is no such day, time or offset") from None
    raise ValueError("must be a date-time with an offset, for example 2026-03-12T02:00:00Z")


SentMoment = Annotated[
    datetime, BeforeValidator(_read_moment), WithJsonSchema({"type": "string", "format": "date-time"})
]

PriorityName = Literal["low", "normal", "high"]


WITHOUT_NUL = r"^[^\x00]*$"


@dataclass(frozen=True, slots=True)
class Form:
    """The form of a text: the regular expression is in JSON Schema, and people are told in words what it must be."""

    # From ^ to $, as JavaScript and Python both read it.
    pattern: str
    # After the field's name: "must be …".
    otherwise: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        whole = re.compile(self.pattern.removeprefix("^").removesuffix("$"))

        def checked(text: str) -> str:
            if not whole.fullmatch(text):
                raise ValueError(self.otherwise)
            return text

        return core_schema.no_info_after_validator_function(checked, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "pattern": self.pattern}


# No control characters, and not blank.
LABEL = Form(
    r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$", "must be one line that is not blank, without control characters"
)


LONGEST_TAG = 64
# A caller's own word for a job.
TAG = Form(
    r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$",
    "must be one line without control characters, and without a space at either end",
)


def _whole(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value


_WHOLE = {"type": "no-info", "function": _whole}


def _as_in_json_schema(schema: object) -> object:
    """A part of pydantic's schema. Not validators of the fields: what those hand on is not read as JSON any more."""
    if isinstance(schema, list | tuple):
        return type(schema)(_as_in_json_schema(each) for each in schema)
    if not isinstance(schema, dict) or schema.get("function") == _WHOLE:
        return schema
    if schema.get("type") == "int":
        return core_schema.no_info_before_validator_function(_whole, cast("CoreSchema", schema))
    if schema.get("type") == "str":
        return {"pattern": WITHOUT_NUL, **schema}
    return {
        name: part if name in ("default", "metadata") else _as_in_json_schema(part) for name, part in schema.items()
    }


class RequestModel(BaseModel):
    """Base of what bodies are read as: strict types, unknown fields refused.

    It accepts what its JSON Schema allows, and nothing else: there 12.0 is an integer, as it is for JavaScript, and a
    string holds no U+0000, which PostgreSQL cannot store.
    """

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[BaseModel], handler: GetCoreSchemaHandler) -> CoreSchema:
        return cast("CoreSchema", _as_in_json_schema(handler(source)))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(schema)
        for field in handler.resolve_ref_schema(described).get("properties", {}).values():
            for form in (field, *field.get("anyOf", [])):
                if form.get("format") == "password":
                    # Secrets describe themselves, by what they were before `_as_in_json_schema`.
                    form.setdefault("pattern", WITHOUT_NUL)
        return described
