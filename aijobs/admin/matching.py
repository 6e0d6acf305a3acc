"""All jobs that a list shows, as a filter that can be stored: what an action on all of them takes."""

from collections.abc import Mapping

import orjson
from django.contrib.admin.views.main import SEARCH_VAR
from django.http import QueryDict
from django.utils.timezone import now
from pydantic import ValidationError

from aijobs.admin.filters import TenantFilter
from aijobs.admin.job_filters import (
    CREATED,
    SPANS,
    USUAL_SPAN,
    ErrorCodeFilter,
    PriorityFilter,
    ScheduleFilter,
    StatusFilter,
    TagFilter,
    TypeFilter,
)
from aijobs.admin.job_list import NEWER, OLDER
from aijobs.filtering import JobFilter
from aijobs.models import Tenant
from aijobs.states import Priority

# What the list of jobs calls its filters, and what they are called in a JobFilter.
NAMES = {
    str(TenantFilter.parameter_name): "tenant",
    str(StatusFilter.parameter_name): "status",
    str(TypeFilter.parameter_name): "type",
    str(PriorityFilter.parameter_name): "priority",
    str(ErrorCodeFilter.parameter_name): "error_code",
    str(ScheduleFilter.parameter_name): "schedule_id",
    str(TagFilter.parameter_name): "tag",
}
# Which page of it is shown, and the span of time, which it always has.
OF_THE_PAGE = {OLDER, NEWER, CREATED}
SEVERAL = ("status", "type")


class NotExpressible(Exception):
    """The list is narrowed by something that a stored filter cannot say. Acting on more than it shows is no way."""


def of_list(query: QueryDict) -> dict[str, str]:
    """The parameters of the list, as those of a bulk action or an export. Raises NotExpressible."""
    unknown = sorted(name for name in query if query[name] and name not in {*NAMES, *OF_THE_PAGE})
    if unknown:
        raise NotExpressible(
            f"The list is narrowed by {' and '.join(map(_called, unknown))}, which an action on all jobs that match "
            "cannot take. Remove that from the list, or choose the jobs one by one."
        )
    found = {NAMES[name]: ",".join(query.getlist(name)) for name in query if query[name] and name in NAMES}
    if found.get("priority", "").isdigit():
        found["priority"] = Priority(int(found["priority"])).label
    # Nobody asked for all jobs of the last seven days by asking for nothing.
    return _of_its_span(query, found) if found or query.get(CREATED) else found


def _called(parameter: str) -> str:
    return "a search" if parameter == SEARCH_VAR else parameter


def shown_by(query: QueryDict) -> dict[str, str]:
    """As `of_list`, and of the time that the list shows also where nothing else is asked for."""
    return _of_its_span(query, of_list(query))


def _of_its_span(query: QueryDict, found: dict[str, str]) -> dict[str, str]:
    """Only those of the time that the list shows."""
    _, span = SPANS.get(query.get(CREATED, ""), SPANS[USUAL_SPAN])
    return {**found, "start_date": (now() - span).isoformat(timespec="seconds")} if span else found


def read(query: Mapping[str, str]) -> tuple[Tenant | None, JobFilter]:
    """The tenant and the filter that the parameters say. Raises ValueError, in words, for what does not exist."""
    name = query.get("tenant", "")
    tenant = Tenant.objects.filter(name=name.replace("\0", " ")).first() if name else None
    if name and tenant is None:
        raise ValueError(f"There is no tenant with the name {name}.")
    conditions: dict[str, object] = {
        key: query[key] for key in JobFilter.model_fields if query.get(key) and key not in SEVERAL
    }
    if tag := query.get("tag"):
        # One, which may have commas.
        conditions["tag"] = [tag]
    conditions |= {key: query[key].split(",") for key in SEVERAL if query.get(key)}
    try:
        return tenant, JobFilter.model_validate_json(orjson.dumps(conditions))
    except ValidationError as error:
        wrong = sorted({str(each["loc"][0]) for each in error.errors()})
        raise ValueError(f"The filter is not valid: {', '.join(wrong)}.") from None


def in_words(tenant: Tenant | None, wanted: JobFilter) -> str:
    """For people: `tenant shop-1, status queued`."""
    conditions = {"tenant": tenant.name if tenant else None, **wanted.model_dump(mode="json", exclude_defaults=True)}
    said = (
        f"{name.replace('_', ' ')} {' or '.join(value) if isinstance(value, list) else value}"
        for name, value in conditions.items()
        if value
    )
    return ", ".join(said) or "all jobs"
