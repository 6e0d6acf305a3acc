from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from aijobs.management.database import add_data_dir, tenant_named
from workers.catalogue.management.arguments import marketplace
from workers.catalogue.sample import create_sample_catalogue


class Command(BaseCommand):
    help = (
        "Give a tenant that has no products 40 made-up ones, with listings, competitors' offers and listings, "
        "keywords, and 180 days of sales, reviews and returns."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenant", help="The tenant's name.")
        parser.add_argument(
            "--marketplace",
            type=marketplace,
            default="amazon_us",
            help="The marketplace of the products (default: %(default)s).",
        )
        add_data_dir(parser)

    def handle(self, *args: str, **options: str) -> None:
        tenant = tenant_named(options["tenant"])
        count = create_sample_catalogue(tenant, options["marketplace"])
        self.stdout.write(f"{tenant.name} has {count} products.")
