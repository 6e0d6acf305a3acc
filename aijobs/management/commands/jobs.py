import json
import re
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from time import sleep
from typing import Any

import orjson
from django.core.management.base import BaseCommand, CommandError
from django.utils.timezone import now

from aijobs import events, explaining, identifiers, registry, retrying
from aijobs.auth import TenantAccess
from aijobs.engine import lifecycle
from aijobs.errors import ApiError
from aijobs.events import Event
from aijobs.filtering import JobFilter
from aijobs.management.database import add_data_dir, require_database, tenant_named
from aijobs.models import NEWEST_FIRST, Job
from aijobs.shapes import timestamp
from aijobs.sql import merged
from aijobs.states import PausedBy, Priority, Status

SINCE = re.compile(r"([1-9][0-9]{0,5})([mhd])")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
MOST_LISTED = 1_000
# The log is asked so often for what is new; a job's own end is seen as quickly.
POLL_SECONDS = 0.5
PAGE = 500

EXAMPLES = """
  manage.py jobs list --status failed --since 2h
  manage.py jobs list --tenant my-shop --type competitor_scan --json | jq .id
  manage.py jobs show job_01JQZ4X5M8N9P0Q1R2S3T4V5W6
  manage.py jobs tail job_01JQZ4X5M8N9P0Q1R2S3T4V5W6
  manage.py jobs tail --tenant my-shop
  manage.py jobs cancel job_01JQZ4X5M8N9P0Q1R2S3T4V5W6
  manage.py jobs retry job_01JQZ4X5M8N9P0Q1R2S3T4V5W6

With --json each job or event is one line of JSON. The jobs of all tenants are the operator's: whoever may run this
needs no API key."""


class Command(BaseCommand):
    help = "See what jobs there are and why they wait, follow what happens to them, cancel or retry them."
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        return super().create_parser(
            prog_name,
            subcommand,
            formatter_class=RawDescriptionHelpFormatter,
            epilog=f"examples:{EXAMPLES}",
            **kwargs,
        )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|tail|cancel|retry")

        def add(name: str, help: str) -> ArgumentParser:
            added = actions.add_parser(name, help=help, description=help)
            add_data_dir(added)
            return added

        listing = add("list", "List jobs, newest first, with why they wait or how they ended.")
        listing.add_argument("--tenant", help="Only this tenant's jobs.")
        listing.add_argument("--type", action="append", default=[], choices=sorted(_types()), help="Only this type.")
        listing.add_argument(
            "--status", action="append", default=[], choices=Status.values, help="Only this status. May be repeated."
        )
        listing.add_argument("--error-code", help="Only jobs that failed with this code.")
        listing.add_argument(
            "--since", default="7d", help="Only those created in this time: 30m, 2h, 7d (default: 7d)."
        )
        listing.add_argument("--limit", type=int, default=20, help="At most so many (default: %(default)s).")
        listing.add_argument("--json", action="store_true", help="One line of JSON for each job.")

        showing = add("show", "Show one job: what it is, why it waits or how it ended, and what happened to it.")
        showing.add_argument("job", help="The job's ID.")
        showing.add_argument("--json", action="store_true", help="One line of JSON, with params and result.")

        tailing = add("tail", "Follow the log: of one job until it has ended, or of a tenant's jobs until Ctrl-C.")
        tailing.add_argument("job", nargs="?", help="The job's ID.")
        tailing.add_argument("--tenant", help="All jobs of this tenant, from now on.")
        tailing.add_argument("--json", action="store_true", help="One line of JSON for each event.")

        for name, help in (
            (
                "cancel",
                "Cancel queued jobs, and have running ones stop. To cancel all that match a filter, use the admin or "
                "the API's bulk actions.",
            ),
            ("retry", "Dispatch jobs again that have ended: each becomes a new job, linked to the old one."),
        ):
            add(name, help).add_argument("jobs", nargs="+", help="The jobs' IDs.")

    def handle(self, *args: str, **options: Any) -> None:
        require_database()
        match options["action"]:
            case "list":
                self._list(options)
            case "show":
                self._show(_job(options["job"]), as_json=options["json"])
            case "tail":
                self._tail(options)
            case "cancel":
                self._each(options["jobs"], _cancel)
            case "retry":
                self._each(options["jobs"], _retry)

    def _list(self, options: dict[str, Any]) -> None:
        jobs = _listed(options)
        reasons = explaining.explain(jobs)
        if options["json"]:
            for job in jobs:
                self._write_json(_shown(job, reasons[job.id].message_of_staff))
        elif jobs:
            rows = [(job.public_id, job.tenant.name, job.type, job.status, reasons[job.id].brief) for job in jobs]
            for line in _aligned([("JOB", "TENANT", "TYPE", "STATUS", "WHY"), *rows]):
                self._write(line)
        else:
            self.stderr.write(f"No job of the last {options['since']} matches. Try --since with a longer time.")

    def _show(self, job: Job, *, as_json: bool) -> None:
        reason = explaining.explain([job])[job.id]
        if as_json:
            texts = Job.objects.with_text_of("params", "result").get(id=job.id)
            documents = {"params": orjson.Fragment(texts.params_text), "result": _fragment(texts.result_text)}
            self._write_json(_shown(job, reason.message_of_staff) | {"action": reason.action_of_staff} | documents)
            return
        facts = [
            ("job", job.public_id),
            ("tenant", job.tenant.name),
            ("type", f"{job.type}, {Priority(job.priority).label} priority"),
            ("status", job.status),
            ("created", timestamp(job.created_at)),
            ("why", reason.message_of_staff),
            *([("do", reason.action_of_staff)] if reason.action_of_staff else []),
        ]
        for line in _aligned(facts):
            self._write(line)
        self._write("")
        for event in _log(job):
            self._write(_line(event))

    def _tail(self, options: dict[str, Any]) -> None:
        if bool(options["job"]) == bool(options["tenant"]):
            raise CommandError("Name one job, or a tenant with --tenant.")
        happened = _log_until_the_end(_job(options["job"])) if options["job"] else _log_of(options["tenant"])
        try:
            for event in happened:
                if options["json"]:
                    self._write_json(event.shown)
                else:
                    self._write(_line(event))
                self.stdout.flush()
        except KeyboardInterrupt:
            return

    def _each(self, texts: Sequence[str], act: Callable[[Job], str]) -> None:
        """Every job that can be; the others are named at the end, and the exit code says that there were some."""
        refused = 0
        for text in texts:
            try:
                self.stdout.write(act(_job(text)))
            except (ApiError, CommandError) as error:
                refused += 1
                self.stderr.write(f"{text}: {error}")
        if refused:
            raise CommandError(f"{refused} of {len(texts)} jobs: nothing was done.")

    def _write(self, line: str) -> None:
        """What upstreams and callers wrote is in it: none of it may steer the terminal."""
        self.stdout.write("".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in line))

    def _write_json(self, value: dict[str, Any]) -> None:
        self.stdout.write(orjson.dumps(value).decode())


def _types() -> list[str]:
    return [kind.name for kind in registry.all_types()]


def _listed(options: dict[str, Any]) -> list[Job]:
    if not 1 <= options["limit"] <= MOST_LISTED:
        raise CommandError(f"--limit must be from 1 to {MOST_LISTED:,}.")
    parts = SINCE.fullmatch(options["since"])
    if parts is None:
        raise CommandError(f"--since: {options['since']!r} is not a time. Write minutes, hours or days: 30m, 2h, 7d.")
    wanted = JobFilter(
        type=options["type"],
        status=options["status"],
        error_code=options["error_code"],
        start_date=now() - int(parts[1]) * UNITS[parts[2]],
    )
    jobs = Job.objects.select_related("tenant").defer("params", "result")
    if options["tenant"]:
        jobs = jobs.of(tenant_named(options["tenant"]).id)
    return merged(wanted.apart(jobs), [NEWEST_FIRST], options["limit"])


def _job(text: str) -> Job:
    job_id = identifiers.decode(identifiers.JOB_PREFIX, text)
    if job_id is None:
        raise CommandError(f"{text!r} is not a job ID: those look like job_01JQZ4X5M8N9P0Q1R2S3T4V5W6.")
    job = Job.objects.select_related("tenant").defer("params", "result").filter(id=job_id).first()
    if job is None:
        raise CommandError(f"There is no job {text}. Old jobs are deleted: the README says after how long.")
    return job


def _cancel(job: Job) -> str:
    lifecycle.request_cancel(job.id, job.tenant_id, PausedBy.STAFF)
    if job.status == Status.RUNNING:
        return f"{job.public_id} is asked to stop. See when it has: manage.py jobs tail {job.public_id}"
    return f"{job.public_id} is cancelled."


def _retry(job: Job) -> str:
    return f"{job.public_id} is dispatched again, as {retrying.retry(TenantAccess.of(job.tenant), job.id)}."


def _log(job: Job, after: int = 0) -> Iterator[Event]:
    while found := events.of_job(job.tenant_id, job.id, after, PAGE):
        yield from found
        after = found[-1].seq


def _log_until_the_end(job: Job) -> Iterator[Event]:
    after = 0
    while True:
        for event in _log(job, after):
            yield event
            if event.is_end:
                return
            after = event.seq
        sleep(POLL_SECONDS)


def _log_of(tenant: str) -> Iterator[Event]:
    tenant_id, position = tenant_named(tenant).id, events.present()
    while True:
        page = events.of_tenant(tenant_id, position, PAGE)
        yield from page.events
        position = page.position
        if not page.more:
            sleep(POLL_SECONDS)


def _shown(job: Job, why: str) -> dict[str, Any]:
    return {
        "id": job.public_id,
        "tenant": job.tenant.name,
        "type": job.type,
        "status": job.status,
        "priority": Priority(job.priority).label,
        "created_at": timestamp(job.created_at),
        "why": why,
    }


def _line(event: Event) -> str:
    particulars = event.shown["data"]
    said = f"  {json.dumps(particulars, ensure_ascii=False)}" if particulars else ""
    job_id = identifiers.encode(identifiers.JOB_PREFIX, event.job_id)
    return f"{timestamp(event.at)}  {job_id}  {event.seq:>3}  {event.type}{said}"


def _fragment(text: str | None) -> orjson.Fragment | None:
    return None if text is None else orjson.Fragment(text)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """In columns, the last of which is as long as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]) - 1)]
    for row in rows:
        yield "  ".join([*(text.ljust(width) for text, width in zip(row, widths, strict=False)), row[-1]])
