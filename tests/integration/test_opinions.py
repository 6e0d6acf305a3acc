"""Two thousand reviews and returns through the API, analysed by a worker whose process is killed on the way."""

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from itertools import cycle, islice

import httpx
import psutil
import pytest

from tests.integration.callers import dispatch, wait_for_the_end
from tests.integration.processes import Processes, wait_until
from tests.workers.catalogue.sampling.rows import LAST, Cells, returns, reviews
from workers.catalogue.models import Return, Review
from workers.catalogue.sample import SEED, sample_rows
from workers.jobs.backlog import MOST_ROWS

MARKETPLACE = "amazon_us"
# In chunks: one is stored when the process dies, and others are not.
ROWS = 4 * MOST_ROWS
SECONDS = 300.0

# When each row was analysed that has been, by its id.
Analysed = dict[int, datetime | None]


@dataclass(frozen=True, slots=True)
class Case:
    kind: str
    id_column: str
    sample: Callable[[], list[Cells]]
    analysed: Callable[[], Analysed]

    def table(self) -> str:
        """The sample over and over, each time with other ids."""
        file = io.StringIO()
        rows = list(islice(cycle(self.sample()), ROWS))
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(cells | {self.id_column: f"ID-{number}"} for number, cells in enumerate(rows))
        return file.getvalue()


def analysed_reviews() -> Analysed:
    return dict(Review.objects.exclude(analysed_with="").values_list("pk", "analysed_at"))


def classified_returns() -> Analysed:
    return dict(Return.objects.exclude(classified_with="").values_list("pk", "classified_at"))


CASES = {
    "review_sentiment": Case("reviews", "external_id", reviews, analysed_reviews),
    "return_classify": Case("returns", "return_id", returns, classified_returns),
}


def send(http: httpx.Client, kind: str, table: str) -> int:
    answer = http.post(
        f"/api/catalogue/{kind}",
        params={"marketplace": MARKETPLACE},
        content=table.encode(),
        headers={"Content-Type": "text/csv"},
        timeout=SECONDS,
    )
    report = answer.raise_for_status().json()["data"]
    assert report["rejected"] == 0, report["errors"][:3]
    imported: int = report["imported"]
    return imported


@pytest.mark.timeout(1200)
def test_jobs_of_killed_processes_go_on_and_analyse_nothing_twice(
    http: httpx.Client, processes: Processes, sweeping: None
) -> None:
    send(http, "products", "\n".join(sample_rows(SEED, LAST).products))
    for case in CASES.values():
        assert send(http, case.kind, case.table()) == ROWS
    worker = processes.worker(1, AIJOBS_LEASE_SECONDS="5")
    for type_, case in CASES.items():
        job_id = dispatch(http, type=type_, all=True, marketplace=MARKETPLACE)
        wait_until(case.analysed, "the first chunk", SECONDS)
        [process] = psutil.Process(worker.process.pid).children()
        process.kill()
        kept = case.analysed()
        [job] = wait_for_the_end(http, job_id, seconds=SECONDS)
        assert (type_, job["status"], job["retry_count"]) == (type_, "completed", 1)
        result = job["result"]
        assert (result["processed_count"], result["updated_count"], result["remaining_count"]) == (ROWS, ROWS, 0)
        after = case.analysed()
        assert 0 < len(kept) < len(after) == ROWS
        assert {row: after[row] for row in kept} == kept
