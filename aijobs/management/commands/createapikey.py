import json
import re
from argparse import ArgumentParser
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from aijobs import scopes
from aijobs.auth import create_key
from aijobs.management.database import add_data_dir, require_database
from aijobs.models import ApiKey, Tenant

EXPIRES = re.compile(r"([1-9][0-9]{0,4})([hd])")
UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1)}


class Command(BaseCommand):
    help = (
        "Create an API key and print it on standard output. Copy it now: the service stores only a hash of it and "
        "cannot show it again. Whoever uses a key for several tenants names one of them in the X-Tenant-ID header."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant",
            action="append",
            required=True,
            help="The tenant's name. Repeat the option for several tenants.",
        )
        parser.add_argument(
            "--scopes",
            required=True,
            help=f"What the key may do, as scopes separated by commas: {', '.join(scopes.known())}.",
        )
        parser.add_argument(
            "--expires", help="The days or hours until the key expires, for example 90d or 12h (default: never)."
        )
        parser.add_argument("--label", default="", help="Who or what uses the key.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON instead of the key alone.")
        add_data_dir(parser)

    def handle(self, *args: str, **options: Any) -> None:
        allowed = _scopes(options["scopes"])
        label = _label(options["label"])
        expires_at = _expires_at(options["expires"])
        require_database()
        tenants = _tenants(options["tenant"])
        key, secret = create_key(tenants, allowed, expires_at=expires_at, label=label)
        names = [tenant.name for tenant in tenants]
        expiry = key.expires_at.isoformat().replace("+00:00", "Z") if key.expires_at else None
        if options["json"]:
            shown = {"api_key": secret, "prefix": key.prefix, "tenant_id": names[0] if len(names) == 1 else None}
            self.stdout.write(json.dumps(shown | {"tenants": names, "scopes": key.scopes, "expires_at": expiry}))
        else:
            self.stdout.write(secret)
            self.stderr.write(
                f"This key is for {', '.join(names)}, has the scopes {', '.join(key.scopes)} and "
                f"{f'expires at {expiry}' if expiry else 'never expires'}. It will not be shown again."
            )


def _scopes(text: str) -> list[str]:
    wanted = [scope.strip() for scope in text.split(",") if scope.strip()]
    if not wanted:
        raise CommandError(f"--scopes must name at least one scope. The scopes are {', '.join(scopes.known())}.")
    try:
        scopes.require_known(wanted)
    except scopes.UnknownScope as error:
        raise CommandError(f"--scopes: {error}") from None
    return wanted


def _label(text: str) -> str:
    try:
        return str(ApiKey._meta.get_field("label").clean(text, None))
    except ValidationError as error:
        raise CommandError(f"--label: {' '.join(error.messages)}") from None


def _expires_at(text: str | None) -> datetime | None:
    if text is None:
        return None
    parts = EXPIRES.fullmatch(text)
    if parts is None:
        raise CommandError(f"--expires: {text!r} is not a duration. Write days or hours, for example 90d or 12h.")
    return now() + int(parts[1]) * UNITS[parts[2]]


def _tenants(names: Sequence[str]) -> list[Tenant]:
    found = list(Tenant.objects.filter(name__in=names).order_by("name"))
    if unknown := sorted(set(names) - {tenant.name for tenant in found}):
        raise CommandError(
            f"There is no tenant {', '.join(repr(name) for name in unknown)}. Create it with createtenant."
        )
    return found
