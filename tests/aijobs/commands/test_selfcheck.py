import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils.timezone import now

from aijobs.engine import selfcheck, transactions
from aijobs.models import Job, TenantCapacity
from tests import engine
from tests.factories import TenantFactory


def output_of(*options: str) -> tuple[int, list[str]]:
    """The exit code, and the lines on standard output."""
    output = StringIO()
    try:
        call_command("selfcheck", *options, stdout=output, stderr=StringIO())
    except SystemExit as leaving:
        return int(str(leaving.code)), output.getvalue().splitlines()
    return 0, output.getvalue().splitlines()


@pytest.mark.django_db
def test_says_what_it_has_looked_at_when_all_is_well() -> None:
    ids = engine.dispatch(TenantFactory(), 3)
    engine.complete(engine.start(ids[0]))
    engine.start(ids[1])
    expected = (
        "ok: every rule holds for 1 running jobs, 1 released ones, the waiting ones of 1 tenants, and the events of "
    )
    assert output_of() == (0, [expected + "1 that ended in the last five minutes"])
    assert output_of("--all") == (0, [expected + "every job"])
    code, [line] = output_of("--json")
    counts = {"tenants": 1, "running": 1, "released": 1, "ended": 1}
    assert (code, json.loads(line)) == (0, {"ok": True, "looked_at": counts})


@pytest.mark.django_db
def test_one_line_for_each_violation() -> None:
    runs = [engine.start(job_id) for job_id in engine.dispatch(TenantFactory(), 2)]
    engine.let_lease_expire(*[run.id for run in runs])
    code, lines = output_of()
    assert code == 1
    assert [line.partition(" job_")[0] for line in lines] == ["lease:", "lease:"]
    code, lines = output_of("--json")
    assert code == 1
    found = [json.loads(line) for line in lines]
    assert [each["job"] for each in found] == [violation.job for violation in selfcheck.run()]
    assert {each["rule"] for each in found} == {"lease"}


@pytest.mark.django_db
def test_an_old_transaction_is_a_warning_and_no_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transactions, "OLD_SECONDS", 0.0)
    with psycopg.connect(**connection.get_connection_params()) as other:
        other.execute("SELECT 1")
        named = f"process ID {other.info.backend_pid} "
        code, lines = output_of()
        assert (code, lines[-1].partition(":")[0]) == (0, "ok")
        [line] = [line for line in lines if named in line]
        assert line.startswith("warning: The database session with ")
        found = [json.loads(line) for line in output_of("--json")[1]]
        assert [each for each in found if named in each.get("warning", "")] == [
            {"warning": line.removeprefix("warning: ")}
        ]


@pytest.mark.django_db
def test_counts_what_it_does_not_tell() -> None:
    engine.dispatch(TenantFactory(release_window=100), selfcheck.TOLD_OF_A_RULE + 5)
    Job.objects.update(event_seq=9)
    code, lines = output_of()
    assert (code, len(lines)) == (1, selfcheck.TOLD_OF_A_RULE + 1)
    assert lines[-1] == "sequence: … and 5 more"
    assert json.loads(output_of("--json")[1][-1]) == {"rule": "sequence", "more": 5}


@pytest.mark.django_db
def test_all_looks_at_the_whole_history_and_the_counters() -> None:
    [job_id] = engine.dispatch(TenantFactory())
    engine.complete(engine.start(job_id))
    Job.objects.update(event_seq=9, completed_at=now() - timedelta(days=30))
    TenantCapacity.objects.update(active=7)
    assert [line.partition(":")[0] for line in output_of()[1]] == ["sequence"]
    code, lines = output_of("--all")
    assert (code, [line.partition(":")[0] for line in lines]) == (1, ["sequence", "capacity"])


@pytest.mark.django_db
def test_tells_on_stderr_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aijobs.management.commands.selfcheck.PROGRESS_EVERY", 2)
    monkeypatch.setattr(selfcheck, "EVENTS_OF", 2)
    engine.dispatch(TenantFactory(), 5)
    progress = StringIO()
    call_command("selfcheck", "--all", stdout=StringIO(), stderr=progress)
    assert progress.getvalue() == "2 jobs checked\n4 jobs checked\n"


def test_help_names_every_rule_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        call_command("selfcheck", "--help")
    assert leaving.value.code == 0
    shown = capsys.readouterr().out
    for word in (
        "lease",
        "release",
        "consumption",
        "end",
        "sequence",
        "capacity",
        "--all",
        "--json",
        "exit code is 0",
    ):
        assert word in shown


@pytest.mark.django_db
def test_says_in_one_line_that_the_server_is_down(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    nowhere = {"host": str(tmp_path), "dbname": "aijobs"}
    monkeypatch.setattr("django.db.connection.get_connection_params", lambda: nowhere)
    with pytest.raises(CommandError, match=r"Check that `up` is running") as caught:
        call_command("selfcheck")
    assert "\n" not in str(caught.value)
    assert caught.value.returncode == 2


@pytest.mark.django_db
def test_says_in_one_line_that_the_server_went_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def lose_it(*_: Any) -> Iterator[Any]:
        raise OperationalError("server closed the connection unexpectedly\nmore about that")

    monkeypatch.setattr(selfcheck, "findings", lose_it)
    with pytest.raises(CommandError, match=r"^The database stopped answering: server closed [a-z ]*$") as caught:
        call_command("selfcheck")
    assert caught.value.returncode == 2
