"""Rows that a job analyses, reviews or returns: those that are new, chunk by chunk, each once, also after a crash.

New is what the current version of the model has not analysed. A chunk is read, then analysed outside of transactions,
then stored in one of its own. So a lost worker loses a chunk at most, and the next attempt goes on behind it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Generic, LiteralString, TypeVar

from django.db.models import Model, OrderBy, Q, QuerySet
from pydantic import Field

from aijobs import identifiers
from aijobs.errors import PermanentFailure
from aijobs.registry import Context
from workers.catalogue.models import Product
from workers.jobs.shared import SkuParams

# Rows that are analysed and stored together. Texts are bounded when they are imported: 256 of the longest are few MB.
CHUNK = 256
DEFAULT_LIMIT, LARGEST_LIMIT = 100_000, 1_000_000

Row = TypeVar("Row", bound=Model)


class AnalysisParams(SkuParams):
    """Whose rows to look at, which of them, and how many of those to analyse."""

    since: date | None = Field(
        default=None, examples=["2026-01-01"], description="The first day to look at. Without it, all days count."
    )
    limit: int = Field(
        default=DEFAULT_LIMIT,
        ge=1,
        le=LARGEST_LIMIT,
        description="How many of the new ones to analyse at most, the newest first. The next job takes the others.",
    )
    reanalyze: bool = Field(
        default=False,
        description="Whether to analyse also what the current version of the model has analysed before this job.",
    )


def scope_of(params: SkuParams, tenant_id: int) -> tuple[list[int] | None, list[str]]:
    """The ids of the products that were asked for, None for all of the marketplace; and the SKUs that are unknown.

    Raises PermanentFailure NO_MATCHING_SKUS.
    """
    products = Product.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is None:
        if not products.exists():
            raise _nothing(f"There are no products in the catalogue of {params.marketplace}")
        return None, []
    known = dict(products.filter(sku__in=params.skus).values_list("sku", "pk"))
    if not known:
        raise _nothing(f"None of the SKUs is in the catalogue of {params.marketplace}")
    return sorted(known.values()), [sku for sku in params.skus if sku not in known]


def _nothing(what: str) -> PermanentFailure:
    return PermanentFailure("NO_MATCHING_SKUS", f"{what}. Import the products first.")


@dataclass(frozen=True, slots=True)
class Backlog(Generic[Row]):
    """What a job analyses of the rows in its scope.

    `version_column` holds the version that has analysed a row, and `moment_column` when that was.
    """

    rows: QuerySet[Row]
    version: str
    version_column: LiteralString
    moment_column: LiteralString
    newest_first: Sequence[OrderBy | str]

    def run(self, params: AnalysisParams, context: Context, store: Callable[[Sequence[Row]], int]) -> int:
        """Have the rows stored chunk by chunk; `store` analyses a chunk, and returns how many rows it stored.

        Returns how many are analysed since the job was dispatched: by this attempt, or by one that was lost. Raises
        what `store` raises, and TransitionRefused.
        """
        since = self._since_dispatch(context)
        done = self.rows.filter(since).count()
        wanted = ~since if params.reanalyze else self._is_new()
        ids = self._ids(wanted, params.limit - done)
        total, stored = done + len(ids), done
        context.progress(done, total)
        for count, chunk in self._chunks(ids):
            stored += store(chunk)
            context.progress(done + count, total)
        return stored

    def left(self) -> int:
        """How many rows are new now: beyond the limit, or imported or changed while the job was running."""
        return self.rows.filter(self._is_new()).count()

    def _is_new(self) -> Q:
        return ~Q(**{self.version_column: self.version})

    def _since_dispatch(self, context: Context) -> Q:
        dispatched = identifiers.created_at(context.job_id)
        return Q(**{self.version_column: self.version, f"{self.moment_column}__gte": dispatched})

    def _ids(self, wanted: Q, most: int) -> list[int]:
        """Only the ids: 8 bytes of each, and a list that no import changes while it is worked through."""
        found = self.rows.filter(wanted).order_by(*self.newest_first).values_list("pk", flat=True)
        return list(found[: max(0, most)])

    def _chunks(self, ids: Sequence[int]) -> Iterator[tuple[int, list[Row]]]:
        """The rows, and how many of the ids are through with them; rows that were removed meanwhile are missing."""
        for start in range(0, len(ids), CHUNK):
            wanted = ids[start : start + CHUNK]
            yield start + len(wanted), list(self.rows.filter(pk__in=wanted).order_by("pk"))
