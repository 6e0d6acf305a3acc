from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from aijobs.management.database import add_data_dir, require_database
from aijobs.webhooks import secrets as webhook_secrets
from workers.catalogue import pseudonyms
from workers.connections import credentials


class Command(BaseCommand):
    help = (
        "Encrypt the credentials of marketplaces and assistants, the secrets of webhooks, and the keys that names of "
        "customers are hashed with again, with the first key of AIJOBS_CREDENTIALS_KEYS. To rotate it, put a new one "
        "in front and restart the service, run this command, and then remove the old key. You may safely repeat it. "
        "The exit code is 1 if no key decrypts some credentials: enter those again."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        add_data_dir(parser)

    def handle(self, *args: str, **options: str) -> None:
        require_database()
        rotated, unreadable = credentials.rotate_all()
        self.stdout.write(f"The credentials of {rotated} connections are encrypted with the first key.")
        secrets, closed = webhook_secrets.rotate_all()
        if secrets:
            self.stdout.write(f"The secrets of {secrets} webhooks are encrypted with it, too.")
        keys, lost = pseudonyms.rotate_all()
        if keys:
            self.stdout.write(f"The keys for customers' names of {keys} tenants are encrypted with it, too.")
        if lost:
            raise CommandError(
                f"No configured key decrypts what the customers' names of {', '.join(lost)} are hashed with. Put the "
                "key that encrypted it back into AIJOBS_CREDENTIALS_KEYS, and repeat the command."
            )
        if closed:
            raise CommandError(
                f"No configured key decrypts the secrets of the webhooks {', '.join(closed)}. Put the key that "
                "encrypted them back into AIJOBS_CREDENTIALS_KEYS, and repeat the command; or have their tenants "
                "rotate the secrets."
            )
        if unreadable:
            shown = ", ".join(unreadable)
            raise CommandError(f"No configured key decrypts the credentials of {shown}. Enter them again.")
