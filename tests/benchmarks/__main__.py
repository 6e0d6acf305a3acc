"""`python -m tests.benchmarks [part …] [--short] [--json]`: what the promises cost.

Each part starts servers of its own, runs both sides one after the other in several rounds, and prints the median.
Ratios are what counts: these runs share two cores with their own load.
"""

import argparse
import importlib

from tests.benchmarks.measuring import Result, table
from tests.benchmarks.site import site

PARTS = (
    "dispatch",
    "batch",
    "bulk",
    "consumers",
    "drain",
    "estimates",
    "front_page",
    "jobs_admin",
    "latency",
    "retention",
    "rollup",
    "scale",
    "schedules",
    "snapshot",
    "webhooks",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=PARTS, metavar="part", help=f"{', '.join(PARTS)}; all without")
    parser.add_argument("--json", action="store_true", help="one line of JSON per result instead of the table")
    parser.add_argument("--short", action="store_true", help="snapshot: for two minutes instead of ten")
    options = parser.parse_args()
    results: list[Result] = []
    with site(options.short) as servers:
        for part in options.parts or PARTS:
            # Imported here: they import models, which need the settings of the site.
            for result in importlib.import_module(f"tests.benchmarks.{part}").run(servers):
                results.append(result)
                if options.json:
                    print(result.as_json(), flush=True)
    if not options.json:
        print(table(results))


main()
