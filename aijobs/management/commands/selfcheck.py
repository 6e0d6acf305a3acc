import json
import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from aijobs.engine import selfcheck, transactions
from aijobs.engine.selfcheck import Finding, Violation
from aijobs.management.database import add_data_dir, require_database
from aijobs.sql import CONNECTION_ERRORS

VIOLATED, UNKNOWN = 1, 2
# Of jobs, between two lines of progress.
PROGRESS_EVERY = 100_000

# As --json prints it, and as a line of text.
Told = tuple[dict[str, object], str]


class Command(BaseCommand):
    help = """\
Check that the service keeps its promises, and print one line for every violation:

  lease        Every running job has a lease that has not expired.
  release      No due job waits over 10 s for its release while its tenant has room.
  consumption  Workers take the jobs that are in the broker.
  end          Every job ends once, and nothing happens to it afterwards.
  sequence     The events of a job are numbered without a gap.
  capacity     The count of a tenant's active jobs is right (only with --all).

The command also warns of database transactions that have been open for more than a minute, and of replication slots
that keep old rows, because they slow the service down. A warning does not change the exit code.

The command reads the active jobs, those that ended in the last five minutes and those of the newest events. This
takes milliseconds; /readyz?deep=1 does the same. With --all it reads the events of every job.

The exit code is 0 if every rule holds, 1 if some do not, and 2 if the database does not answer.
"""
    requires_system_checks = []

    def create_parser(self, prog_name: str, subcommand: str, **more: Any) -> Any:
        # The list of rules stays a list.
        return super().create_parser(prog_name, subcommand, formatter_class=RawDescriptionHelpFormatter, **more)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--all", action="store_true", help="Check the whole history, and show progress on stderr."
        )
        parser.add_argument("--json", action="store_true", help="Print one JSON object per line.")
        add_data_dir(parser)

    def handle(self, *args: str, **options: Any) -> None:
        try:
            require_database()
            violated = self._check(whole=options["all"], as_json=options["json"])
        except CommandError as error:
            raise CommandError(str(error), returncode=UNKNOWN) from None
        except CONNECTION_ERRORS as error:
            reason = str(error).partition("\n")[0]
            raise CommandError(f"The database stopped answering: {reason}", returncode=UNKNOWN) from None
        if violated:
            sys.exit(VIOLATED)

    def _check(self, *, whole: bool, as_json: bool) -> bool:
        """Print what is wrong, as it is found; or that nothing is. And what slows the service down."""
        for warning in (*transactions.warnings(with_names=True), *transactions.unseen()):
            self._print(({"warning": warning}, f"warning: {warning}"), as_json)
        violated = False
        for told in self._whole() if whole else _tell(selfcheck.findings()):
            violated = True
            self._print(told, as_json)
        if not violated:
            self._print(_all_is_well(whole), as_json)
        return violated

    def _whole(self) -> Iterator[Told]:
        yield from _tell(selfcheck.present_findings())
        yield from map(_tell_one, selfcheck.whole_history(self._progress))

    def _progress(self, jobs: int) -> None:
        if jobs % PROGRESS_EVERY == 0:
            self.stderr.write(f"{jobs:,} jobs checked")

    def _print(self, told: Told, as_json: bool) -> None:
        fields, line = told
        self.stdout.write(json.dumps(fields, ensure_ascii=False) if as_json else line)


def _tell(findings: Iterable[Finding]) -> Iterator[Told]:
    for finding in findings:
        yield from map(_tell_one, finding.violations)
        if more := finding.total - len(finding.violations):
            yield {"rule": finding.rule, "more": more}, f"{finding.rule}: … and {more} more"


def _tell_one(violation: Violation) -> Told:
    return {"rule": violation.rule, "job": violation.job, "message": violation.sentence}, violation.line


def _all_is_well(whole: bool) -> Told:
    seen = selfcheck.looked_at()
    history = "of every job" if whole else f"of {seen.ended} that ended in the last five minutes"
    line = (
        f"ok: every rule holds for {seen.running} running jobs, {seen.released} released ones, the waiting ones of "
        f"{seen.tenants} tenants, and the events {history}"
    )
    counts = {"tenants": seen.tenants, "running": seen.running, "released": seen.released, "ended": seen.ended}
    return {"ok": True, "looked_at": counts}, line
