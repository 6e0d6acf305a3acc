"""What staff did: an entry for every action, without secrets, to be found and not to be changed."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client

from aijobs import identifiers
from aijobs.admin.base import NewestRows
from aijobs.models import ApiKey, Tenant
from tests import engine
from tests.factories import TenantFactory, key_for
from workers.marketplaces.models import Connection

pytestmark = pytest.mark.django_db

LOG = "/admin/admin/logentry/"
SECRET = "very-secret-token-7"


@pytest.fixture
def tenant() -> Tenant:
    tenant: Tenant = TenantFactory(name="shop")
    return tenant


def act(client: Client, path: str, action: str, *keys: object) -> None:
    client.post(path, {"action": action, "_selected_action": [str(key) for key in keys]})


def told() -> list[tuple[str, str, str]]:
    entries = LogEntry.objects.order_by("pk").select_related("user", "content_type")
    return [(each.user.get_username(), each.object_repr, each.get_change_message()) for each in entries]


def test_tenants(admin_client: Client) -> None:
    admin_client.post("/admin/aijobs/tenant/add/", {"name": "shop", "timezone": "UTC"})
    tenant = Tenant.objects.get()
    path = f"/admin/aijobs/tenant/{tenant.pk}/change/"
    admin_client.post(path, {"timezone": "Europe/Berlin", "queue_limit": "7"})
    for action in ("suspend", "suspend", "resume"):
        act(admin_client, "/admin/aijobs/tenant/", action, tenant.pk)
    assert told() == [
        ("admin", "shop", "Added."),
        ("admin", "shop", "Changed Timezone and Queue limit."),
        ("admin", "shop", "Suspended."),
        ("admin", "shop", "Resumed."),
    ]


def test_keys_without_their_secret(admin_client: Client, tenant: Tenant) -> None:
    form = {"label": "back end", "scopes": ["ai-jobs:read"], "tenants": [tenant.pk]}
    shown = admin_client.post("/admin/aijobs/apikey/add/", form).content.decode()
    key = ApiKey.objects.get()
    secret = shown.partition("<code>")[2].partition("</code>")[0]
    assert secret.startswith(key.prefix)
    act(admin_client, "/admin/aijobs/apikey/", "revoke", key.pk)
    assert told() == [("admin", f"{key.prefix}…", "Added."), ("admin", f"{key.prefix}…", "Revoked.")]
    assert not any(secret in text or key.key_hash in text for entry in told() for text in entry)


def test_connections_without_their_credentials(admin_client: Client, tenant: Tenant) -> None:
    form = {"tenant": tenant.pk, "name": "my_shop", "connector": "catalogue", "settings": "{}", "credentials": "{}"}
    admin_client.post("/admin/marketplaces/connection/add/", form)
    connection = Connection.objects.get()
    wrong = {**form, "credentials": f'{{"token": "{SECRET}"}}'}
    admin_client.post(f"/admin/marketplaces/connection/{connection.pk}/change/", wrong)
    act(admin_client, "/admin/marketplaces/connection/", "test", connection.pk)
    assert told()[0][2] == "Added."
    assert told()[-1][2] == "Tested."
    assert SECRET not in str(told())


def test_what_is_done_to_many_has_an_entry_for_each(admin_client: Client, tenant: Tenant) -> None:
    ids = engine.dispatch(tenant, 3)
    act(admin_client, "/admin/aijobs/job/", "cancel_queued", *ids)
    assert {row for _, row, _ in told()} == {identifiers.encode("job_", each) for each in ids}


def found(client: Client, **query: str) -> list[str]:
    response = client.get(LOG, query)
    assert response.status_code == 200
    return [each.object_repr for each in response.context["cl"].result_list]


def test_it_is_searched(admin_client: Client, tenant: Tenant) -> None:
    act(admin_client, "/admin/aijobs/tenant/", "suspend", tenant.pk)
    other = Client()
    other.force_login(User.objects.create_superuser("anna"))
    [job_id] = engine.dispatch(TenantFactory())
    act(other, "/admin/aijobs/job/", "cancel_queued", job_id)
    job = LogEntry.objects.get(object_id=str(job_id)).object_repr
    assert found(admin_client) == [job, "shop"]
    assert found(admin_client, q=job) == found(admin_client, q="anna") == found(admin_client, user="anna") == [job]
    assert found(admin_client, q="suspended") == found(admin_client, q="SHOP") == ["shop"]
    assert found(admin_client, q="nothing") == found(admin_client, user="nobody") == []
    assert found(admin_client, action_flag__exact="2") == [job, "shop"]


def test_a_search_looks_through_the_newest_entries(
    admin_client: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(NewestRows, "most_rows", 2)
    for action in ("suspend", "resume", "suspend", "resume"):
        act(admin_client, "/admin/aijobs/tenant/", action, tenant.pk)
    assert len(found(admin_client, q="shop")) == 3
    assert len(found(admin_client)) == 4


def test_nobody_changes_it(admin_client: Client, tenant: Tenant) -> None:
    act(admin_client, "/admin/aijobs/tenant/", "suspend", tenant.pk)
    entry = LogEntry.objects.get()
    for path in (f"{LOG}{entry.pk}/change/", f"{LOG}{entry.pk}/delete/", f"{LOG}add/"):
        response: Any = admin_client.post(path, {"change_message": "", "post": "yes"})
        assert response.status_code == 403
    act(admin_client, LOG, "delete_selected", entry.pk)
    assert LogEntry.objects.get().change_message == "Suspended."
    assert admin_client.get(f"{LOG}{entry.pk}/change/").status_code == 200


def test_a_message_is_text_and_never_markup(admin_client: Client, tenant: Tenant) -> None:
    key, _ = key_for(tenant)
    act(admin_client, "/admin/aijobs/apikey/", "revoke", key.pk)
    LogEntry.objects.update(change_message="<script>alert(1)</script>", object_repr="<b>")
    page = admin_client.get(LOG).content.decode()
    assert "<script>alert" not in page
    assert "<b>" not in page
