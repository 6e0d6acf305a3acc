from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, require_database
from workers.marketplaces import credentials


class Command(BaseCommand):
    help = (
        "Encrypt all credentials of marketplaces anew with the first of AIJOBS_CREDENTIALS_KEYS. To rotate: put a "
        "new key in front and restart, run this, then take the old key away. Repeating it is safe. Exits with 1 when "
        "some could not be decrypted with any of the keys: those have to be entered again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_data_dir(parser)

    def handle(self, *args: str, **options: str) -> None:
        require_database()
        rotated, unreadable = credentials.rotate_all()
        self.stdout.write(f"Encrypted anew: {rotated}.")
        if unreadable:
            shown = ", ".join(str(each) for each in unreadable)
            raise CommandError(f"Not decryptable with the configured keys: {shown}.")
