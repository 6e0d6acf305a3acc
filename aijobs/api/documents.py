"""Lists whose rows have documents of any size: as many rows as fit on a page, known before the documents are read."""

from django.db.models import F, Func, IntegerField, QuerySet, TextField, Value
from django.db.models.functions import Cast, Coalesce

from aijobs.api.wire.pagination import fitting
from aijobs.filtering import JobFilter
from aijobs.models import Job, Schedule

# Documents are stored packed, to a hundredth at most: so much of it is no more than a page whatever it becomes.
SMALL_BYTES = 64 * 1024


def jobs_with(
    documents: set[str], jobs: QuerySet[Job], wanted: JobFilter, limit: int
) -> tuple[list[Job], str | None]:
    """The first of the jobs that match, with these documents, and the key behind which the next page begins."""
    stored = sum((Coalesce(_size(F(name), "pg_column_size"), 0) for name in sorted(documents)), Value(0))
    found = wanted.newest(jobs.only("id").annotate(stored_bytes=stored), limit + 1)
    stored_bytes: list[int] = [job.stored_bytes for job in found[:limit]]  # type: ignore[attr-defined]  # as it was read
    page = [job.id for job in found[: fitting(stored_bytes)]][:limit]
    if sum(stored_bytes) > SMALL_BYTES:
        written = sum((Coalesce(_size(_text(name), "octet_length"), 0) for name in sorted(documents)), Value(0))
        sizes = dict(Job.objects.filter(id__in=page).values_list("id", written))
        page = page[: fitting(sizes.get(each, 0) for each in page)]
    whole = Job.objects.with_text_of(*documents).in_bulk(page)
    next_key = found[len(page) - 1].public_id if len(page) < len(found) else None
    # Without those that have been deleted since.
    return [whole[each] for each in page if each in whole], next_key


def schedules_of(schedules: QuerySet[Schedule], limit: int) -> tuple[list[Schedule], str | None]:
    """The first of the schedules, with their templates, and the key behind which the next page begins."""
    found = list(schedules.only("id").annotate(bytes=_size(_text("template"), "octet_length"))[: limit + 1])
    page = found[: fitting(each.bytes for each in found[:limit])]
    whole = Schedule.objects.in_bulk([each.id for each in page])
    next_key = page[-1].public_id if len(page) < len(found) else None
    return [whole[each.id] for each in page if each.id in whole], next_key


def _text(name: str) -> Cast:
    return Cast(name, TextField())


def _size(value: F | Cast, function: str) -> Func:
    return Func(value, function=function, output_field=IntegerField())
