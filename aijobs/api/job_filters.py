"""The query parameters of the job list."""

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict
from django_filters import BaseInFilter, CharFilter, ChoiceFilter, FilterSet
from pydantic import ValidationError

from aijobs import identifiers, registry
from aijobs.api.wire.filters import check_names, invalid
from aijobs.errors import FieldError, InvalidFilter
from aijobs.filtering import BATCH_ID, REQUEST_ID, SCHEDULE_ID, JobFilter
from aijobs.models import Job
from aijobs.shapes import Form, nearest_in_utc
from aijobs.states import Priority, Status

INCLUDABLE = ("params", "result")
# These take several values, comma separated or repeated.
SEVERAL = ("type", "status", "include")
# Repeated only: a tag may have a comma.
TAG = "tag"


class ChoicesFilter(BaseInFilter, ChoiceFilter):
    """One or several of the choices, comma separated."""


def _unless(what: str) -> dict[str, str]:
    return {"invalid_choice": f"%(value)s is not valid. Use {what}"}


def type_choices() -> list[tuple[str, str]]:
    return [(kind.name, kind.name) for kind in registry.all_types()]


class JobQuery(FilterSet):
    """The parameters, as a form that checks them one by one."""

    type = ChoicesFilter(
        choices=type_choices, error_messages=_unless("the name of a job type: GET /api/ai-jobs/types lists them")
    )
    status = ChoicesFilter(choices=Status.choices, error_messages=_unless(", ".join(Status.values)))
    priority = ChoiceFilter(
        choices=[(each.label, each.label) for each in Priority], error_messages=_unless("low, normal or high")
    )
    batch_id = CharFilter()
    schedule_id = CharFilter()
    request_id = CharFilter()
    sku = CharFilter(strip=False)
    error_code = CharFilter()
    start_date = CharFilter()
    end_date = CharFilter()

    class Meta:
        model = Job
        fields: list[str] = []


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# As RFC 3339 has it, and as Python's str() and others write it: with a space for the T, and one before the offset. An
# unescaped + of an offset arrives as a space as well.
_DATE_TIME = re.compile(
    r"(?P<local>\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}([.,]\d+)?)?)"
    r"( ?(?P<utc>Z)|( ?(?P<sign>[+-])|  ?)(?P<offset>\d{2}:?\d{2}(:\d{2})?))?",
    re.ASCII,
)


def moment_of(name: str, text: str, zone: ZoneInfo, *, end: bool) -> datetime:
    """A date or a date-time, as the moment that starts or ends it. Raises InvalidFilter."""
    try:
        if _DATE.fullmatch(text):
            day = date.fromisoformat(text)
            return _end_of(day, zone) if end else nearest_in_utc(datetime.combine(day, time(), zone))
        # RFC 3339 allows t and z, too.
        if found := _DATE_TIME.fullmatch(text.upper()):
            moment = datetime.fromisoformat(found["local"] + _offset_of(found))
            return nearest_in_utc(moment) if moment.tzinfo else _of_the_clock(moment, zone, end=end)
    except ValueError:
        raise invalid(name, "is written correctly, but there is no such day, time or offset") from None
    raise invalid(name, "must be a date (2026-03-12) or a date-time (2026-03-12T14:32:01Z)")


def _of_the_clock(moment: datetime, zone: ZoneInfo, *, end: bool) -> datetime:
    """Where clocks are set back, a time comes twice: a range begins with the first one and ends with the second."""
    both = [nearest_in_utc(moment.replace(tzinfo=zone, fold=fold)) for fold in (0, 1)]
    return max(both) if end else min(both)


def _offset_of(found: re.Match[str]) -> str:
    if found["offset"]:
        return (found["sign"] or "+") + found["offset"]
    return found["utc"] or ""


def _end_of(day: date, zone: ZoneInfo) -> datetime:
    """The last millisecond before the next day, whatever the clocks do in between."""
    if day == date.max:
        return datetime.max.replace(tzinfo=UTC)
    return datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC) - timedelta(milliseconds=1)


def read_filter(query: QueryDict, others: set[str], zone: ZoneInfo) -> JobFilter:
    """The filter of a list, beside which the query may have other parameters.

    Raises InvalidFilter with one entry per wrong parameter.
    """
    check_names(query, {*JobQuery.base_filters, TAG, *others}, (*SEVERAL, TAG))
    form = JobQuery(_joined(query), Job.objects.none()).form
    if not form.is_valid():
        raise InvalidFilter(details=_form_errors(form))
    try:
        # One that is named twice means no more than once.
        return _filter_of(form.cleaned_data, list(dict.fromkeys(query.getlist(TAG))), zone)
    except ValidationError as error:
        fields: list[FieldError] = [
            {"path": field["path"].partition(".")[0], "message": field["message"]}
            for field in registry.field_errors(error)
        ]
        raise InvalidFilter(details=fields) from None


def _filter_of(cleaned: dict[str, Any], tags: list[str], zone: ZoneInfo) -> JobFilter:
    """A bare date is a day of the tenant's `zone`. Raises InvalidFilter, and ValidationError for a wrong text."""
    start, end = cleaned["start_date"], cleaned["end_date"]
    return JobFilter(
        # One that is named twice means no more than once.
        type=list(dict.fromkeys(cleaned["type"] or [])),
        status=list(dict.fromkeys(cleaned["status"] or [])),
        priority=cleaned["priority"] or None,
        batch_id=_id_of("batch_id", identifiers.BATCH_PREFIX, BATCH_ID, cleaned),
        schedule_id=_id_of("schedule_id", identifiers.SCHEDULE_PREFIX, SCHEDULE_ID, cleaned),
        request_id=_request_id(cleaned["request_id"]),
        tag=tags,
        sku=cleaned["sku"] or None,
        error_code=cleaned["error_code"] or None,
        start_date=moment_of("start_date", start, zone, end=False) if start else None,
        end_date=moment_of("end_date", end, zone, end=True) if end else None,
    )


def _id_of(name: str, prefix: str, form: Form, cleaned: dict[str, Any]) -> str | None:
    """The ID as it is written, of that form. Raises InvalidFilter."""
    text: str = cleaned[name]
    if text and identifiers.decode(prefix, text) is None:
        raise invalid(name, form.otherwise)
    return text or None


def _request_id(text: str) -> str | None:
    """Raises InvalidFilter."""
    if text and not re.fullmatch(REQUEST_ID.pattern, text):
        raise invalid("request_id", REQUEST_ID.otherwise)
    return text or None


def includes(query: QueryDict) -> set[str]:
    """The parts that `include` asks for. Raises InvalidFilter."""
    names = {part for text in query.getlist("include") for part in text.split(",")}
    if names - set(INCLUDABLE):
        raise invalid("include", f"must be {' or '.join(INCLUDABLE)}, or both, separated by a comma")
    return names


def _joined(query: QueryDict) -> QueryDict:
    """status=a&status=b means status=a,b. An empty value would be no filter at all: a mistake, not a wish."""
    joined = query.copy()
    for name, values in query.lists():
        text = ",".join(values)
        if "" in (text.split(",") if name in SEVERAL else values):
            raise invalid(name, "must not be empty")
        joined[name] = text
    return joined


def _form_errors(form: forms.Form) -> list[FieldError]:
    return [
        {"path": str(name), "message": " ".join(str(message) for message in messages)}
        for name, messages in form.errors.items()
    ]
