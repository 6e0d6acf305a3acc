"""Dispatch beside imports: `python -m tests.benchmarks.imports [--rows 1000000]`.

At the API as `up` starts it: one caller dispatches, without imports and for as long as two of them run; first one
request after the other, then with a pause before each. Prints both medians and how long the imports took.
"""

import subprocess
import sys
import time
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import date, timedelta
from http.client import HTTPConnection
from pathlib import Path

from tests.benchmarks.measuring import percentile
from tests.benchmarks.site import site

IMPORTS = 2
PRODUCTS = 5_000
LAST = date(2026, 3, 31)
SECONDS = 5.0
# Without a pause imports give way nearly all the time; after one, a request meets them computing.
PAUSES = (0.0, 0.05)
UPLOAD = """
import sys
from http.client import HTTPConnection
port, key, path = sys.argv[1:]
connection = HTTPConnection("127.0.0.1", int(port), timeout=3600)
headers = {"Authorization": f"Bearer {key}", "Content-Type": "text/csv"}
with open(path, "rb") as body:
    connection.request("POST", "/api/catalogue/sales?marketplace=amazon_us", body, headers, encode_chunked=True)
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())
"""


def write_sales(path: Path, rows: int) -> None:
    """Day by day, as a shop exports them."""
    with path.open("w") as file:
        file.write("sku,date,price,units\n")
        for index in range(rows // PRODUCTS):
            day = LAST - timedelta(days=index)
            file.writelines(f"SKU-{number:05d},{day},{9 + number % 100 / 100:.2f},3\n" for number in range(PRODUCTS))


def dispatch_for(port: int, key: str, seconds: float, pause: float) -> list[float]:
    """The seconds that each dispatch took, one after the other on one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    body = b'{"type": "bench_noop", "params": {}}'
    taken: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        started = time.perf_counter()
        connection.request("POST", "/api/ai-jobs", body, headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 201, answer.status
        taken.append(time.perf_counter() - started)
        time.sleep(pause)
    return taken


def shown(what: str, taken: list[float]) -> str:
    p50, p95, p99 = (1000 * percentile(taken, share) for share in (0.5, 0.95, 0.99))
    return f"{what:<40} p50 {p50:7.2f} ms   p95 {p95:7.2f} ms   p99 {p99:7.2f} ms   ({len(taken):,} dispatches)"


def measure(rows: int) -> None:
    with site() as here:
        from tests.factories import TenantFactory, key_for
        from workers.catalogue.files import Said, import_file
        from workers.catalogue.kinds import PRODUCTS as PRODUCT_ROWS

        keys = []
        products = here.folder / "products.csv"
        products.write_text("sku,title,price\n" + "".join(f"SKU-{n:05d},t,9.99\n" for n in range(PRODUCTS)))
        for _ in range(IMPORTS * len(PAUSES) + 1):
            tenant = TenantFactory()
            keys.append(key_for(tenant)[1])
            with products.open("rb") as stream:
                import_file(tenant, stream, Said("amazon_us"), PRODUCT_ROWS)
        sales = here.folder / "sales.csv"
        write_sales(sales, rows)
        caller, *sellers = keys
        with here.api() as port:
            dispatch_for(port, caller, 2, 0)
            for pause in PAUSES:
                print(f"{1000 * pause:.0f} ms between an answer and the next request", flush=True)
                compare(port, caller, pause, [sellers.pop() for _ in range(IMPORTS)], sales)


def compare(port: int, caller: str, pause: float, sellers: list[str], sales: Path) -> None:
    alone = dispatch_for(port, caller, SECONDS, pause)
    print(shown("dispatch alone", alone), flush=True)
    started = time.perf_counter()
    command = [sys.executable, "-c", UPLOAD, str(port)]
    uploads = [subprocess.Popen([*command, key, str(sales)], stdout=subprocess.PIPE) for key in sellers]
    time.sleep(2)
    beside: list[float] = []
    while (taken := dispatch_for(port, caller, 1, pause)) and all(each.poll() is None for each in uploads):
        beside += taken
    if not beside:
        raise SystemExit("The imports were over within three seconds: there is nothing to compare. Use more rows.")
    print(shown(f"dispatch beside {IMPORTS} imports", beside), flush=True)
    for each in uploads:
        output, _ = each.communicate()
        print(output.decode().strip()[:100], f"after {time.perf_counter() - started:.1f} s", flush=True)
    print(shown("dispatch alone again", dispatch_for(port, caller, SECONDS, pause)), flush=True)
    print(f"ratio {percentile(beside, 0.5) / percentile(alone, 0.5):.2f}", flush=True)


if __name__ == "__main__":
    parser = ArgumentParser(description=__doc__, formatter_class=RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    measure(parser.parse_args().rows)
