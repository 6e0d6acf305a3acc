"""The service's settings, its keys, and whether its workers and beat are at work."""

import difflib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Max, Q
from django.utils.timezone import now

from aijobs.engine import selfcheck, statistics
from aijobs.models import ApiKey, QueueStatistics, Worker
from aijobs.models.workers import EVENTS_PREFIX, SILENT_SECONDS
from aijobs.outbound.failures import CredentialsRefused
from config import environment
from config.doctor.findings import Finding, broken, doubtful, fine
from config.doctor.place import Place
from config.doctor.port import STREAMS
from config.local import embedded
from config.settings import env
from workers.catalogue import pseudonyms
from workers.connections import credentials
from workers.connections.models import StoredConnection

RANDOM = "Set it to what `openssl rand -hex 32` prints."
PREFIX = "AIJOBS_"
# manage.py sets it.
INTERNAL = {"AIJOBS_LOCAL_KEYS"}
# Django's own check of a secret, which `secret_key` says better.
SAID_ELSEWHERE = {"security.W009"}
NAMED = 3


def mistakes(place: Place) -> list[Finding]:
    """Settings that are accepted and probably not what was meant."""
    found = [*_misspelt(), *_hosts(), *_djangos(place)]
    return found or [fine("settings", "They are accepted, and none looks like a mistake.")]


def _misspelt() -> Iterator[Finding]:
    for name in sorted(os.environ):
        if name.startswith(PREFIX) and name not in env.names | INTERNAL:
            meant = difflib.get_close_matches(name, env.names, 1)
            advice = f"Did you mean {meant[0]}?" if meant else "The README lists all settings."
            yield doubtful("settings", f"{name} is set, but there is no such setting.", advice)


def _hosts() -> Iterator[Finding]:
    for host in settings.ALLOWED_HOSTS:
        if "/" in host or (":" in host and not host.startswith("[")):
            advice = "Write the name alone, without https:// and without a port, for example jobs.example.com."
            yield doubtful("settings", f"{host!r} in ALLOWED_HOSTS matches no request.", advice)
        elif host == "*" and settings.PRODUCTION:
            advice = "Name the hosts under which the service is reached."
            yield doubtful("settings", "ALLOWED_HOSTS is *, so a request may claim any host.", advice)


def _djangos(place: Place) -> Iterator[Finding]:
    """What Django's own checks say, and those of its packages."""
    tags = [checks.Tags.security, checks.Tags.compatibility]
    for message in checks.run_checks(tags=tags, include_deployment_checks=place.production):
        if message.id not in SAID_ELSEWHERE and message.level >= checks.WARNING:
            tell = broken if message.level >= checks.ERROR else doubtful
            text = " ".join(message.msg.split())
            yield tell(
                "settings", f"{text.rstrip('.')}.", message.hint or f"Django's documentation explains {message.id}."
            )


def secret_key(place: Place) -> Finding:
    if not os.environ.get("SECRET_KEY"):
        return _key_file("secret key", place.data_dir / "secret_key")
    weakness = environment.weakness(settings.SECRET_KEY)
    if weakness and place.production:
        return broken("secret key", f"SECRET_KEY {weakness}. The service does not start with it.", RANDOM)
    if weakness:
        return doubtful("secret key", f"SECRET_KEY {weakness}.", RANDOM)
    return fine("secret key", "SECRET_KEY is set, and long enough.")


def credentials_keys(place: Place) -> Finding:
    if not os.environ.get("AIJOBS_CREDENTIALS_KEYS"):
        return _key_file("credentials key", place.data_dir / "credentials_key")
    weak = [number for number, key in enumerate(settings.AIJOBS_CREDENTIALS_KEYS, 1) if environment.weakness(key)]
    if weak:
        return doubtful(
            "credentials key",
            f"Number {weak[0]} of AIJOBS_CREDENTIALS_KEYS is so short or simple that it can be guessed.",
            "Put one from `openssl rand -hex 32` in front, and run manage.py rotatecredentials.",
        )
    number = len(settings.AIJOBS_CREDENTIALS_KEYS)
    return fine("credentials key", f"AIJOBS_CREDENTIALS_KEYS is set ({number} in all), and long enough.")


def _key_file(check: str, path: Path) -> Finding:
    """A key of the data folder."""
    try:
        if embedded.stored_secret(path.parent, path.name) is None:
            return fine(check, f"There is none yet; the first start creates it in {path.parent}.")
    except ImproperlyConfigured as error:
        return broken(check, str(error), "The service does not start before that.")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return doubtful(check, f"Other users may read {path} (its mode is {mode:o}).", "Run chmod 600 on it.")
    return fine(check, f"{path} is there, and private.")


def stored_credentials() -> Finding:
    """Whether the configured keys decrypt what is stored."""
    check = "credentials"
    connections = list(credentials.all_sealed())
    unreadable = [f"{each.tenant.name}/{each.name}" for each in connections if not _opens(each)]
    if unreadable:
        more = len(unreadable) - NAMED
        named = ", ".join(unreadable[:NAMED]) + (f" and {more} more" if more > 0 else "")
        return broken(
            check,
            f"The configured keys do not decrypt the credentials of {named}.",
            "Put the key that encrypted them back into AIJOBS_CREDENTIALS_KEYS, or enter the credentials again.",
        )
    if lost := pseudonyms.unreadable() if settings.AIJOBS_CREDENTIALS_KEYS else []:
        return broken(
            check,
            f"The configured keys do not decrypt what the customers' names of {lost[0]} are hashed with"
            f"{f', nor of {len(lost) - 1} other tenants' if len(lost) > 1 else ''}.",
            "Put the key that encrypted it back into AIJOBS_CREDENTIALS_KEYS.",
        )
    if not connections:
        return fine(check, "None are stored yet.")
    return fine(check, f"The keys decrypt all that are stored ({len(connections)}).")


def _opens(connection: StoredConnection) -> bool:
    # Without any key, nothing does.
    if not settings.AIJOBS_CREDENTIALS_KEYS:
        return False
    try:
        credentials.unseal(connection)
    except CredentialsRefused:
        return False
    return True


def api_keys() -> Finding:
    """How many are good, and how many have expired."""
    kept = ApiKey.objects.filter(revoked_at__isnull=True)
    good = kept.filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now())).filter(tenants__isnull=False)
    usable, expired = good.distinct().count(), kept.filter(expires_at__lte=now()).count()
    told = f"{usable} can be used, {expired} {'has' if expired == 1 else 'have'} expired."
    if not usable:
        return doubtful("API keys", told, "Create one with manage.py createapikey.")
    return fine("API keys", told)


def at_work(place: Place) -> Iterator[Finding]:
    """Whether beat, the control worker and the workers do what they are there for."""
    measured = QueueStatistics.objects.first()
    start = "Start `up`" if place.embedded_database else "Start beat and the control worker, and see their logs"
    if measured is None:
        yield doubtful("beat", "Beat and the control worker have not done anything yet.", f"{start}.")
    elif (silent := now() - measured.refreshed_at) > statistics.STALE:
        found = f"Beat or the control worker has been silent for {silent.total_seconds():,.0f} s."
        yield broken("beat", found, f"{start}: without them, no job is released and no lost one taken back.")
    else:
        yield fine("beat", "Beat and the control worker are at work.")
    broken_rules = selfcheck.findings()
    for finding in broken_rules:
        more = f" {finding.total - 1} more are like it." if finding.total > 1 else ""
        yield broken("jobs", f"{finding.violations[0].line}{more}", "See manage.py selfcheck.")
    if not broken_rules:
        yield fine("jobs", "The self-check finds nothing wrong; no job waits for a worker in vain.")


def streams() -> Finding:
    """Whether the events process is at work, as it says of itself, wherever that is."""
    seen = Worker.objects.filter(name__startswith=EVENTS_PREFIX).aggregate(last=Max("seen_at"))["last"]
    if seen is None and not settings.AIJOBS_EVENTS_URL:
        return fine(STREAMS, "AIJOBS_EVENTS_URL is not set and no events process is there: the API has no streams.")
    silent = (now() - seen).total_seconds() if seen else None
    if silent is not None and silent <= SILENT_SECONDS:
        return fine(STREAMS, "The events process is at work.")
    found = (
        "No events process is there" if silent is None else f"The events process has been silent for {silent:,.0f} s"
    )
    advice = "Start it (granian, with config.asgi:application), or see its log. Callers poll meanwhile."
    return broken(STREAMS, f"{found}.", advice)
