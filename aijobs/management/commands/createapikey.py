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
        "Create an API key and print it on standard output. It is stored as a hash only: this is the one moment to "
        "copy it. A key of several tenants says in X-Tenant-ID for which one it calls."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--tenant", action="append", required=True, help="The tenant's name; repeat it for a key of several."
        )
        parser.add_argument(
            "--scopes",
            required=True,
            help=f"What the key may do, separated by commas: {', '.join(scopes.known())}.",
        )
        parser.add_argument("--expires", help="After so many days or hours, as in 90d or 12h (default: never).")
        parser.add_argument("--label", default="", help="Who or what uses the key.")
        parser.add_argument("--json", action="store_true", help="Print one line of JSON instead of the bare key.")
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
                f"For {', '.join(names)}, with {', '.join(key.scopes)}; expires {expiry or 'never'}. "
                "It cannot be shown again."
            )


def _scopes(text: str) -> list[str]:
    wanted = [scope.strip() for scope in text.split(",") if scope.strip()]
    if not wanted:
        raise CommandError(f"--scopes names no scope. The scopes are {', '.join(scopes.known())}.")
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
        raise CommandError(f"--expires: {text!r} is no duration; write days or hours, as in 90d or 12h.")
    return now() + int(parts[1]) * UNITS[parts[2]]


def _tenants(names: Sequence[str]) -> list[Tenant]:
    found = list(Tenant.objects.filter(name__in=names).order_by("name"))
    if unknown := sorted(set(names) - {tenant.name for tenant in found}):
        raise CommandError(
            f"There is no tenant {', '.join(repr(name) for name in unknown)}: create it with createtenant."
        )
    return found
