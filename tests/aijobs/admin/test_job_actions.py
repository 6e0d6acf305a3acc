"""What staff do with the jobs that they choose, or with all that the list shows."""

import csv
import html
import json
import re
from datetime import datetime, timedelta
from io import StringIO
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.timezone import now

from aijobs import exporting, identifiers
from aijobs.admin import matching
from aijobs.models import BulkAction, Job, Tenant
from aijobs.states import Priority
from tests import engine
from tests.aijobs.admin.test_admin import address
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db

LIST = "/admin/aijobs/job/"
HOSTILE = ['=cmd|"/c calc"!A1', "+1+1", "-2+3", "@SUM(A1)", "\tx", "\rx"]


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory(name="shop")
    return tenant


def public(job_id: Any) -> str:
    return identifiers.encode(identifiers.JOB_PREFIX, job_id)


def choose(client: Client, action: str, *ids: object, **more: str) -> Any:
    data = {"action": action, "_selected_action": [str(each) for each in ids], **more}
    return client.post(LIST, data, follow=True)


def export(client: Client, form: str, **query: str) -> Any:
    return client.get(reverse("admin:aijobs_job_export"), {"format": form, **query})


def body(response: Any) -> str:
    assert response.status_code == 200
    assert response.streaming
    return b"".join(response.streaming_content).decode()


def test_retry_dispatches_what_has_ended_and_says_why_not_the_rest(admin_client: Client, tenant: Tenant) -> None:
    ended, queued = engine.dispatch(tenant, 2)
    engine.fail(engine.start(ended))
    page = choose(admin_client, "retry_ended", ended, queued).content.decode()
    new = Job.objects.get(retry_of=ended)
    assert new.status == "queued"
    assert "The service retried 1 of the selected jobs." in page
    assert f"{public(queued)}: The job is queued; only a job that has ended can be retried." in page
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (str(ended), f"Retried: {new.public_id}.")


def test_a_double_click_retries_once(admin_client: Client, tenant: Tenant) -> None:
    """On the page, and in the list."""
    first, second = engine.dispatch(tenant, 2)
    for each in (first, second):
        engine.fail(engine.start(each))
    for where, job_id in ((address(Job, "change", first), first), (address(Job, "changelist"), second)):
        [token] = re.findall(r'name="once" value="(\w{32})"', admin_client.get(where).content.decode())
        for _ in range(2):
            sent = {"action": "retry_ended", "_selected_action": [job_id], "once": token}
            admin_client.post(address(Job, "changelist"), sent)
        assert Job.objects.filter(retry_of=job_id).count() == 1


@pytest.mark.parametrize("priority", Priority)
def test_priorities_are_set(admin_client: Client, tenant: Tenant, priority: Priority) -> None:
    queued, running = engine.dispatch(tenant, 2)
    engine.start(running)
    page = choose(admin_client, f"set_{priority.label}", queued, running).content.decode()
    assert Job.objects.values_list("priority", "lane").get(id=queued) == (priority, priority)
    assert f"The service set the priority to {priority.label} for 1 of the selected jobs." in page
    assert f"{public(running)}: The job is running; only a queued job can be changed." in page
    assert LogEntry.objects.get().change_message == f"Set the priority to {priority.label}."


@pytest.mark.parametrize(
    ("action", "asked"),
    [
        ("cancel_queued", {"action": ["cancel"]}),
        ("retry_ended", {"action": ["retry"]}),
        ("set_low", {"action": ["set_priority"], "to": ["low"]}),
    ],
)
def test_for_all_that_match_they_are_counted_first(
    admin_client: Client, tenant: Tenant, action: str, asked: dict[str, list[str]]
) -> None:
    [job_id] = engine.dispatch(tenant)
    query = "?tenant=shop&status__exact=queued&type=test_probe&priority__exact=1&created=all"
    data = {"action": action, "_selected_action": [str(job_id)], "select_across": "1"}
    response = admin_client.post(LIST + query, data)
    leads = urlsplit(response["Location"])
    assert leads.path == reverse("admin:aijobs_bulkaction_add")
    same = {"tenant": ["shop"], "status": ["queued"], "type": ["test_probe"], "priority": ["normal"]}
    assert parse_qs(leads.query) == {**asked, **same}
    assert engine.statuses([job_id]) == ["queued"]
    assert not BulkAction.objects.exists()


@pytest.mark.parametrize("action", ["cancel_queued", "export_csv"])
def test_what_a_filter_cannot_say_is_not_left_out(admin_client: Client, tenant: Tenant, action: str) -> None:
    """All that match would else be more than the list shows."""
    [job_id] = engine.dispatch(tenant)
    data = {"action": action, "_selected_action": [str(job_id)], "select_across": "1"}
    page = admin_client.post(f"{LIST}?q=shop", data, follow=True).content.decode()
    assert "The list is narrowed by a search, which an action on all jobs that match cannot take." in page
    assert "Act on all of these jobs" not in page


def test_all_that_match_are_those_of_the_time_that_the_list_shows() -> None:
    start = datetime.fromisoformat(matching.of_list(QueryDict("tenant=shop"))["start_date"])
    assert start == pytest.approx(now() - timedelta(days=7), abs=timedelta(minutes=1))
    assert matching.of_list(QueryDict("tenant=shop&created=all")) == {"tenant": "shop"}
    assert "start_date" in matching.of_list(QueryDict("created=hour"))
    # Who asks for nothing is refused.
    assert matching.of_list(QueryDict("")) == {}


def test_the_list_leads_to_an_action_on_all_of_it(admin_client: Client, tenant: Tenant) -> None:
    page = admin_client.get(f"{LIST}?status__exact=failed&tenant=shop&created=all").content.decode()
    query = "status=failed&amp;tenant=shop"
    assert f'<a href="/admin/aijobs/bulkaction/add/?{query}">Act on all of these jobs</a>' in page
    assert f'<a href="/admin/aijobs/job/export/?{query}&amp;format=csv">Export all as CSV</a>' in page


def test_an_action_on_all_of_the_list_is_of_its_span_of_time(admin_client: Client, tenant: Tenant) -> None:
    """The list shows seven days unless it is asked otherwise: what is older is not acted on, either."""
    [old] = engine.dispatch(tenant)
    Job.objects.filter(id=old).update(id=identifiers.first_id_at(now() - timedelta(days=8)))
    [new] = engine.dispatch(tenant)
    page = admin_client.get(f"{LIST}?tenant=shop").content.decode()
    query = html.unescape(page.partition('<a href="/admin/aijobs/job/export/')[2].partition('"')[0])
    rows = rows_of(body(admin_client.get(f"{LIST}export/{query}")))
    assert [row["id"] for row in rows] == [public(new)]


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def test_chosen_jobs_are_exported_as_csv(admin_client: Client, tenant: Tenant) -> None:
    ids = engine.dispatch(tenant, 3)
    engine.complete(engine.start(ids[1]), {"label": "x"})
    response = choose(admin_client, "export_csv", ids[0], ids[1])
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="jobs-2')
    rows = rows_of(body(response))
    assert [row["id"] for row in rows] == [public(job_id) for job_id in ids[:2]]
    assert [row["status"] for row in rows] == ["queued", "completed"]
    assert {row["tenant"] for row in rows} == {"shop"}
    assert LogEntry.objects.get().change_message == "Exported jobs as csv: 2 that were chosen"


def test_no_cell_is_a_formula(admin_client: Client, tenant: Tenant) -> None:
    names = ("error_message", "error_code", "request_id", "idempotency_key", "cancel_reason")
    for job_id, text in zip(engine.dispatch(tenant, len(HOSTILE)), HOSTILE, strict=True):
        Job.objects.filter(id=job_id).update(**dict.fromkeys(names, text))
    rows = rows_of(body(export(admin_client, "csv")))
    for name in names:
        assert [row[name] for row in rows] == [f"'{text}" for text in HOSTILE]


def test_what_is_no_formula_stays_as_it_is(admin_client: Client, tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    text = 'He said "a=b", then\nleft, größe 5'
    Job.objects.filter(id=job_id).update(error_message=text)
    assert rows_of(body(export(admin_client, "csv")))[0]["error_message"] == text


def test_ndjson_has_params_and_results_with_exact_numbers(admin_client: Client, tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant, params={"label": "<b>\n"})
    engine.complete(engine.start(job_id))
    written = '{\n "large": 123456789012345678901234567890,\n "small": 0.1000000000000000055, "text": "a\\nb"}'
    with connection.cursor() as cursor:
        cursor.execute("UPDATE aijobs_job SET result = %s::json WHERE id = %s", [written, job_id])
    text = body(export(admin_client, "ndjson", ids=public(job_id)))
    assert text.count("\n") == 1
    row = json.loads(text, parse_float=str)
    assert row["result"] == {
        "large": 123456789012345678901234567890,
        "small": "0.1000000000000000055",
        "text": "a\nb",
    }
    assert (row["params"], row["status"]) == ({"label": "<b>\n"}, "completed")


@pytest.mark.parametrize(("most_bytes", "statements"), [(10_000_000, 3), (1, 5)])
def test_documents_are_read_few_at_a_time(
    admin_client: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, most_bytes: int, statements: int
) -> None:
    monkeypatch.setattr(exporting, "DOCUMENTS_AT_ONCE", 2)
    monkeypatch.setattr(exporting, "BYTES_AT_ONCE", most_bytes)
    ids = [engine.dispatch(tenant, params={"label": f"job {number}"})[0] for number in range(5)]
    with CaptureQueriesContext(connection) as captured:
        lines = body(export(admin_client, "ndjson")).splitlines()
    rows = [json.loads(line) for line in lines]
    assert [(row["id"], row["params"]["label"]) for row in rows] == [
        (public(job_id), f"job {number}") for number, job_id in enumerate(ids)
    ]
    assert sum("params_text" in each["sql"] for each in captured) == statements


def test_all_that_match_are_exported_in_stretches(
    admin_client: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "JOBS_AT_ONCE", 4)
    ids = engine.dispatch(tenant, 10)
    engine.dispatch(TenantFactory())
    engine.start(ids[3])
    with CaptureQueriesContext(connection) as captured:
        rows = rows_of(body(export(admin_client, "csv", tenant="shop", status="queued,failed")))
    assert [row["id"] for row in rows] == [public(job_id) for job_id in [*ids[:3], *ids[4:]]]
    asked = [each["sql"] for each in captured if 'FROM "aijobs_job"' in each["sql"]]
    # Three stretches: where each ends, and what of it matches.
    assert len(asked) == 6
    assert not any(f'"{name}")::text' in sql for sql in asked for name in ("params", "result"))
    assert any('"metadata")::text' in sql for sql in asked)
    assert LogEntry.objects.get().change_message == "Exported jobs as csv: tenant shop, status queued or failed"


def test_a_filter_that_says_nothing_exports_nothing(admin_client: Client, subtests: pytest.Subtests) -> None:
    for query, said in (
        ({"format": "xlsx"}, "The format must be csv or ndjson."),
        ({"format": "csv", "statuss": "failed"}, "The service does not know statuss."),
        ({"format": "csv", "ids": ""}, "None of the IDs is that of a job."),
        ({"format": "csv", "ids": "batch_x,7"}, "None of the IDs is that of a job."),
        ({"format": "csv", "tenant": "nobody"}, "There is no tenant with the name nobody."),
        ({"format": "csv", "status": "asleep"}, "The filter is not valid: status."),
        ({"format": "csv", "start_date": "yesterday"}, "The filter is not valid: start_date."),
        ({"format": "csv", "batch_id": "\0"}, "The filter is not valid: batch_id."),
    ):
        with subtests.test(query=query):
            response = admin_client.get(reverse("admin:aijobs_job_export"), query)
            assert (response.status_code, response.content.decode()) == (400, said)
            assert not LogEntry.objects.exists()


def pressed(client: Client, job_id: object, name: str) -> str:
    """What the page of a job sends when its button of this name is pressed, and the page that follows."""
    page = client.get(f"{LIST}{job_id}/change/").content.decode()
    chosen = re.search(r'name="_selected_action" value="([^"]+)"', page)
    button = re.search(rf'name="action" value="(\w+)"[^>]* formaction="([^"]+)">{name}<', page)
    assert chosen is not None
    assert button is not None
    data = {"_selected_action": chosen[1], "action": button[1]}
    return str(client.post(html.unescape(button[2]), data, follow=True).content.decode())


@pytest.mark.parametrize("days_ago", [0, 30])
def test_buttons_of_a_page_do_what_the_list_does(admin_client: Client, tenant: Tenant, days_ago: int) -> None:
    """Also with a job that is older than what the list shows unless it is asked."""
    [job_id] = engine.dispatch(tenant)
    old = identifiers.first_id_at(now() - timedelta(days=days_ago))
    Job.objects.filter(id=job_id).update(id=old)
    assert "for 1 of the selected jobs" in pressed(admin_client, old, "Set the priority to high")
    assert Job.objects.get(id=old).lane == Priority.HIGH
    assert "The service cancelled or asked to stop 1 of the selected jobs." in pressed(admin_client, old, "Cancel")
    assert "The service retried 1 of the selected jobs." in pressed(admin_client, old, "Retry")
    assert Job.objects.get(retry_of=old).status == "queued"


def test_who_may_only_look_has_no_buttons(tenant: Tenant) -> None:
    [job_id] = engine.dispatch(tenant)
    user = User.objects.create_user("support", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename="view_job"))
    client = Client()
    client.force_login(user)
    assert "formaction" not in client.get(f"{LIST}{job_id}/change/").content.decode()
