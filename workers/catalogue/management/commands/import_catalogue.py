import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO

from django.core.management.base import BaseCommand, CommandError

from aijobs.models import Tenant
from workers.catalogue.importing import READERS, HeaderError, Report, import_products, import_sales
from workers.catalogue.importing.importer import Importer, Progress

SHOWN_ERRORS = 20


class Command(BaseCommand):
    help = (
        "Import products and sales from files: CSV with a header row, or one JSON object per line (.ndjson, .jsonl). "
        "Products: sku,title,price and optionally brand,category,cost,currency,min_price,max_price,map_price,stock. "
        "Sales: sku,date,price,units and optionally promoted. Good rows land and bad ones are listed; repeating an "
        "import is safe. Exits with 1 when rows were rejected."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("products", help="File of products, or - for none.")
        parser.add_argument("sales", nargs="?", default="-", help="File of sales, or - for none.")
        parser.add_argument("--tenant", required=True, help="The tenant's name.")
        parser.add_argument("--marketplace", required=True, help="Where the products are sold, as in amazon_us.")
        parser.add_argument("--dry-run", action="store_true", help="Check and count, write nothing.")

    def handle(self, *args: str, **options: str | bool) -> None:
        tenant = Tenant.objects.filter(name=options["tenant"]).first()
        if tenant is None:
            raise CommandError(f"There is no tenant {options['tenant']!r}: create it with createtenant.")
        rejected = 0
        for kind, importer in (("products", import_products), ("sales", import_sales)):
            name = str(options[kind])
            if name != "-":
                report = self._import(Path(name), importer, tenant.pk, options)
                self._show(name, kind, report)
                rejected += report.rejected
        if rejected:
            raise CommandError(f"{rejected} rows were rejected; the others have landed.")

    def _import(self, path: Path, importer: Importer, tenant_id: int, options: dict[str, str | bool]) -> Report:
        reader = READERS["application/x-ndjson" if path.suffix in (".ndjson", ".jsonl") else "text/csv"]
        try:
            with path.open("rb") as stream:
                return importer(
                    tenant_id,
                    str(options["marketplace"]),
                    stream,
                    reader,
                    dry_run=bool(options["dry_run"]),
                    progress=self._progress(path, stream),
                )
        except OSError as error:
            raise CommandError(f"{path}: {error.strerror}") from None
        except HeaderError as error:
            raise CommandError(f"{path}: {error}") from None

    def _progress(self, path: Path, stream: IO[bytes]) -> Progress:
        """Rewrites one line on a terminal; silent elsewhere."""
        size = os.path.getsize(path) or 1

        def show(rows: int) -> None:
            if sys.stderr.isatty():
                self.stderr.write(f"\r{path.name}: {rows:,} rows, {100 * stream.tell() // size} %", ending="")

        return show

    def _show(self, name: str, kind: str, report: Report) -> None:
        for error in report.errors[:SHOWN_ERRORS]:
            self.stderr.write(f"{name}:{error['line']}: {error['field']} {error['message']}".rstrip())
        if report.rejected > SHOWN_ERRORS:
            self.stderr.write(f"{name}: … and {report.rejected - SHOWN_ERRORS} more rows")
        self.stdout.write(f"{kind}: {report.imported} imported, {report.updated} updated, {report.rejected} rejected")
