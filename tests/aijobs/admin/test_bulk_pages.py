"""The pages of an action on all jobs that match: counted before, begun once, watched, stopped."""

import html
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from aijobs import bulk
from aijobs.filtering import JobFilter
from aijobs.models import BulkAction, Job, Tenant
from aijobs.states import BulkKind, Priority
from tests import engine
from tests.factories import TenantFactory

pytestmark = pytest.mark.django_db

ADD = "/admin/aijobs/bulkaction/add/"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory(name="shop")
    return tenant


def page(response: Any) -> str:
    assert response.status_code == 200
    return str(response.content.decode())


def change(action: BulkAction) -> str:
    return reverse("admin:aijobs_bulkaction_change", args=[action.pk])


def test_how_many_match_is_said_before_anything_is_done(admin_client: Client, tenant: Tenant) -> None:
    ids = engine.dispatch(tenant, 3)
    engine.dispatch(TenantFactory())
    shown = page(admin_client.get(ADD, {"action": "cancel", "tenant": "shop", "type": "test_probe"}))
    assert "<strong>3 jobs match</strong>: tenant shop, type test_probe, status queued or running." in shown
    assert 'value="Begin"' in shown
    assert engine.statuses(ids) == ["queued"] * 3
    assert not BulkAction.objects.exists()


def test_a_post_begins_what_was_counted(admin_client: Client, tenant: Tenant) -> None:
    ids = engine.dispatch(tenant, 3)
    query = "?action=set_priority&to=high&tenant=shop&type=test_probe&type=test_hasty&start_date=2026-01-02 03:04"
    response = admin_client.post(ADD + query)
    action = BulkAction.objects.get()
    assert response["Location"] == change(action)
    assert (action.action, action.priority, action.tenant, action.expected) == ("set_priority", 2, tenant, 3)
    assert action.filter == {
        "type": ["test_probe", "test_hasty"],
        "status": ["queued"],
        "start_date": "2026-01-02T03:04:00Z",
    }
    assert action.requested_by == "admin"
    Job.objects.filter(id__in=ids).update(lane=Priority.LOW)
    entry = LogEntry.objects.get()
    assert entry.object_id == str(action.pk)
    assert "set priority to high" in entry.get_change_message()


def test_a_double_click_begins_it_once(admin_client: Client, tenant: Tenant) -> None:
    engine.dispatch(tenant, 2)
    address = f"{ADD}?action=cancel&status=queued"
    token = page(admin_client.get(address)).partition('name="once" value="')[2].partition('"')[0]
    again = "You have begun this action already, so it was not begun again."
    first = admin_client.post(address, {"once": token})["Location"]
    assert again not in page(admin_client.get(first))
    # As after Back, too.
    second = admin_client.post(address, {"once": token})["Location"]
    assert first == second == change(BulkAction.objects.get())
    assert again in page(admin_client.get(second))
    assert LogEntry.objects.count() == 1
    other = page(admin_client.get(address)).partition('name="once" value="')[2].partition('"')[0]
    assert admin_client.post(address, {"once": other})["Location"] != first
    # What is none of ours is another one each time.
    assert len({admin_client.post(address, {"once": "x"})["Location"] for _ in range(2)}) == 2


REFUSED = [
    ({"action": "cancel"}, "The filter is empty, so it would match every job, or every job of the tenant."),
    ({"action": "cancel", "tenant": "shop"}, "or every job of the tenant. Name a status, a type,"),
    ({"action": "cancel", "tenant": "nobody", "status": "queued"}, "There is no tenant with the name nobody."),
    (
        {"action": "cancel", "status": "failed"},
        "The filter names failed jobs, and this action is only for queued and running",
    ),
    ({"action": "cancel", "status": "asleep"}, "asleep is not one of the available choices."),
    ({"action": "cancel", "batch_id": "batch_1"}, "Enter a valid value."),
    ({"action": "cancel", "error_code": MARKUP, "tenant": MARKUP}, "There is no tenant with the name &lt;script"),
    ({"action": "cancel", "start_date": "yesterday"}, "Enter a valid date/time."),
    ({"action": "explode", "status": "queued"}, "explode is not one of the available choices."),
]


@pytest.mark.parametrize("method", ["get", "post"])
def test_what_cannot_be_done_is_refused_in_words(
    admin_client: Client, tenant: Tenant, method: str, subtests: pytest.Subtests
) -> None:
    client: Any = admin_client
    for query, said in REFUSED:
        with subtests.test(query=query):
            text = page(client.get(ADD, query) if method == "get" else client.post(ADD, query_params=query))
            assert said in text
            assert MARKUP not in text
            assert 'value="Begin"' not in text
            assert not BulkAction.objects.exists()


def test_where_nothing_matches_nothing_begins(admin_client: Client, tenant: Tenant) -> None:
    shown = page(admin_client.get(ADD, {"action": "retry", "status": "failed"}))
    assert "0 jobs match" in shown
    assert 'value="Begin"' not in shown


def test_many_are_more_than_a_bound(admin_client: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_COUNTED", 2)
    engine.dispatch(tenant, 4)
    assert "More than 2 jobs match" in page(admin_client.get(ADD, {"action": "cancel", "status": "queued"}))


def test_what_a_list_was_narrowed_by_is_filled_in(admin_client: Client) -> None:
    shown = page(admin_client.get(ADD, {"tenant": "shop", "status": "failed,cancelled"}))
    assert 'value="shop"' in shown
    assert shown.count("checked") == 2
    assert "errorlist" not in shown


def asked(tenant: Tenant) -> BulkAction:
    return bulk.request(BulkKind.CANCEL, tenant.pk, JobFilter(type=["test_probe"]), MARKUP)


def test_its_page_shows_the_progress_and_looks_again_while_it_runs(admin_client: Client, tenant: Tenant) -> None:
    engine.dispatch(tenant, 2)
    action = asked(tenant)
    BulkAction.objects.filter(pk=action.pk).update(
        done=1234, refused={"JOB_NOT_CANCELLABLE": 5}, cursor=action.until, message="It waits."
    )
    shown = page(admin_client.get(change(action)))
    assert MARKUP not in shown
    assert "1,234 done, 5 refused, all jobs created until " in shown
    assert "JOB_NOT_CANCELLABLE: 5" in shown
    assert "2 jobs match" in shown
    assert "refreshing.js" in shown
    assert "data-runs" in shown
    assert 'value="Stop"' in shown
    bulk.stop(action.pk, "anna")
    shown = page(admin_client.get(change(action)))
    assert "refreshing.js" not in shown
    assert 'value="Stop"' not in shown


def test_it_is_stopped(admin_client: Client, tenant: Tenant) -> None:
    action = asked(tenant)
    stop = reverse("admin:aijobs_bulkaction_stop", args=[action.pk])
    assert admin_client.get(stop).status_code == 405
    shown = page(admin_client.post(stop, follow=True))
    assert "The service stopped it. What was done stays done." in shown
    action.refresh_from_db()
    assert (action.state, action.stopped_by) == ("stopped", "admin")
    assert LogEntry.objects.get().change_message == "Stopped."
    assert "It was over already." in page(admin_client.post(stop, follow=True))


def test_it_is_found_by_its_id_tenant_and_state(admin_client: Client, tenant: Tenant) -> None:
    action, other = asked(tenant), asked(TenantFactory())
    bulk.stop(other.pk, "anna")

    def found(**query: str) -> set[Any]:
        response = admin_client.get("/admin/aijobs/bulkaction/", query)
        return {row.pk for row in response.context["cl"].result_list}

    assert found() == {action.pk, other.pk}
    assert found(q=action.public_id) == found(tenant="shop") == found(state__exact="running") == {action.pk}
    assert found(q="bulk_nonsense") == set()


@pytest.mark.parametrize("path", [f"{ADD}?action=cancel&status=queued", "/admin/aijobs/bulkaction/"])
def test_pages_have_nothing_that_the_policy_forbids(admin_client: Client, path: str) -> None:
    shown = page(admin_client.get(path))
    assert " style=" not in shown
    assert " onclick=" not in shown


def test_from_the_list_to_the_count(admin_client: Client, tenant: Tenant) -> None:
    """With the time that the list shows, as its link says it."""
    engine.dispatch(tenant, 2)
    listed = page(admin_client.get("/admin/aijobs/job/?tenant=shop"))
    address = "?" + html.unescape(listed.partition(f'<a href="{ADD}?')[2].partition('"')[0])
    filled_in = page(admin_client.get(ADD + address))
    assert 'value="shop"' in filled_in
    assert "<strong>2 jobs match</strong>: tenant shop, status queued or running, start date " in page(
        admin_client.get(f"{ADD}{address}&action=cancel")
    )
