from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError
from redis.exceptions import RedisError

from aijobs.management.database import add_data_dir
from config import logins


class Command(BaseCommand):
    help = (
        "Let somebody try to log in at the admin again at once, after too many attempts. Whoever can log in can do "
        "that on the page of users, too."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="The user's name, as it is typed when logging in.")
        add_data_dir(parser)

    def handle(self, *args: str, **options: str) -> None:
        try:
            logins.let_in(options["name"])
        except RedisError as error:
            raise CommandError(f"Valkey does not answer, so nobody is kept waiting either. ({error})") from None
        self.stdout.write(f"{options['name']} may try to log in again at once.")
