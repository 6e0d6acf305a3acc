"""The list of jobs, newest first, a page before or after the one that is shown: nothing is counted.

A page is a stretch of an index. Where no index has what the filters ask for, it looks through so many jobs and says
how far it has come: the next page goes on from there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.db.models import F, QuerySet
from django.http import HttpRequest

from aijobs import identifiers, sql
from aijobs.admin.filters import TenantFilter
from aijobs.admin.job_filters import (
    CREATED,
    SPANS,
    USUAL_SPAN,
    CreatedFilter,
    ErrorCodeFilter,
    PriorityFilter,
    ScheduleFilter,
    Search,
    StatusFilter,
    TagFilter,
    TypeFilter,
    read_search,
)
from aijobs.explaining import explain
from aijobs.models import NEWEST_FIRST, Job, JobQuerySet
from aijobs.states import Priority, Status

OLDER, NEWER = "older", "newer"
OLDEST_FIRST = F("id").asc(nulls_first=True)
TENANT, STATUS = str(TenantFilter.parameter_name), str(StatusFilter.parameter_name)
ERROR_CODE = str(ErrorCodeFilter.parameter_name)
FILTERS: list[type[SimpleListFilter]] = [
    TenantFilter,
    StatusFilter,
    TypeFilter,
    PriorityFilter,
    ErrorCodeFilter,
    ScheduleFilter,
    TagFilter,
]


@dataclass(frozen=True, slots=True)
class Chip:
    """A condition of the list, in words, and the address of the list without it."""

    words: str
    without: str


class JobList(ChangeList):
    """Django's list with another way of paging, and each row explained."""

    # How many jobs a page looks through where no index has just those that the filters ask for.
    most_rows = 50_000
    older_address = newer_address = newest_address = ""
    # How far a page looked that has fewer jobs than it could have.
    looked_to = ""
    cursor: UUID | None = None
    backwards = False
    search: Search | None = None

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Job]:
        self.request = request
        for direction in (OLDER, NEWER):
            if direction in self.params:
                self._read_cursor(direction)
        rows = cast("JobQuerySet", super().get_queryset(request, exclude_parameters))
        if term := self.query.strip():
            self.search = read_search(term)
            return self.apply_select_related(
                self.search.among(cast("JobQuerySet", self.root_queryset) if self.search.is_id else rows)
            )
        return rows

    def _read_cursor(self, direction: str) -> None:
        """Off the parameters: whatever else is asked for begins at its newest page."""
        self.cursor = identifiers.decode(identifiers.JOB_PREFIX, self.params.pop(direction))
        self.backwards = direction == NEWER
        del self.filter_params[direction]
        if self.cursor is None:
            raise IncorrectLookupParameters

    def get_results(self, request: HttpRequest) -> None:
        end = None if self._is_indexed() else self._farthest()
        rows = self._up_to(self._from_cursor(self.queryset), end)
        found = self._of_term(rows) if self.search and self.search.is_term else self._first(rows, self._order())
        shown = found[: self.list_per_page]
        self._link(shown, end, has_more=len(found) > self.list_per_page)
        self.result_list = shown[::-1] if self.backwards else shown
        explanations, wholes = explain(self.result_list), _wholes(self.result_list)
        for job in self.result_list:
            # For the columns that show it.
            job.why, job.whole = explanations[job.id].brief, wholes.get(job.id, "")
        self._say_how_many(request)

    def _first(self, rows: QuerySet[Job], order: Any) -> list[Job]:
        return list(rows.order_by(order)[: self.list_per_page + 1])

    def _of_term(self, rows: QuerySet[Job]) -> list[Job]:
        """Of a term that many jobs have, the next jobs fill a page; else all that have it are read by their index.

        Not left to the planner: of a term that it has not counted, such as an X-Request-ID, it believes that many
        jobs have it, and would look through all jobs (2.5 s of a million); and to sort 100,000 takes half a second.
        """
        last = self._farthest()
        near = self._first(self._up_to(rows, last), self._order())
        by_index = OLDEST_FIRST if self.backwards else NEWEST_FIRST
        return near if last is None or len(near) > self.list_per_page else self._first(rows, by_index)

    def _up_to(self, rows: QuerySet[Job], last: UUID | None) -> QuerySet[Job]:
        if last is None:
            return rows
        return rows.filter(id__lte=last) if self.backwards else rows.filter(id__gte=last)

    def _say_how_many(self, request: HttpRequest) -> None:
        """What Django's templates and actions ask a list for: this page is all that there is."""
        self.result_count = self.full_result_count = len(self.result_list)
        self.show_full_result_count = self.can_show_all = self.multi_page = False
        self.show_admin_actions = True
        self.paginator = self.model_admin.get_paginator(request, self.result_list, self.list_per_page)

    def _order(self) -> Any:
        """As the index has it that serves the filters: a tenant's, or one of all."""
        if TENANT in self.params or (self.search and self.search.is_tenant):
            return OLDEST_FIRST if self.backwards else NEWEST_FIRST
        return "id" if self.backwards else "-id"

    def _from_cursor(self, rows: QuerySet[Job]) -> QuerySet[Job]:
        if self.cursor is None:
            return rows
        return rows.filter(id__gt=self.cursor) if self.backwards else rows.filter(id__lt=self.cursor)

    def _farthest(self) -> UUID | None:
        """The last of the jobs that a page may look through; None where there are fewer."""
        rows = self.root_queryset
        for each in self.filter_specs:
            if isinstance(each, TenantFilter | CreatedFilter):
                rows = each.queryset(self.request, rows)
        ids = self._from_cursor(rows).order_by(self._order()).values_list("id", flat=True)
        last: UUID | None = ids[self.most_rows - 1 : self.most_rows].first()
        return last

    def _is_indexed(self) -> bool:
        """Whether an index has what the filters ask for, in the order of the list."""
        asked = {name for name in self.get_filters_params() if self.params.get(name)} - {CREATED}
        if self.query.strip() or not asked:
            return True
        if TENANT in asked:
            return len(asked) <= 2
        failed = self.params.get(STATUS) == Status.FAILED
        return asked in ({ERROR_CODE}, {ERROR_CODE, STATUS}) or (asked == {STATUS} and failed)

    def _link(self, shown: list[Job], end: UUID | None, *, has_more: bool) -> None:
        """The pages beside this one: it goes on behind the last job that it shows, or else that it looked at."""
        if end and not has_more:
            self.looked_to = f"{identifiers.created_at(end):%Y-%m-%d %H:%M:%S}"
        ahead = shown[-1].id if has_more else end
        behind = shown[0].id if shown and self.cursor else None
        older, newer = (behind, ahead) if self.backwards else (ahead, behind)
        self.older_address = self._page(OLDER, older) if older else ""
        self.newer_address = self._page(NEWER, newer) if newer else ""
        self.newest_address = self.get_query_string() if self.cursor else ""

    def _page(self, direction: str, job_id: UUID) -> str:
        return self.get_query_string({direction: identifiers.encode(identifiers.JOB_PREFIX, job_id)})

    def chips(self) -> list[Chip]:
        """What the list is narrowed by, in words. By time it always is, unless asked otherwise."""
        term = self.query.strip()
        searched = [Chip(f"“{term}”", self.get_query_string({SEARCH_VAR: None}))] if term else []
        if self.search and self.search.is_id:
            return searched
        words, span = SPANS.get(self.params.get(CREATED, ""), SPANS[USUAL_SPAN])
        created = [Chip(f"created in {words}", self.get_query_string({CREATED: "all"}))] if span else []
        asked = ((each, self.params.get(str(each.parameter_name))) for each in FILTERS)
        return searched + created + [self._chip(each, value) for each, value in asked if value]

    def _chip(self, kind: type[SimpleListFilter], value: str) -> Chip:
        without = self.get_query_string({str(kind.parameter_name): None})
        labels = {str(number): label for number, label in Priority.choices} if kind is PriorityFilter else {}
        shown = labels.get(value, value)
        return Chip(f"{kind.title}: {shown}", without)

    def in_any_time(self) -> str:
        """The address of the same list without its span; "" where it has none."""
        _, span = SPANS.get(self.params.get(CREATED, ""), SPANS[USUAL_SPAN])
        return self.get_query_string({CREATED: "all"}) if span and not (self.search and self.search.is_id) else ""


@dataclass(frozen=True, slots=True)
class _Whole:
    id: UUID
    marketplace: str
    most: str | None


# Such params are short: those that name their SKUs are not read.
WHOLES = """
SELECT id, left(short.params ->> 'marketplace', 64) AS marketplace, left(short.params ->> 'limit', 16) AS most
FROM aijobs_job job CROSS JOIN LATERAL (
    SELECT CASE WHEN pg_column_size(job.params) <= 4096 THEN job.params END AS params
) short
WHERE id = ANY (%(ids)s::uuid[]) AND short.params ->> 'all' = 'true' AND short.params ->> 'marketplace' IS NOT NULL
"""


def _wholes(jobs: Sequence[Job]) -> dict[UUID, str]:
    """What those are about that name no SKU, because they take all products of a marketplace."""
    ids = [job.id for job in jobs if not job.subjects]
    found = sql.rows(_Whole, WHOLES, {"ids": ids}) if ids else []
    return {
        each.id: f"all products of {each.marketplace}" + (f", at most {each.most}" if each.most else "")
        for each in found
    }
