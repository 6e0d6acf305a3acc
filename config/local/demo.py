"""The demo of `up`: one pricing job through the API, as a customer would dispatch it, and what comes of it."""

import time
from typing import Any

import httpx
from django.core.management.base import CommandError
from rich import box
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

SHOWN_RECOMMENDATIONS = 12
POLL_SECONDS = 0.2


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


def run_demo_job(api: Api, marketplace: str, console: Console) -> None:
    """Dispatch one pricing job through the API, as a customer would, and show what comes of it."""
    products = api.get(f"/api/catalogue/products?marketplace={marketplace}&limit=200")
    titles = {product["sku"]: product["title"] for product in products}
    params = {"skus": list(titles), "marketplace": marketplace, "apply": False}
    job = api.post("/api/ai-jobs", {"type": "pricing_recalculate", "params": params})
    columns = (
        TextColumn("Pricing {task.total} products"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("", total=len(titles))
        while job["status"] in ("queued", "running"):
            progress.update(bar, completed=job["progress"]["processed"])
            time.sleep(POLL_SECONDS)
            job = api.get(f"/api/ai-jobs/{job['id']}")
        progress.update(bar, completed=job["progress"]["processed"])
    if job["status"] == "completed":
        _show_result(job["result"], titles, console)
    else:
        console.print(
            f"The demo job did not complete. It is {job['status']}: {job.get('error')}", soft_wrap=True, markup=False
        )


def _show_result(result: dict[str, Any], titles: dict[str, str], console: Console) -> None:
    shown = sorted(result["recommendations"], key=lambda each: -each["expected_profit_change_pct"])
    table = Table(title="Recommended prices", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("SKU", no_wrap=True)
    # The one column that gives way to a narrow terminal.
    table.add_column("Product")
    for heading in ("Price", "Recommended", "Profit", "Confidence"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("Limited by", no_wrap=True)
    for each in shown[:SHOWN_RECOMMENDATIONS]:
        table.add_row(
            each["sku"],
            Text(titles[each["sku"]], no_wrap=True, overflow="ellipsis"),
            f"{each['current_price']:.2f}",
            f"{each['recommended_price']:.2f}",
            f"{each['expected_profit_change_pct']:+.1f} %",
            f"{each['confidence']:.0%}",
            (each["binding_constraint"] or "").replace("_", " "),
        )
    console.print(table)
    console.print(f"{result['updated_count']} of {result['processed_count']} prices would change.")
