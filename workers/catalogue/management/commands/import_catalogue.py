import os
import sys
from argparse import ArgumentParser
from functools import partial
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, tenant_named
from workers.catalogue.importing import READERS, Expected, HeaderError, Kind, Progress, Report, run_import
from workers.catalogue.kinds import KINDS
from workers.catalogue.management.arguments import marketplace

SHOWN_ERRORS = 20
NONE = Path("-")


class Command(BaseCommand):
    help = (
        "Import a catalogue from files, one for each kind of rows. A file is CSV with a header row, or has one JSON "
        "object per line (.ndjson, .jsonl). Name the files in the order shown, and write - for a kind that you leave "
        "out: import_catalogue - - offers.csv imports offers only. The good rows are imported, and the bad ones are "
        "listed as file:line. You may safely repeat an import. The exit code is 1 if rows were rejected."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for number, kind in enumerate(KINDS):
            # Without any file there is nothing to do: the first one must be named, or left out with a hyphen.
            nargs = "?" if number else None
            parser.add_argument(kind.name, type=Path, nargs=nargs, default=NONE, help=_help(kind))
        parser.add_argument("--tenant", required=True, help="The tenant's name.")
        parser.add_argument(
            "--marketplace",
            type=marketplace,
            required=True,
            help="The marketplace of the products, for example amazon_us.",
        )
        parser.add_argument("--dry-run", action="store_true", help="Check and count the rows, and write nothing.")
        add_data_dir(parser)

    def handle(self, *args: str, tenant: str, marketplace: str, dry_run: bool, **options: Any) -> None:
        owner = tenant_named(tenant)
        # A dry run writes nothing: each file is checked as if those before it had been imported.
        read = partial(self._read, owner.pk, marketplace, dry_run, {})
        reports = [read(kind, path) for kind in KINDS if (path := options[kind.name]) != NONE]
        if rejected := sum(report.rejected for report in reports):
            raise CommandError(
                f"{rejected:,} rows are wrong. Nothing was written, because this is a dry run."
                if dry_run
                else f"{rejected:,} rows were rejected. All others were imported."
            )

    def _read(
        self, tenant_id: int, marketplace: str, dry_run: bool, expected: Expected, kind: Kind[Any], path: Path
    ) -> Report:
        reader = READERS["application/x-ndjson" if path.suffix in (".ndjson", ".jsonl") else "text/csv"]
        try:
            with path.open("rb") as stream:
                report = run_import(
                    kind,
                    tenant_id,
                    marketplace,
                    stream,
                    reader,
                    dry_run=dry_run,
                    progress=self._progress(path, stream),
                    expected=expected,
                )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except HeaderError as error:
            raise CommandError(f"{path}:1: {error}") from None
        self._show(path, report, dry_run)
        return report

    def _progress(self, path: Path, stream: IO[bytes]) -> Progress | None:
        """Rewrites one line on a terminal; silent elsewhere."""
        if not sys.stderr.isatty():
            return None
        size = os.path.getsize(path) or 1

        def show(rows: int) -> None:
            self.stderr.write(f"\r{path.name}: {rows:,} rows, {100 * stream.tell() // size} %", ending="")

        return show

    def _show(self, path: Path, report: Report, dry_run: bool) -> None:
        if sys.stderr.isatty():
            # Over the line of the progress.
            self.stderr.write("\r\033[K", ending="")
        for error in report.errors[:SHOWN_ERRORS]:
            self.stderr.write(f"{path}:{error['line']}: {error['field']} {error['message']}".replace(":  ", ": "))
        if len(report.errors) > SHOWN_ERRORS:
            self.stderr.write(f"{path}: … and there are more errors")
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{path.name}: {report.imported:,} {would}imported, {report.updated:,} {would}updated, "
            f"{report.rejected:,} {would}rejected"
        )


def _help(kind: Kind[Any]) -> str:
    known, required = kind.columns.known, kind.columns.required
    optional = ", ".join(name for name in known if name not in required)
    return (
        f"The file of {kind.documentation.rows}, or - for none. Columns: {', '.join(required)}; optional: {optional}."
    )
