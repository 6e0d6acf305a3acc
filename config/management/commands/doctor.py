import json
import shutil
import sys
import textwrap
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from config import environment
from config.doctor import data_folder, machine, port
from config.doctor.findings import Finding, Level, broken, reason
from config.doctor.place import Place, examined

SYMBOLS = {Level.FINE: "✓", Level.DOUBTFUL: "!", Level.BROKEN: "✗"}
# Where the terminal has no such characters.
PLAIN_SYMBOLS = {Level.FINE: "+", Level.DOUBTFUL: "!", Level.BROKEN: "x"}
INDENT = 18


class Command(BaseCommand):
    help = (
        "Find the usual troubles, and say what to do about each: Python and the packages, the settings, the data "
        "folder, the port, PostgreSQL, the broker, the clock, the keys, and whether the workers are at work. It "
        "changes nothing, and works before the first `up`, beside a running one, and in production. The exit code is "
        "1 if something is broken; a warning (!) does not change it."
    )
    requires_system_checks = []

    def __init__(self, *arguments: Any, refusals: Sequence[str] = (), **named: Any) -> None:
        """`refusals`: why the settings cannot be used. Then only this machine is examined."""
        super().__init__(*arguments, **named)
        self.refusals = refusals

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.allow_abbrev = False
        parser.add_argument(
            "--port", type=int, help=f"The port on which `up` is to serve (default: its own, or {port.DEFAULT})."
        )
        parser.add_argument(
            "--data-dir",
            type=Path,
            default=environment.data_dir(environment.Environment()),
            help="The data folder of `up` (default: %(default)s).",
        )
        parser.add_argument(
            "--json",
            action="store_true",
            help='Print one line {"ok", "checks": [{"check", "status", "found", "advice"}]} on standard output.',
        )

    def handle(self, *args: str, **options: Any) -> None:
        if options["port"] is not None and not 0 <= options["port"] <= 65535:
            raise CommandError("--port must be between 0 and 65535.")
        place = examined(options["data_dir"].absolute(), options["port"])
        found = list(_findings(place, self.refusals))
        failed = any(each.level is Level.BROKEN for each in found)
        if options["json"]:
            self.stdout.write(json.dumps({"ok": not failed, "checks": [_fields(each) for each in found]}))
        else:
            self._print(found)
        if failed:
            sys.exit(1)

    def _print(self, found: list[Finding]) -> None:
        marks = symbols(getattr(self.stdout, "encoding", None) or "utf-8")
        width = shutil.get_terminal_size().columns if self.stdout.isatty() else None
        styles = {Level.FINE: self.style.SUCCESS, Level.DOUBTFUL: self.style.WARNING, Level.BROKEN: self.style.ERROR}
        for each in found:
            text = " ".join(f"{each.found} {each.advice}".split())
            lines = textwrap.wrap(text, max(width - INDENT, 20), break_long_words=False) if width else [text]
            self.stdout.write(f"{styles[each.level](marks[each.level])} {each.check:<{INDENT - 2}}{lines[0]}")
            for line in lines[1:]:
                self.stdout.write(" " * INDENT + line)
        self.stdout.write(_summary(found))


def symbols(encoding: str) -> dict[Level, str]:
    try:
        "".join(SYMBOLS.values()).encode(encoding)
    except UnicodeEncodeError:
        return PLAIN_SYMBOLS
    return SYMBOLS


def _summary(found: list[Finding]) -> str:
    counts = {level: sum(each.level is level for each in found) for level in Level}
    if counts[Level.BROKEN]:
        return f"Broken: {counts[Level.BROKEN]}. Warnings: {counts[Level.DOUBTFUL]}."
    return f"Nothing is broken. Warnings: {counts[Level.DOUBTFUL]}."


def _fields(finding: Finding) -> dict[str, str]:
    return {"check": finding.check, "status": finding.level, "found": finding.found, "advice": finding.advice}


def _findings(place: Place, refusals: Sequence[str]) -> Iterator[Finding]:
    yield machine.python()
    yield machine.packages(place)
    for refusal in refusals:
        yield broken("settings", refusal, "Nothing starts before that. The servers and keys are examined then.")
    yield data_folder.check(place)
    # A container of its own serves in production.
    if not place.production or place.port is not None:
        yield port.check(place)
    # In production it may be a container, whose addresses are others than its callers'.
    if not place.production:
        yield port.streams(place)
    yield machine.time_zones()
    if not refusals:
        yield from _of_service(place)


def _of_service(place: Place) -> Iterator[Finding]:
    """What needs the settings. Imported here: where they are refused, these modules cannot be."""
    from config.doctor import servers, service

    yield from service.mistakes(place)
    yield service.secret_key(place)
    yield service.credentials_keys(place)
    with servers.quietly():
        of_database = list(_told("database", lambda: servers.database(place)))
        yield from of_database
        yield from servers.brokers(place)
        if {"database", "migrations"} <= {each.check for each in of_database if each.level is not Level.BROKEN}:
            yield from _told("credentials", lambda: [service.stored_credentials()])
            yield from _told("API keys", lambda: [service.api_keys()])
            yield from _told("beat", lambda: service.at_work(place))
            if place.production:
                yield from _told(port.STREAMS, lambda: [service.streams()])


def _told(check: str, findings: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """A database that refuses meanwhile is a finding as well."""
    try:
        yield from findings()
    except (DatabaseError, psycopg.Error, ImproperlyConfigured) as error:
        advice = "Mend what is wrong with the database first."
        yield broken(check, f"This could not be examined: {reason(error)}.", advice)
