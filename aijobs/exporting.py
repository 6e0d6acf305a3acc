"""Jobs as a file: CSV for a spreadsheet, NDJSON with params and results for a program. Few rows at a time."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from io import StringIO
from uuid import UUID

import orjson
from django.db.models import F, Func, IntegerField, QuerySet, TextField
from django.db.models.functions import Cast, Coalesce
from django.http import StreamingHttpResponse
from django.utils.timezone import now

from aijobs import identifiers
from aijobs.filtering import JobFilter
from aijobs.models import Job
from aijobs.shapes import timestamp
from aijobs.states import Priority


def _stored_bytes(document: str) -> Func:
    """Without reading it."""
    return Func(F(document), function="pg_column_size", output_field=IntegerField())


# Jobs of one statement: a long one would keep a snapshot, and PostgreSQL could clear nothing away meanwhile.
JOBS_AT_ONCE = 1_000
# Documents of one statement: so many, or so many bytes of them as they are stored, which is packed: to a hundredth by
# pglz. So they are some megabytes, whatever they become.
DOCUMENTS_AT_ONCE = 100
BYTES_AT_ONCE = 64 * 1024
STORED_BYTES = _stored_bytes("params") + Coalesce(_stored_bytes("result"), 0)
# Nothing: where few jobs match, whoever sends the file has a turn between two stretches.
END_OF_STRETCH = b""
# What a spreadsheet takes for the beginning of a formula.
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, object]
Stretches = Iterable[Iterable[Job]]
Write = Callable[[Stretches], Iterator[str] | Iterator[bytes]]


def selected(ids: Iterable[UUID]) -> Iterator[Iterable[Job]]:
    """In one stretch."""
    yield _read(Job.objects.filter(id__in=list(ids)).order_by("id"))


def matching(tenant_id: int | None, wanted: JobFilter) -> Iterator[Iterable[Job]]:
    """Those that there are now, oldest first: of each stretch of jobs those that match, perhaps none.

    The first stretch is looked for at once: who asks while the database is away is told so, and not sent a file.
    """
    find = partial(wanted.stretch, tenant_id, JOBS_AT_ONCE, until=identifiers.last_id_at(now()))
    return _in_turn(find, *find(after=None))


def _in_turn(
    find: Callable[..., tuple[QuerySet[Job], UUID | None]], jobs: QuerySet[Job], after: UUID | None
) -> Iterator[Iterable[Job]]:
    yield _read(jobs)
    while after:
        jobs, after = find(after=after)
        yield _read(jobs)


def _read(jobs: QuerySet[Job]) -> Iterable[Job]:
    rows = jobs.defer("metadata", "params", "result").select_related("tenant")
    return rows.annotate(stored_bytes=STORED_BYTES, **{"metadata_text": Cast("metadata", TextField())})


def as_csv(stretches: Stretches) -> Iterator[str]:
    """Without params and results, which no cell can hold. Lists and metadata are JSON."""
    yield _line(COLUMNS)
    for jobs in stretches:
        for job in jobs:
            yield _line(_cell(value) for value in _row(job).values())
        yield END_OF_STRETCH.decode()


def as_ndjson(stretches: Stretches) -> Iterator[bytes]:
    """One object a line. Params and results are as they were written, so that numbers of any length are exact."""
    for jobs in stretches:
        yield from _lines(jobs)
        yield END_OF_STRETCH


def _lines(jobs: Iterable[Job]) -> Iterator[bytes]:
    for group in _groups(jobs):
        written = Job.objects.with_text_of("params", "result").in_bulk([job.id for job in group])
        for job in group:
            # None where it was pruned at this moment.
            if text := written.get(job.id):
                documents = {"params": _fragment(text.params_text), "result": _fragment(text.result_text)}
                yield orjson.dumps({**_row(job), **documents}) + b"\n"


def _groups(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """As many at a time as may be in memory with their documents. One alone may have more."""
    group: list[Job] = []
    size = 0
    for job in jobs:
        size += job.stored_bytes  # type: ignore[attr-defined]  # as it was read
        if group and (size > BYTES_AT_ONCE or len(group) == DOCUMENTS_AT_ONCE):
            yield group
            group, size = [], job.stored_bytes  # type: ignore[attr-defined]
        group.append(job)
    if group:
        yield group


FORMATS: dict[str, tuple[str, Write]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "ndjson": ("application/x-ndjson", as_ndjson),
}


def answer(stretches: Stretches, form: str) -> StreamingHttpResponse:
    """A file to download, in one of the FORMATS."""
    content_type, write = FORMATS[form]
    name = f"jobs-{now():%Y-%m-%d-%H%M%S}.{form}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        # To nginx, which else would put a part of it on its disk, and take nothing while that is sent.
        "X-Accel-Buffering": "no",
    }
    return StreamingHttpResponse(write(stretches), content_type=content_type, headers=headers)


COLUMNS = (
    *("id", "tenant", "type", "status", "priority", "created_at", "started_at", "completed_at", "duration_seconds"),
    *("attempts", "retry_count", "processed", "total", "batch_id", "depends_on", "retry_of", "schedule_id"),
    *("request_id", "idempotency_key", "tags", "metadata", "run_at", "expires_at", "cancel_requested_at"),
    *("error_code", "error_message", "cancel_reason", "caused_by"),
)


def _row(job: Job) -> Row:
    """None is what the job does not have: null in NDJSON, and an empty cell. Texts are stored empty for that."""
    values = (
        *(job.public_id, job.tenant.name, job.type, job.status, Priority(job.priority).label),
        *(_moment(job.created_at), _moment(job.started_at), _moment(job.completed_at), job.duration_seconds),
        *(job.attempt, job.retry_count, job.processed, job.total),
        *(_id(identifiers.BATCH_PREFIX, job.batch_id), _indexes(job.depends_on)),
        *(_id(identifiers.JOB_PREFIX, job.retry_of_id), _id(identifiers.SCHEDULE_PREFIX, job.schedule_id)),
        *(job.request_id or None, job.idempotency_key or None, job.tags, _fragment(job.metadata_text)),
        *(_moment(job.run_at), _moment(job.expires_at), _moment(job.cancel_requested_at)),
        *(job.error_code or None, job.error_message or None, job.cancel_reason or None),
        _id(identifiers.JOB_PREFIX, job.cancelled_by_id),
    )
    return dict(zip(COLUMNS, values, strict=True))


def _moment(moment: datetime | None) -> str | None:
    return timestamp(moment) if moment else None


def _id(prefix: str, value: UUID | None) -> str | None:
    return identifiers.encode(prefix, value) if value else None


def _indexes(positions: Sequence[int] | None) -> list[int] | None:
    """As callers say them."""
    return None if positions is None else [position - 1 for position in positions]


def _fragment(text: str | None) -> orjson.Fragment | None:
    """Outside its texts, a line break in JSON is a space; inside, there is none."""
    return None if text is None else orjson.Fragment(text.replace("\n", " ").replace("\r", " "))


def _cell(value: object) -> object:
    """What callers and marketplaces wrote is text, also where a spreadsheet would take it for a formula."""
    if isinstance(value, list | orjson.Fragment):
        return orjson.dumps(value).decode()
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _line(cells: Iterable[object]) -> str:
    text = StringIO()
    csv.writer(text).writerow(cells)
    return text.getvalue()
