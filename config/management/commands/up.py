import json
import os
import sys
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils.timezone import now
from rich.console import Console
from rich.style import Style
from rich.text import Text

from aijobs import scopes
from aijobs.auth import create_key
from aijobs.management.database import add_data_dir, is_migrated
from aijobs.models import ApiKey, Tenant
from config.local import embedded, resetting
from config.local.demo import DEMOS, Api, create_demo_schedule, run_demo_jobs
from config.local.folder import KEYS, EmbeddedServerError, prepare_data_dir
from config.local.interrupts import Interrupts
from config.local.stack import Stack, free_port
from config.local.supervisor import ChildDied

if TYPE_CHECKING:
    from django.db.backends.postgresql.base import DatabaseWrapper

KEY_LABEL = "up"
MARKETPLACE = "amazon_us"
# Of output that is no terminal: a table in a log file need not be folded.
PLAIN_WIDTH = 160


class Command(BaseCommand):
    help = (
        "Start everything on this machine: PostgreSQL and Valkey from their wheels, the API, workers and beat. "
        "The first start creates a demo tenant with a sample catalogue. Every start runs a job of each type for it "
        "and prints an API key. Press Ctrl-C to stop everything; the data stays for the next start. If DATABASE_URL "
        "and REDIS_URL are set, they replace the embedded servers; BROKER_URL names another Valkey for the messages. "
        "While this runs, createtenant, createapikey, import_catalogue and createsuperuser work in another terminal, "
        "with the same --data-dir."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--port",
            type=int,
            default=8000,
            help="The port of the API on 127.0.0.1, or 0 for any free one (default: 8000).",
        )
        add_data_dir(parser, "The folder for the data")
        parser.add_argument("--workers", type=int, default=4, help="How many jobs run at once (default: 4).")
        parser.add_argument("--no-demo", action="store_true", help="Create no demo tenant and run no demo jobs.")
        parser.add_argument(
            "--reset",
            action="store_true",
            help="Start afresh: delete all tenants, jobs, catalogues, keys and logs in the data folder. `up` asks "
            "you first, and refuses without a terminal to ask on. It never empties a folder that also holds "
            "something else, or that another `up` uses, and never the database in DATABASE_URL.",
        )
        parser.add_argument("--yes", action="store_true", help="Do not ask before --reset: the answer is yes.")
        parser.add_argument(
            "--json",
            action="store_true",
            help='When everything is ready, print one line {"base_url", "api_key", "tenant_id"} on standard output.',
        )

    def handle(self, *args: str, **options: Any) -> None:
        # With --json, standard output is for programs.
        self.console = Console(stderr=options["json"], highlight=False)
        if not self.console.is_terminal:
            self.console.width = PLAIN_WIDTH
        if options["workers"] < 1:
            raise CommandError("--workers must be at least 1.")
        if not 0 <= options["port"] <= 65535:
            raise CommandError("--port must be between 0 and 65535.")
        _check_reset(reset=options["reset"], yes=options["yes"])
        Interrupts()
        data_dir = options["data_dir"].resolve()
        try:
            port = free_port(options["port"])
            if options["reset"]:
                resetting.require_ours(data_dir)
            with prepare_data_dir(data_dir):
                if options["reset"]:
                    self._reset(data_dir, ask=not options["yes"])
                resetting.finish(data_dir)
                _create_keys(data_dir)
                self._run(Stack(data_dir, port, options["workers"], self._announce), options)
        except (EmbeddedServerError, ChildDied) as error:
            raise CommandError(str(error)) from None

    def _reset(self, data_dir: Path, *, ask: bool) -> None:
        """Raises CommandError where the answer is not yes."""
        try:
            if ask:
                found = resetting.contents(data_dir, self._announce)
                self._say(f"This deletes everything in {data_dir}: {found}, keys and logs. It cannot be undone.")
                self.console.print("Type yes to delete it: ", end="")
                if input().strip() != "yes":
                    raise CommandError("Nothing was deleted.")
        except (KeyboardInterrupt, EOFError):
            raise CommandError("Nothing was deleted.") from None
        try:
            resetting.empty(data_dir, self._announce)
        except KeyboardInterrupt:
            raise CommandError("Interrupted: what is left of the data is deleted at the next start.") from None
        self._say(f"Everything in {data_dir} was deleted.")

    def _run(self, stack: Stack, options: dict[str, Any]) -> None:
        try:
            tenant, secret = self._start(stack, demo=not options["no_demo"])
            if not options["no_demo"]:
                api = Api(stack.base_url, tenant, secret)
                run_demo_jobs(api, MARKETPLACE, self.console)
                create_demo_schedule(api, MARKETPLACE, self.console)
            self._tell(stack, tenant, secret, demo=not options["no_demo"], as_json=options["json"])
            stack.supervisor.watch()
        except KeyboardInterrupt:
            self.console.print("Stopping …")
        finally:
            stack.stop()
        self.console.print("Stopped.")

    def _announce(self, line: str) -> None:
        self._say(f"{time.strftime('%H:%M:%S')} {line}")

    def _start(self, stack: Stack, *, demo: bool) -> tuple[str, str]:
        with self._step("Starting PostgreSQL and Valkey"):
            stack.start_servers()
        with self._step("Preparing the database"):
            is_migrated(
                unreachable="The database in DATABASE_URL does not answer. Check that it is running and that the "
                "address is right."
            )
            call_command("migrate", verbosity=0, interactive=False)
            tenant, _ = Tenant.objects.get_or_create(name="demo" if demo else "default")
            if demo:
                # Standard output is for the line of --json alone.
                call_command("load_sample_catalogue", tenant.name, marketplace=MARKETPLACE, stdout=_Silence())
            secret = new_key(tenant)
            # Not needed any more, and its threads would be in the way of starting processes.
            connection.close()
            cast("DatabaseWrapper", connection).close_pool()
        with self._step("Starting the API, workers and beat"):
            stack.start_service()
        return tenant.name, secret

    @contextmanager
    def _step(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        self.console.print(f"{what} …", end="")
        try:
            yield
        except BaseException:
            self.console.print()
            raise
        self.console.print(f" {time.monotonic() - began:.1f} s")

    def _say(self, *parts: str | Text) -> None:
        """A line that is never wrapped or marked up: it may be copied."""
        self.console.print(*parts, sep="", soft_wrap=True, markup=False)

    def _tell(self, stack: Stack, tenant: str, secret: str, *, demo: bool, as_json: bool) -> None:
        self._say("")
        self._say("AI Jobs is running. Open ", _link(f"{stack.base_url}/"))
        self._say("  Documentation  ", _link(f"{stack.base_url}/api/docs"))
        self._say("  Admin          ", _link(f"{stack.base_url}/admin/"))
        self._say("                 Create an account for it with manage.py createsuperuser.")
        self._say(f"  Tenant         {tenant}")
        self._say(f"  API key        {secret}")
        self._say("                 It is valid until the next `up`. manage.py createapikey makes a lasting one.")
        self._tell_services(stack)
        self._say("Try it:")
        body = {"skus": ["SKU-001", "SKU-002"], "marketplace": MARKETPLACE}
        if demo:
            dispatch = json.dumps({"type": "pricing_recalculate", "params": body})
            self._say(
                f"curl -s {stack.base_url}/api/ai-jobs -H 'Authorization: Bearer {secret}' "
                f"-H 'Content-Type: application/json' -d '{dispatch}'"
            )
            others = [each.type for each in DEMOS if each.type != "pricing_recalculate"]
            self._say(f"It takes {', '.join(others[:-1])} and {others[-1]} in place of pricing_recalculate, too.")
        else:
            self._say(f"curl -s {stack.base_url}/api/ai-jobs/types -H 'Authorization: Bearer {secret}'")
        self._say("Press Ctrl-C to stop everything.")
        if as_json:
            self.stdout.write(json.dumps({"base_url": stack.base_url, "api_key": secret, "tenant_id": tenant}))
            self.stdout.flush()

    def _tell_services(self, stack: Stack) -> None:
        """A line each: what it is for, and where its log is."""
        self._say("Services, and their logs:")
        for child in stack.supervisor.children:
            self._say(f"  {child.name:<11} {child.purpose:<36} {_short(child.log)}")
        for setting, name in (("DATABASE_URL", "postgresql"), ("REDIS_URL", "valkey")):
            if os.environ.get(setting):
                self._say(f"  {name:<11} {f'the one in {setting}':<36} its log is where it runs")


def _check_reset(*, reset: bool, yes: bool) -> None:
    """Raises CommandError for what cannot be reset, or only with --yes."""
    if yes and not reset:
        raise CommandError("--yes is for --reset only.")
    if reset and os.environ.get("DATABASE_URL"):
        raise CommandError(
            "--reset empties the data folder, but the data are in the database that DATABASE_URL names. Unset it, or "
            "empty that database yourself."
        )
    if reset and not yes and not sys.stdin.isatty():
        raise CommandError(
            "--reset deletes all data, and there is no terminal to ask you on. Add --yes if you are sure."
        )


def _create_keys(data_dir: Path) -> None:
    """Those of the folder, unless the environment has them. Raises ImproperlyConfigured."""
    secret_key, credentials_key = KEYS
    if not os.environ.get("SECRET_KEY"):
        embedded.secret(data_dir, secret_key)
    if not os.environ.get("AIJOBS_CREDENTIALS_KEYS"):
        # The settings were read when the folder had none yet, or had those that --reset deleted. What hides the names
        # of the sample's customers is sealed with it.
        settings.AIJOBS_CREDENTIALS_KEYS = [embedded.secret(data_dir, credentials_key)]


def _link(address: str) -> Text:
    return Text(address, Style(link=address))


def _short(path: Path) -> str:
    """A path as it is shortest from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


class _Silence:
    """Where a called command's chatter goes."""

    def write(self, text: str) -> None:
        """Drop it."""


def new_key(tenant: Tenant) -> str:
    """Keys are stored hashed, so the last start's cannot be shown again: it is revoked for a new one."""
    ApiKey.objects.filter(tenants=tenant, label=KEY_LABEL, revoked_at__isnull=True).update(revoked_at=now())
    return create_key([tenant], scopes.known(), label=KEY_LABEL)[1]
