import os
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, require_database
from aijobs.models import Tenant
from workers.catalogue.importing import READERS, HeaderError, Report, import_products, import_sales
from workers.catalogue.importing.importer import Importer, Progress
from workers.catalogue.models import MARKETPLACE

SHOWN_ERRORS = 20
NONE = Path("-")


class Command(BaseCommand):
    help = (
        "Import products and sales from files: CSV with a header row, or one JSON object per line (.ndjson, .jsonl). "
        "Products: sku,title,price and optionally brand,category,cost,currency,min_price,max_price,map_price,stock,"
        "external_id,competitor_urls. "
        "Sales: sku,date,price,units and optionally promoted. Good rows land and bad ones are listed as file:line; "
        "repeating an import is safe. Exits with 1 when rows were rejected, although the others have landed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("products", type=Path, help="File of products, or - for none.")
        parser.add_argument("sales", type=Path, nargs="?", default=NONE, help="File of sales, or - for none.")
        parser.add_argument("--tenant", required=True, help="The tenant's name.")
        parser.add_argument(
            "--marketplace", type=marketplace, required=True, help="Where the products are sold, as in amazon_us."
        )
        parser.add_argument("--dry-run", action="store_true", help="Check and count, write nothing.")
        add_data_dir(parser)

    def handle(
        self, *args: str, products: Path, sales: Path, tenant: str, marketplace: str, dry_run: bool, **options: object
    ) -> None:
        require_database()
        owner = Tenant.objects.filter(name=tenant).first()
        if owner is None:
            raise CommandError(f"There is no tenant {tenant!r}: create it with createtenant.")
        read: Callable[[Path, Importer], Report] = partial(self._read, owner.pk, marketplace, dry_run)
        of_products = read(products, import_products) if products != NONE else Report()
        # A dry run of the products added none: the sales are checked as if it had.
        of_sales = read(sales, partial(import_sales, expected=of_products.skus)) if sales != NONE else Report()
        if rejected := of_products.rejected + of_sales.rejected:
            raise CommandError(
                f"{rejected:,} rows are wrong; nothing was written."
                if dry_run
                else f"{rejected:,} rows were rejected; the others have landed."
            )

    def _read(self, tenant_id: int, marketplace: str, dry_run: bool, path: Path, importer: Importer) -> Report:
        reader = READERS["application/x-ndjson" if path.suffix in (".ndjson", ".jsonl") else "text/csv"]
        try:
            with path.open("rb") as stream:
                progress = self._progress(path, stream)
                report = importer(tenant_id, marketplace, stream, reader, dry_run=dry_run, progress=progress)
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
            self.stderr.write(f"{path}: … and more errors")
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{path.name}: {report.imported:,} {would}imported, {report.updated:,} {would}updated, "
            f"{report.rejected:,} {would}rejected"
        )


def marketplace(text: str) -> str:
    try:
        MARKETPLACE(text)
    except ValidationError as error:
        raise ArgumentTypeError(f"{text!r} is no marketplace. {error.message}") from None
    return text
