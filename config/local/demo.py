"""The demo of `up`: a job of each type through the API, as a customer would dispatch them, what comes of them, and a
schedule."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from django.core.management.base import CommandError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from config.local import showing
from config.local.showing import Shop

POLL_SECONDS = 0.2
OPEN = ("queued", "running")
# One of the sample catalogue's.
BRAND = "Northfield"
SCHEDULE = "scan, then reprice"


@dataclass(frozen=True, slots=True)
class Demo:
    """A job of a type, what it does meanwhile, and how its result is shown. `params`: all but the marketplace."""

    type: str
    doing: str
    show: Callable[[dict[str, Any], Shop, Console], None]
    params: dict[str, object]


DEMOS = (
    Demo("pricing_recalculate", "Pricing products", showing.show_prices, {"all": True, "apply": False}),
    Demo("competitor_scan", "Comparing offers", showing.show_competitors, {"all": True}),
    Demo("review_sentiment", "Reading reviews", showing.show_reviews, {"all": True}),
    Demo("return_classify", "Reading returns", showing.show_returns, {"all": True}),
    Demo("llm_visibility_score", "Asking around", showing.show_visibility, {"brand": BRAND}),
    Demo("listing_optimize", "Judging listings", showing.show_listings, {"all": True, "apply": False}),
)


class Api:
    """The service's own HTTP API, called with the key that is printed."""

    def __init__(self, base_url: str, tenant: str, secret: str) -> None:
        headers = {"Authorization": f"Bearer {secret}", "X-Tenant-ID": tenant}
        self.client = httpx.Client(base_url=base_url, headers=headers, timeout=30)

    def get(self, path: str) -> Any:
        return self._data(self.client.get(path))

    def post(self, path: str, body: object) -> Any:
        return self._data(self.client.post(path, json=body))

    def _data(self, response: httpx.Response) -> Any:
        if response.is_error:
            raise CommandError(f"{response.request.url} answered {response.status_code}: {response.text}")
        return response.json()["data"]


def run_demo_jobs(api: Api, marketplace: str, console: Console) -> None:
    """Dispatch a job of each type through the API, as a customer would, and show what comes of them."""
    products = api.get(f"/api/catalogue/products?marketplace={marketplace}&limit=200")
    shop = Shop({product["sku"]: product["title"] for product in products})
    dispatched = [_dispatch(api, demo, marketplace) for demo in DEMOS]
    for demo, job in zip(DEMOS, _ended(api, dispatched, console), strict=True):
        if job["status"] == "completed":
            demo.show(job["result"], shop, console)
        else:
            console.print(
                f"The demo's job {demo.type} did not complete. It is {job['status']}: {job.get('error')}",
                soft_wrap=True,
                markup=False,
            )


def create_demo_schedule(api: Api, marketplace: str, console: Console) -> None:
    """A schedule that does every night what most sellers want first. Paused: nobody has asked for it yet."""
    if any(each["name"] == SCHEDULE for each in api.get("/api/ai-jobs/schedules?limit=200")):
        return
    params = {"marketplace": marketplace, "all": True, "limit": 100}
    jobs = [{"type": kind, "params": params} for kind in ("competitor_scan", "pricing_recalculate")]
    body = {"name": SCHEDULE, "cron": "30 2 * * *", "batch": {"jobs": jobs, "sequential": True}}
    created = api.post("/api/ai-jobs/schedules", body)
    api.post(f"/api/ai-jobs/schedules/{created['id']}/pause", {"reason": "It is an example. Resume it to try it."})
    console.print(
        f'The schedule "{SCHEDULE}" would run every night. It is paused: see it in the admin, or resume it with '
        f"POST /api/ai-jobs/schedules/{created['id']}/resume.",
        soft_wrap=True,
        markup=False,
    )


def _dispatch(api: Api, demo: Demo, marketplace: str) -> Any:
    params = {"marketplace": marketplace, **demo.params}
    return api.post("/api/ai-jobs", {"type": demo.type, "params": params})


def _ended(api: Api, jobs: list[Any], console: Console) -> list[Any]:
    """The jobs once they have ended, with a bar for each until then."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        bars = [progress.add_task(f"{demo.doing:<16}", total=None) for demo in DEMOS]
        while any(job["status"] in OPEN for job in jobs):
            time.sleep(POLL_SECONDS)
            jobs = [api.get(f"/api/ai-jobs/{job['id']}") if job["status"] in OPEN else job for job in jobs]
            for bar, job in zip(bars, jobs, strict=True):
                _move(progress, bar, job)
    return jobs


def _move(progress: Progress, bar: TaskID, job: Any) -> None:
    progress.update(bar, completed=job["progress"]["processed"], total=job["progress"]["total"])
    if job["status"] not in OPEN:
        progress.stop_task(bar)
