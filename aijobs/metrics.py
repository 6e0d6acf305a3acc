"""What `/metrics` tells Prometheus: read from PostgreSQL, so every process of the API says the same.

Counters and histograms are the rollup's totals, which only ever grow; gauges are what the sweeper measured last, and
`aijobs_measured_timestamp_seconds` says when. A scrape costs the same however many jobs there are.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from aijobs import sql
from aijobs.engine import statistics
from aijobs.models import BUCKET_BOUNDS, QueueStatistics, TotalRollup
from aijobs.states import Priority

# The rollup has two buckets for each doubling, which would be more series than these histograms are worth.
BOUNDS = BUCKET_BOUNDS[::2]


def exposition() -> bytes:
    """All metrics in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(_Service())
    return generate_latest(registry)


class _Service(Collector):
    def collect(self) -> Iterator[Metric]:
        yield from _queue()
        yield from _running()
        yield from _ends(list(TotalRollup.objects.all()))

    def describe(self) -> Iterable[Metric]:
        """None, so that registering does not collect."""
        return []


def _queue() -> Iterator[Metric]:
    row = QueueStatistics.objects.first()
    if row is None:
        return
    measured = statistics.parsed(row)
    refreshed = row.refreshed_at.timestamp()
    yield GaugeMetricFamily("aijobs_measured_timestamp_seconds", "When the sweeper last measured.", refreshed)
    yield GaugeMetricFamily("aijobs_active_jobs", "Jobs that are queued or running.", measured.active)
    yield GaugeMetricFamily(
        "aijobs_drain_rate", "Jobs completed or failed per second, in this minute and the last.", measured.drain_rate
    )
    depths = GaugeMetricFamily(
        "aijobs_queue_depth", "Jobs that are queued, and blocked by no other.", labels=["lane"]
    )
    oldest = GaugeMetricFamily(
        "aijobs_oldest_due_timestamp_seconds", "Since when the oldest due job of a lane waits.", labels=["lane"]
    )
    for lane in Priority:
        depths.add_metric([lane.label], measured.depths.get(lane, 0))
        if lane in measured.oldest_due:
            oldest.add_metric([lane.label], measured.oldest_due[lane].timestamp())
    yield from (depths, oldest)


@dataclass(frozen=True, slots=True)
class _Held:
    jobs: int
    workers: int


# As many rows as workers have processes.
HELD = "SELECT count(*) AS jobs, count(DISTINCT worker) AS workers FROM aijobs_job WHERE status = 'running'"


def _running() -> Iterator[Metric]:
    [held] = sql.rows(_Held, HELD, {})
    yield GaugeMetricFamily("aijobs_running_jobs", "Jobs that a worker holds.", held.jobs)
    yield GaugeMetricFamily("aijobs_busy_workers", "Workers that hold a job.", held.workers)


def _ends(totals: Sequence[TotalRollup]) -> Iterator[Metric]:
    ended = CounterMetricFamily(
        "aijobs_jobs_ended",
        "Jobs that ended, of cancelled ones with the reason.",
        labels=["type", "lane", "end", "code"],
    )
    for row in totals:
        ended.add_metric([row.type, Priority(row.lane).label, row.end, row.error_code], row.count)
    yield ended
    yield _histogram(
        "aijobs_waiting_seconds",
        "How long the last attempt of completed and failed jobs waited since it was due.",
        totals,
        lambda row: (row.waiting, row.waiting_seconds),
    )
    yield _histogram(
        "aijobs_running_seconds",
        "How long the last attempt of completed and failed jobs ran.",
        totals,
        lambda row: (row.running, row.running_seconds),
    )


def _histogram(
    name: str, text: str, totals: Sequence[TotalRollup], times: Callable[[TotalRollup], tuple[list[int], float]]
) -> Metric:
    rows: dict[tuple[str, int], list[tuple[list[int], float]]] = defaultdict(list)
    for row in totals:
        rows[row.type, row.lane].append(times(row))
    family = HistogramMetricFamily(name, text, labels=["type", "lane"])
    for (type_name, lane), parts in rows.items():
        buckets = [sum(numbers) for numbers in zip(*(buckets for buckets, _ in parts), strict=True)]
        family.add_metric(
            [type_name, Priority(lane).label], _cumulated(buckets), sum(seconds for _, seconds in parts)
        )
    return family


def _cumulated(buckets: Sequence[int]) -> list[tuple[str, float]]:
    """For each of BOUNDS, the jobs that took less; and all."""
    below = [(str(bound), sum(buckets[: 2 * number + 1])) for number, bound in enumerate(BOUNDS)]
    return [*below, ("+Inf", sum(buckets))]
