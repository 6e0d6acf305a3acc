from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, require_database
from workers.catalogue import pseudonyms
from workers.connections import credentials


class Command(BaseCommand):
    help = (
        "Encrypt all credentials of marketplaces and assistants again, and the keys that customers' names are hashed "
        "with, with the first key of AIJOBS_CREDENTIALS_KEYS. To rotate the key, put a new one in front and restart "
        "the service, run this command, and then remove the old key. You may safely repeat it. The exit code is 1 if "
        "no key decrypts some credentials: enter those again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_data_dir(parser)

    def handle(self, *args: str, **options: str) -> None:
        require_database()
        rotated, unreadable = credentials.rotate_all()
        self.stdout.write(f"The credentials of {rotated} connections are encrypted with the first key.")
        keys, lost = pseudonyms.rotate_all()
        if keys:
            self.stdout.write(f"The keys for customers' names of {keys} tenants are encrypted with it, too.")
        if lost:
            raise CommandError(
                f"No configured key decrypts what the customers' names of {', '.join(lost)} are hashed with. Put the "
                "key that encrypted it back into AIJOBS_CREDENTIALS_KEYS, and repeat the command."
            )
        if unreadable:
            shown = ", ".join(unreadable)
            raise CommandError(f"No configured key decrypts the credentials of {shown}. Enter them again.")
