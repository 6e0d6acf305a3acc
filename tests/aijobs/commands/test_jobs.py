"""`manage.py jobs`: what an operator sees and does in a terminal."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from aijobs import identifiers
from aijobs.engine import lifecycle
from aijobs.engine.outcomes import Failed
from aijobs.management.commands import jobs as jobs_command
from aijobs.models import Job, Tenant
from tests import engine
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory()
    return tenant


def jobs(*arguments: str) -> list[str]:
    """The lines that the command prints."""
    output = StringIO()
    call_command("jobs", *arguments, stdout=output, stderr=StringIO())
    return output.getvalue().splitlines()


def refusal(*arguments: str) -> str:
    errors = StringIO()
    with pytest.raises(CommandError) as raised:
        call_command("jobs", *arguments, stdout=StringIO(), stderr=errors)
    return f"{errors.getvalue()}{raised.value}"


def public(job_id: Any) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


def test_lists_the_newest_jobs_with_why_they_wait_or_how_they_ended(tenant: Tenant) -> None:
    [failed] = engine.dispatch(tenant)
    engine.fail(engine.start(failed))
    [queued] = engine.dispatch(tenant)
    heading, first, second = jobs("list", f"--tenant={tenant.name}")
    assert heading.split() == ["JOB", "TENANT", "TYPE", "STATUS", "WHY"]
    assert first.startswith(f"{public(queued)}  {tenant.name}")
    assert second.startswith(f"{public(failed)}  {tenant.name}")
    assert "failed once" in second
    assert heading.index("WHY") == second.index(Job.objects.get(id=failed).error_code)


def test_lists_what_matches_as_lines_of_json(tenant: Tenant) -> None:
    [failed] = engine.dispatch(tenant)
    engine.fail(engine.start(failed))
    engine.dispatch(tenant)
    engine.dispatch(TenantFactory())
    code = Job.objects.get(id=failed).error_code
    for options in (["--status=failed"], [f"--error-code={code}"]):
        [line] = jobs("list", f"--tenant={tenant.name}", "--json", *options)
        shown = json.loads(line)
        assert (shown["id"], shown["status"]) == (public(failed), "failed")
        assert code in shown["why"]
    assert len(jobs("list", "--json")) == 3
    assert len(jobs("list", "--json", "--limit=1")) == 1


def test_shows_a_job_with_what_happened_to_it(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.complete(engine.start(job_id), {"found": 2})
    lines = jobs("show", public(job_id))
    assert f"tenant   {tenant.name}" in lines
    assert [line.split()[3] for line in lines[-3:]] == ["job.queued", "job.started", "job.completed"]
    [line] = jobs("show", public(job_id), "--json")
    assert json.loads(line)["result"] == {"found": 2}


def test_follows_a_job_until_it_has_ended(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    [job_id] = engine.dispatch(tenant)
    # While the command would wait, the job ends.
    monkeypatch.setattr(jobs_command, "sleep", lambda seconds: lifecycle.cancel(job_id, tenant.id))
    assert [json.loads(line)["type"] for line in jobs("tail", public(job_id), "--json")] == [
        "job.queued",
        "job.cancelled",
    ]


@pytest.mark.django_db(transaction=True)
def test_follows_a_tenant_from_now_on(tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    engine.dispatch(tenant)
    later: list[str] = []

    def wait(seconds: float) -> None:
        if later:
            raise KeyboardInterrupt
        engine.dispatch(TenantFactory())
        later.extend(public(job_id) for job_id in engine.dispatch(tenant))

    monkeypatch.setattr(jobs_command, "sleep", wait)
    assert [json.loads(line)["job_id"] for line in jobs("tail", f"--tenant={tenant.name}", "--json")] == later


def test_cancels_what_can_be_cancelled_and_names_the_rest(tenant: Tenant) -> None:
    [queued], [ended] = engine.dispatch(tenant), engine.dispatch(tenant)
    engine.complete(engine.start(ended))
    said = refusal("cancel", public(ended), "job_0", public(queued))
    assert engine.statuses([queued, ended]) == ["cancelled", "completed"]
    assert f"{public(ended)}: " in said
    assert "'job_0' is not a job ID" in said
    assert said.endswith("2 of 3 jobs: nothing was done.")


def test_a_running_job_is_asked_to_stop(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    engine.start(job_id)
    [line] = jobs("cancel", public(job_id))
    assert line.startswith(f"{public(job_id)} is asked to stop.")
    assert engine.kinds(job_id) == ["queued", "started", "cancel_requested"]


def test_what_others_wrote_cannot_steer_the_terminal(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    lifecycle.record(engine.start(job_id), Failed("UPSTREAM", "\x1b]0;owned\x07 and \x9b2J, caf\xe9", False))
    said = "\n".join([*jobs("show", public(job_id)), *jobs("list")])
    assert not [each for each in said if each != "\n" and not each.isprintable()]
    assert "café" in said


def test_retries_a_job_that_has_ended(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    assert "queued" in refusal("retry", public(job_id))
    engine.fail(engine.start(job_id))
    [line] = jobs("retry", public(job_id))
    assert line.endswith(f"as {public(Job.objects.get(retry_of=job_id).id)}.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["show", "job_1"], "'job_1' is not a job ID"),
        (["show", "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"], "There is no job job_01JQZ4X5M8N9P0Q1R2S3T4V5W6"),
        (["list", "--since=soon"], "'soon' is not a time"),
        (["list", "--limit=0"], "--limit must be from 1 to 1,000"),
        (["list", "--tenant=nobody"], "There is no tenant 'nobody'"),
        (["list", "--status=done"], "invalid choice: 'done'"),
        (["tail"], "Name one job, or a tenant"),
        (["tail", "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6", "--tenant=a"], "Name one job, or a tenant"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_says_what_is_wrong(arguments: list[str], said: str) -> None:
    assert said in refusal(*arguments)


def test_says_so_where_nothing_matches() -> None:
    errors = StringIO()
    call_command("jobs", "list", "--since=2h", stdout=StringIO(), stderr=errors)
    assert errors.getvalue() == "No job of the last 2h matches. Try --since with a longer time.\n"
