"""Reviews and returns in large numbers: `python -m tests.benchmarks.opinions [--rows 100000]`.

At the processes as `up` starts them, through the API: so many reviews and as many returns are imported, and a job
analyses each kind. When a job is halfway, the process that runs it is killed; of what was stored by then, nothing may
be analysed again. Prints how long it took, what a process of the worker holds before and after its first review, and
what all processes held at most (of all together, what they share counts once). Linux only.
"""

import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil

from tests.benchmarks.memory import Memory, megabytes
from tests.benchmarks.site import WORKER_PROCESSES, Site, site, wait_until

MARKETPLACE = "amazon_us"
TYPES = ("review_sentiment", "return_classify")
PATIENCE_SECONDS = 3600.0
OPEN = ("queued", "running")
# What the jobs look at that show what a process loads.
FEW = ["0-SKU-001"]


class Shop:
    """The API, as a seller's system sees it."""

    def __init__(self, http: httpx.Client) -> None:
        self._http = http

    def upload(self, kind: str, path: Path) -> tuple[int, float]:
        """Import a file. Returns how many rows it has, and how many seconds it took."""
        began = time.perf_counter()
        with path.open("rb") as file:
            answer = self._http.post(
                f"/api/catalogue/{kind}",
                params={"marketplace": MARKETPLACE},
                content=file,
                headers={"Content-Type": "text/csv"},
            )
        report = answer.raise_for_status().json()["data"]
        assert report["rejected"] == 0, report["errors"][:3]
        return report["imported"], time.perf_counter() - began

    def dispatch(self, type_: str, **params: object) -> str:
        body = {"type": type_, "params": {"marketplace": MARKETPLACE, **params}}
        job_id: str = self._http.post("/api/ai-jobs", json=body).raise_for_status().json()["data"]["id"]
        return job_id

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self._http.get(f"/api/ai-jobs/{job_id}").raise_for_status().json()["data"]
        return found

    def finished(self, job_id: str) -> dict[str, Any]:
        wait_for(lambda: self.job(job_id)["status"] not in OPEN, f"the end of {job_id}")
        job = self.job(job_id)
        assert job["status"] == "completed", job
        return job


def wait_for(true: Callable[[], object], what: str) -> None:
    """Looks now and then only: the API and the database have to do with what is measured."""
    wait_until(true, what, PATIENCE_SECONDS, poll_seconds=0.5)


def tell(what: str, figure: str) -> None:
    print(f"{what:<76} {figure}", flush=True)


def measure(rows: int) -> None:
    with site() as here, ExitStack() as stack:
        from tests.benchmarks.opinion_rows import write_shops
        from tests.factories import TenantFactory, key_for

        files = write_shops(here.folder, rows)
        port = stack.enter_context(here.api())
        api = here.running[-1]
        headers = {"Authorization": f"Bearer {key_for(TenantFactory())[1]}"}
        http = httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=PATIENCE_SECONDS)
        shop = Shop(stack.enter_context(http))
        groups = {"API": psutil.Process(api.pid), "PostgreSQL": postgresql(here)}
        with Memory(groups) as memory:
            fill(shop, {"products": files.products, "sales": files.sales})
            fill(shop, {"reviews": files.reviews, "returns": files.returns})
        tell_memory("imports", memory)
        what_models_cost(here, shop)
        stack.enter_context(here.control())
        worker = psutil.Process(stack.enter_context(here.worker()).pid)
        groups[f"worker of {WORKER_PROCESSES}"] = worker
        for type_ in TYPES:
            with Memory(groups) as memory:
                run_with_a_kill(shop, type_, worker)
            tell_memory(type_, memory)


def postgresql(here: Site) -> psutil.Process:
    pid_file = here.folder / "postgres" / "postmaster.pid"
    return psutil.Process(int(pid_file.read_text().split()[0]))


def fill(shop: Shop, files: Mapping[str, Path]) -> None:
    for kind, path in files.items():
        imported, seconds = shop.upload(kind, path)
        tell(f"import of {imported:,} {kind} ({megabytes(path.stat().st_size)})", f"{seconds:.1f} s")


def tell_memory(what: str, memory: Memory) -> None:
    for line, peak in memory.peaks():
        tell(f"{what}: {line}", peak)


def what_models_cost(here: Site, shop: Shop) -> None:
    """One process of a worker, as it grows from job to job. Each job looks at one SKU only."""
    with here.worker(processes="1") as worker:
        for type_ in ("pricing_recalculate", *TYPES):
            shop.finished(shop.dispatch(type_, skus=FEW))
            [process] = psutil.Process(worker.pid).children()
            is_loaded = any("onnxruntime" in each.path for each in process.memory_maps())
            encoder = "with the encoder" if is_loaded else "without the encoder"
            tell(
                f"a process of the worker, after {type_} of one SKU",
                f"{megabytes(process.memory_info().rss)}, {encoder}",
            )


def run_with_a_kill(shop: Shop, type_: str, worker: psutil.Process) -> None:
    """One job over all that is new, whose process is killed halfway."""
    before, cpu = len(analysed(type_)), cpu_seconds(worker)
    began = time.perf_counter()
    job_id = shop.dispatch(type_, all=True)
    wait_for(lambda: is_halfway(shop.job(job_id)), f"half of {type_}")
    busiest(worker).kill()
    killed = time.perf_counter()
    kept = analysed(type_)
    wait_for(is_tried_again, f"the next attempt of {type_}")
    pause = time.perf_counter() - killed
    job = shop.finished(job_id)
    seconds, cpu = time.perf_counter() - began, cpu_seconds(worker) - cpu
    after = analysed(type_)
    rows = len(after) - before
    assert rows == job["progress"]["total"] == job["result"]["processed_count"], job["progress"]
    tell(f"{type_}: all of {rows:,} rows", f"{seconds:.1f} s")
    tell(f"{type_}: of that, from the kill to the next attempt", f"{pause:.1f} s")
    tell(f"{type_}: without that", f"{rows / (seconds - pause):,.0f} rows/s")
    tell(f"{type_}: CPU of the worker", f"{cpu:.1f} s, {rows / cpu:,.0f} rows/s of CPU")
    tell(f"{type_}: stored before the kill", f"{len(kept) - before:,} rows")
    tell(f"{type_}: of those, analysed again", f"{sum(after[row] != at for row, at in kept.items()):,} rows")
    tell(f"{type_}: result", f"{len(orjson.dumps(job['result'])):,} bytes")


def is_halfway(job: dict[str, Any]) -> bool:
    assert job["status"] in OPEN, f"The job was over before it was seen halfway: use more rows ({job['status']})."
    progress = job["progress"]
    return progress["total"] is not None and progress["processed"] >= progress["total"] / 2


def busiest(worker: psutil.Process) -> psutil.Process:
    """The process of the pool that runs the job."""
    before = {each: sum(each.cpu_times()[:2]) for each in worker.children()}
    time.sleep(0.2)
    return max(before, key=lambda each: sum(each.cpu_times()[:2]) - before[each])


def cpu_seconds(worker: psutil.Process) -> float:
    """Of all its processes, also of those that have ended."""
    return sum(worker.cpu_times()[:4]) + sum(sum(each.cpu_times()[:2]) for each in worker.children())


def is_tried_again() -> bool:
    from aijobs.models import Job
    from aijobs.states import Status

    return Job.objects.filter(status=Status.RUNNING, attempt__gt=1).exists()


def analysed(type_: str) -> dict[int, datetime | None]:
    """When each row was that has been, by its id."""
    from workers.catalogue.models import Return, Review

    if type_ == "review_sentiment":
        return dict(Review.objects.exclude(analysed_with="").values_list("pk", "analysed_at"))
    return dict(Return.objects.exclude(classified_with="").values_list("pk", "classified_at"))


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    measure(parser.parse_args().rows)
