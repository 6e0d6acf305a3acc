"""Rows that a job analyses, reviews or returns: those that are new, chunk by chunk, each once, also after a crash.

New is what the current version of the model has not analysed. A chunk is read, then analysed outside of transactions,
then stored in one of its own. So a lost worker loses a chunk at most, and the next attempt goes on behind it.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from django.db.models import F, Func, IntegerField, Model, OrderBy, Q, QuerySet

from aijobs import identifiers
from aijobs.registry import Context
from workers.catalogue.models import Product
from workers.jobs.shared import SkuParams, nothing_matches

# A lost worker loses no more than a chunk. The bytes bound its memory: one text may have a megabyte.
MOST_ROWS = 500
MOST_BYTES = 2 * 1024 * 1024
LARGEST_RUN = 100_000

Row = TypeVar("Row", bound=Model)


class AnalysisParams(SkuParams):
    """Whose rows to look at, from which day on, how many of the new ones at most, or all of them once more.

    Each job type says what that means, in the words of its own.
    """

    since: date | None
    limit: int
    reanalyze: bool


def products_asked_for(params: SkuParams, tenant_id: int) -> dict[str, int] | None:
    """The ids of the SKUs that are in the catalogue; None for all products. Raises PermanentFailure."""
    rows = Product.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None:
        if not rows.exists():
            raise nothing_matches(params)
        return None
    found = dict(rows.filter(sku__in=params.skus).values_list("sku", "pk"))
    if not found:
        raise nothing_matches(params)
    return found


@dataclass(frozen=True, slots=True)
class Done:
    """What a job has analysed in all its attempts, how much of it was stored, and how many rows are still new."""

    analysed: int
    stored: int
    remaining: int


@dataclass(frozen=True, slots=True)
class Backlog(Generic[Row]):
    """The rows in a job's scope, and which of them are new."""

    rows: QuerySet[Row]
    version: str
    """The model's."""
    version_column: str
    """It holds the version that has analysed a row."""
    moment_column: str
    """When that was."""
    text_column: str
    """The long one."""
    newest_first: Sequence[OrderBy | str]

    def work_off(
        self, params: AnalysisParams, context: Context, seconds: float, store: Callable[[Sequence[Row]], int]
    ) -> Done:
        """Have new rows analysed, the newest first, until there are none, or `limit` or the seconds are reached.

        `store` analyses and stores a chunk, and returns how many rows it has stored. Raises what that and
        `context.progress()` do; what is stored by then stays.
        """
        give_up_at = time.monotonic() + seconds
        by_this_job = self._by_this_job(context)
        # What earlier attempts have stored counts for the limit too.
        earlier = self.rows.filter(by_this_job).count() if context.attempt > 1 else 0
        wanted = ~by_this_job if params.reanalyze else self._is_new()
        # Analysed again: the longest ago first, so that the next such job goes on behind this one.
        longest_ago = [F(self.moment_column).asc(nulls_first=True)] if params.reanalyze else []
        new = self._new(wanted, [*longest_ago, *self.newest_first], max(0, params.limit - earlier))
        analysed, stored, seen = earlier, earlier, earlier
        context.progress(seen, earlier + len(new))
        for ids in chunks(new):
            rows = list(self.rows.filter(wanted, pk__in=ids).order_by("pk"))
            analysed += len(rows)
            stored += store(rows) if rows else 0
            seen += len(ids)
            context.progress(seen)
            if time.monotonic() > give_up_at:
                break
        return Done(analysed, stored, self.rows.filter(self._is_new()).count())

    def _is_new(self) -> Q:
        return ~Q(**{self.version_column: self.version})

    def _by_this_job(self, context: Context) -> Q:
        """What this job has stored has the version, and is younger than the job: no attempt takes it twice."""
        dispatched = identifiers.created_at(context.job_id)
        return Q(**{self.version_column: self.version, f"{self.moment_column}__gte": dispatched})

    def _new(self, wanted: Q, order: Sequence[OrderBy | str], most: int) -> list[tuple[int, int]]:
        """Ids, and how many bytes their texts have: that is known without reading them."""
        size = Func(self.text_column, function="octet_length", output_field=IntegerField())
        found = self.rows.filter(wanted).order_by(*order).values_list("pk", size)
        return list(found[:most])


def chunks(new: Sequence[tuple[int, int]]) -> Iterator[list[int]]:
    """The ids in stretches of so many rows and bytes at most; a row that is larger is one by itself."""
    ids: list[int] = []
    size = 0
    for row_id, row_bytes in new:
        if ids and (len(ids) == MOST_ROWS or size + row_bytes > MOST_BYTES):
            yield ids
            ids, size = [], 0
        ids.append(row_id)
        size += row_bytes
    if ids:
        yield ids
