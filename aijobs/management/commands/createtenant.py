from argparse import ArgumentParser

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, require_database
from aijobs.models import Tenant


class Command(BaseCommand):
    help = (
        "Create a tenant. Callers send its name as X-Tenant-ID; it may have a-z, 0-9 and '-'. Then create a key for "
        "it: createapikey --tenant NAME --scopes ai-jobs:write,ai-jobs:read"
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The tenant's name, for example my-shop-1.")
        parser.add_argument(
            "--timezone",
            default="UTC",
            help="The time zone of dates without a time, for example Europe/Berlin (default: %(default)s).",
        )
        add_data_dir(parser)

    def handle(self, *args: str, **options: str) -> None:
        name, timezone = options["name"], options["timezone"]
        _validate(Tenant(name=name, timezone=timezone))
        require_database()
        _, created = Tenant.objects.get_or_create(name=name, defaults={"timezone": timezone})
        if not created:
            raise CommandError(f"The tenant {name!r} exists already.")
        self.stdout.write(f"Created the tenant {name} ({timezone}).")


def _validate(tenant: Tenant) -> None:
    """Raises CommandError with one line that names every wrong value."""
    try:
        tenant.clean_fields()
    except ValidationError as error:
        wrong = (f"{field}: {' '.join(messages)}" for field, messages in error.message_dict.items())
        raise CommandError("; ".join(wrong)) from None
