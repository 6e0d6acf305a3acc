import os
import sys
from argparse import ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from functools import partial
from pathlib import Path
from textwrap import fill
from typing import IO, Any, NamedTuple, TypeVar

from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, tenant_named
from workers.catalogue.files import Outcome, Said, import_file, kind_of
from workers.catalogue.importing.dates import Order
from workers.catalogue.importing.delimited import DELIMITERS
from workers.catalogue.importing.errors import FileError
from workers.catalogue.importing.fields import currency
from workers.catalogue.importing.importer import Progress, Report
from workers.catalogue.importing.kind import Expected, Kind
from workers.catalogue.importing.numbers import Mark
from workers.catalogue.importing.opening import Json
from workers.catalogue.importing.spooling import spooled
from workers.catalogue.kinds import KINDS
from workers.catalogue.management.arguments import marketplace, zone

SHOWN_ROWS = 20
NONE = Path("-")
JSON = {".ndjson": Json.LINES, ".jsonl": Json.LINES, ".json": Json.ANY}
T = TypeVar("T")


# The options that say something of the files, by their names in `Said`.
SAID = (
    "marketplace",
    "delimiter",
    "decimal",
    "dates",
    "sheet",
    "timezone",
    "date",
    "currency",
    "sku",
    "strict",
    "keep_prices",
)


class Read(NamedTuple):
    """A file, and the place of its kind in the order in which kinds are imported."""

    path: Path
    file: IO[bytes]
    order: int


class Command(BaseCommand):
    help = (
        "Import files into a tenant's catalogue: the exports of Amazon, Shopify, WooCommerce, eBay, Walmart and "
        "others as they are, or tables of your own (CSV, Excel, JSON). What each file holds (products, sales, "
        "competitors' offers, reviews, returns, listings, competitors' listings or keywords) is found from its "
        "columns, and products are imported first. The good rows are imported, and the bad ones are listed as "
        "file:line. Begin with --dry-run, which shows how a file was understood. You may safely repeat an import. "
        "The exit code is 1 if rows were rejected."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = "columns of tables of your own, the first ones are needed:\n" + "\n".join(
            map(_columns, KINDS)
        )
        parser.add_argument(
            "files", type=Path, nargs="+", metavar="FILE", help="The files to import. A hyphen is left out."
        )
        parser.add_argument("--tenant", required=True, help="The tenant's name.")
        parser.add_argument(
            "--marketplace",
            type=marketplace,
            required=True,
            help="The marketplace of the products, for example amazon_us.",
        )
        parser.add_argument(
            "--keep-prices",
            action="store_true",
            help="Products that the catalogue has already keep their price. All else of their rows is imported.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check and count the rows, and write nothing.")
        parser.add_argument("--strict", action="store_true", help="Refuse unknown columns in tables of your own.")
        parser.add_argument("--delimiter", choices=list(DELIMITERS), help="What stands between the cells.")
        parser.add_argument("--decimal", choices=list(Mark), type=Mark, help="What stands before the decimals.")
        parser.add_argument(
            "--dates", choices=list(Order), type=Order, help="What stands first in dates such as 03/04/2026."
        )
        parser.add_argument("--sheet", help="The sheet of a workbook (default: the first one).")
        parser.add_argument("--timezone", type=zone, help="The time zone that decides on which day an order was.")
        parser.add_argument("--date", type=_argument(date.fromisoformat), help="The day of all rows: 2026-03-12.")
        parser.add_argument("--currency", type=_argument(currency), help="The currency of all rows, such as EUR.")
        parser.add_argument("--sku", help="The SKU of all rows.")
        add_data_dir(parser)

    def handle(self, *args: str, files: list[Path], tenant: str, dry_run: bool, **options: Any) -> None:
        owner = tenant_named(tenant)
        said = Said(dry_run=dry_run, **{name: options[name] for name in SAID})
        # A dry run writes nothing: each file is checked as if those before it had been imported.
        expected: Expected = {}
        named = [path for path in files if path != NONE]
        if not named:
            raise CommandError("Name at least one file.")
        with ExitStack() as stack:
            read = sorted((self._opened(path, said, stack) for path in named), key=lambda each: each.order)
            outcomes = [self._import(each, partial(import_file, owner, expected=expected), said) for each in read]
        if rejected := sum(outcome.report.rejected for outcome in outcomes):
            raise CommandError(
                f"{rejected:,} rows are wrong. Nothing was written, because this is a dry run."
                if dry_run
                else f"{rejected:,} rows were rejected. All others were imported."
            )

    def _opened(self, path: Path, said: Said, stack: ExitStack) -> Read:
        try:
            with path.open("rb") as stream:
                file = stack.enter_context(spooled(stream))
            return Read(path, file, KINDS.index(kind_of(file, said._replace(json=_json_of(path)))))
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except FileError as error:
            raise CommandError(_at(path, error)) from None

    def _import(self, read: Read, run: Callable[..., Outcome], said: Said) -> Outcome:
        said = said._replace(json=_json_of(read.path))
        try:
            outcome = run(read.file, said, None, progress=self._progress(read.path))
        except FileError as error:
            raise CommandError(_at(read.path, error)) from None
        self._show(read.path, outcome, said.dry_run)
        return outcome

    def _progress(self, path: Path) -> Progress | None:
        """Rewrites one line on a terminal; silent elsewhere."""
        if not sys.stderr.isatty():
            return None
        return lambda rows: self.stderr.write(f"\r{path.name}: {rows:,} rows", ending="")

    def _show(self, path: Path, outcome: Outcome, dry_run: bool) -> None:
        if sys.stderr.isatty():
            # Over the line of the progress.
            self.stderr.write("\r\033[K", ending="")
        report = outcome.report
        for error in report.errors[:SHOWN_ROWS]:
            self.stderr.write(f"{path}:{error['line']}: {error['field']} {error['message']}".replace(":  ", ": "))
        if len(report.errors) > SHOWN_ROWS:
            self.stderr.write(f"{path}: … and there are more errors")
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{path.name}: {report.imported:,} {would}imported, {report.updated:,} {would}updated, "
            f"{report.rejected:,} {would}rejected, {report.skipped_count:,} skipped{_prices(report, would)}"
        )
        for label, text in _findings(outcome):
            self.stdout.write(f"  {label:<10} {text}")
        for skipped in report.skipped[: SHOWN_ROWS if dry_run else 0]:
            self.stdout.write(f"  line {skipped['line']:<5} {skipped['reason']} {skipped['sku']}".rstrip())
        if dry_run and report.preview:
            self.stdout.write(table(report.preview, terminal_width()))


def _columns(kind: Kind[Any]) -> str:
    return fill(f"{kind.name}: {', '.join(kind.fields)}", 100, initial_indent="  ", subsequent_indent="    ")


def _prices(report: Report, would: str) -> str:
    """What became of prices, where there is anything to tell."""
    counts = ((report.prices_changed, "changed"), (report.prices_kept, "kept"))
    return "".join(f", {count:,} prices {would}{what}" for count, what in counts if count)


def _argument(read: Callable[[str], T]) -> Callable[[str], T]:
    def argument(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise ArgumentTypeError(f"{text!r} {error}") from None

    return argument


def _json_of(path: Path) -> Json | None:
    return JSON.get(path.suffix.lower())


def _at(path: Path, error: FileError) -> str:
    return f"{path}:{error.line}: {error}" if error.line else f"{path}: {error}"


def _findings(outcome: Outcome) -> list[tuple[str, str]]:
    """How the file was understood."""
    conventions = outcome.conventions
    written = ", ".join(f"{name} {value}" for name, value in outcome.written.items())
    found = [
        ("read as", f"{outcome.header.kind.name}, format {outcome.header.format_name}, {written}"),
        ("numbers", f"decimal {conventions.decimal}" if conventions.decimal else ""),
        ("dates", f"{conventions.dates}" if conventions.dates else ""),
        ("columns", ", ".join(f"{field} ← {name}" for field, name in outcome.header.matched.items())),
        ("ignored", ", ".join(outcome.ignored)),
        *(("look at", warning) for warning in outcome.warnings),
    ]
    return [(label, text) for label, text in found if text]


def terminal_width() -> int:
    return os.get_terminal_size().columns if sys.stdout.isatty() else 120


def table(rows: list[dict[str, Any]], width: int) -> str:
    """The rows below the names of their fields, cut to the width of the terminal."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = [names, *([str(row.get(name, "")) for name in names] for row in rows)]
    widths = [min(max(len(line[at]) for line in cells), 30) for at in range(len(names))]
    lines = ("  ".join(cell[:size].ljust(size) for cell, size in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(f"  {line}"[:width].rstrip() for line in lines)
