"""What each group of staff may open and do: all pages, all actions, one table."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import PeriodicTask

from aijobs import bulk
from aijobs.filtering import JobFilter
from aijobs.models import ApiKey, Batch, BulkAction, Job, Schedule, Tenant, Webhook, WebhookDelivery
from aijobs.states import BulkKind
from aijobs.webhooks import endpoints, replaying
from aijobs.webhooks.endpoints import Definition
from config import groups
from tests import engine
from tests.factories import TenantFactory, key_for
from workers.assistants.models import Budget
from workers.assistants.models import Connection as Assistant
from workers.catalogue.models import Product, PseudonymKey
from workers.changes.models import ListingPolicy, RepricingPolicy
from workers.marketplaces.models import Connection as Marketplace

pytestmark = pytest.mark.django_db

NOBODY, SUPPORT, OPERATOR, OWNER = "nobody", "support", "operator", "owner"
STAFF = [NOBODY, SUPPORT, OPERATOR, OWNER]
ALL, ACT, OWN, NONE = {SUPPORT, OPERATOR, OWNER}, {OPERATOR, OWNER}, {OWNER}, set[str]()


def member(group: str) -> Client:
    """A browser of staff in this group."""
    user, _ = User.objects.get_or_create(username=f"of-{group}", is_staff=True)
    user.groups.set(Group.objects.filter(name=group))
    client = Client()
    client.force_login(user)
    return client


def address(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


# Who may see a list, add a row, change one, delete one.
PAGES: dict[type[Model], tuple[set[str], set[str], set[str], set[str]]] = {
    Tenant: (ALL, OWN, OWN, NONE),
    ApiKey: (ALL, OWN, OWN, NONE),
    Marketplace: (ALL, OWN, OWN, NONE),
    Assistant: (ALL, OWN, OWN, OWN),
    Budget: (ALL, OWN, OWN, OWN),
    RepricingPolicy: (ALL, OWN, OWN, OWN),
    ListingPolicy: (ALL, OWN, OWN, OWN),
    Product: (ALL, NONE, OWN, NONE),
    BulkAction: (ALL, ACT, NONE, NONE),
    Schedule: (ALL, ACT, ACT, NONE),
    LogEntry: (ALL, NONE, NONE, NONE),
    PeriodicTask: (ALL, NONE, NONE, NONE),
    User: (ACT, NONE, NONE, NONE),
    Group: (NONE, NONE, NONE, NONE),
}
READ_ONLY = (ALL, NONE, NONE, NONE)
MODELS: list[type[Model]] = sorted(admin.site._registry, key=lambda each: str(each._meta.label))


@pytest.mark.parametrize("group", STAFF)
def test_pages(group: str) -> None:
    """Every registered model is in the table, or nobody changes it here."""
    client = member(group)
    request: Any = client.get(reverse("admin:index")).wsgi_request
    for model in MODELS:
        of_model = admin.site._registry[model]
        seen, added, changed, deleted = PAGES.get(model, READ_ONLY)
        assert of_model.has_view_or_change_permission(request) == (group in seen), model
        assert of_model.has_add_permission(request) == (group in added), model
        assert of_model.has_change_permission(request) == (group in changed), model
        assert of_model.has_delete_permission(request) == (group in deleted), model
        # A page is asked for by the least of those who may see it, and by the most of those who may not.
        for page, allowed in (("changelist", seen), ("add", added)):
            if _is_at_the_border(group, allowed):
                assert (client.get(address(model, page)).status_code == 200) == (group in allowed), (model, page)


def _is_at_the_border(group: str, allowed: set[str]) -> bool:
    """Of those who may, among STAFF, in which each may what the one before may."""
    least = next((place for place, each in enumerate(STAFF) if each in allowed), len(STAFF))
    return STAFF.index(group) in (least - 1, least)


@dataclass
class Rows:
    tenant: Tenant
    job: Job
    ended: Job
    batch: Batch
    key: ApiKey
    bulk: BulkAction
    webhook: Webhook
    delivery: WebhookDelivery


@pytest.fixture
def rows() -> Rows:
    tenant: Tenant = TenantFactory(name="shop")
    [queued, ended] = engine.dispatch(tenant, 2)
    engine.complete(engine.start(ended), {"label": "x"})
    batch_id, _ = engine.dispatch_batch(tenant, 1)
    action = bulk.request(BulkKind.CANCEL, tenant.pk, JobFilter(priority="low"), "anna")
    wanted = Definition("https://shop.example.com/", ["job.completed"], "", enabled=True)
    webhook = endpoints.create(tenant.pk, wanted, "https://jobs.example.com").webhook
    delivery = replaying.ping(webhook.pk, tenant.pk)
    WebhookDelivery.objects.update(status="delivered")
    return Rows(
        tenant,
        Job.objects.get(id=queued),
        Job.objects.get(id=ended),
        Batch.objects.get(id=batch_id),
        key_for(tenant)[0],
        action,
        webhook,
        delivery,
    )


def choose(client: Client, action: str, row: Model) -> Any:
    data = {"action": action, "_selected_action": [str(row.pk)]}
    return client.post(address(type(row), "changelist"), data)


def is_cancelled(rows: Rows) -> bool:
    return Job.objects.get(id=rows.job.id).status == "cancelled"


def begin(kind: str, rows: Rows, client: Client) -> Any:
    query = f"?action={kind}&tenant=shop&priority=normal&to=high"
    return client.post(address(BulkAction, "add") + query)


def was_asked(kind: BulkKind) -> Callable[[Rows], bool]:
    return lambda rows: BulkAction.objects.filter(action=kind, filter__priority="normal").exists()


# What is done, by what it is seen that it was, and by whom it may be.
Done = tuple[Callable[[Rows, Client], Any], Callable[[Rows], bool], set[str]]
ACTIONS: dict[str, Done] = {
    "cancel": (lambda rows, client: choose(client, "cancel_queued", rows.job), is_cancelled, ACT),
    "retry": (
        lambda rows, client: choose(client, "retry_ended", rows.ended),
        lambda rows: Job.objects.filter(retry_of=rows.ended).exists(),
        ACT,
    ),
    **{
        f"priority {name}": (
            lambda rows, client, name=name: choose(client, f"set_{name}", rows.job),  # type: ignore[misc]
            lambda rows: LogEntry.objects.filter(change_message__startswith="Set the priority").exists(),
            ACT,
        )
        for name in ("high", "normal", "low")
    },
    "cancel a batch": (
        lambda rows, client: choose(client, "cancel_queued", rows.batch),
        lambda rows: Batch.objects.filter(id=rows.batch.id, cancelled_at__isnull=False).exists(),
        ACT,
    ),
    **{
        f"export {form}": (
            lambda rows, client, form=form: client.get(f"{reverse('admin:aijobs_job_export')}?format={form}"),  # type: ignore[misc]
            lambda rows: LogEntry.objects.filter(change_message__startswith="Exported").exists(),
            ACT,
        )
        for form in ("csv", "ndjson")
    },
    **{
        f"{kind.label} in bulk": (
            lambda rows, client, kind=kind: begin(kind.value, rows, client),  # type: ignore[misc]
            was_asked(kind),
            OWN if kind == BulkKind.DELETE_RESULT else ACT,
        )
        for kind in BulkKind
    },
    "stop": (
        lambda rows, client: client.post(reverse("admin:aijobs_bulkaction_stop", args=[rows.bulk.pk])),
        lambda rows: BulkAction.objects.get(id=rows.bulk.id).state == "stopped",
        ACT,
    ),
    "resume a webhook": (
        lambda rows, client: choose(client, "resume_webhooks", rows.webhook),
        lambda rows: LogEntry.objects.filter(change_message="Resumed.").exists(),
        ACT,
    ),
    "disable a webhook": (
        lambda rows, client: choose(client, "disable_webhooks", rows.webhook),
        lambda rows: not Webhook.objects.get(pk=rows.webhook.pk).enabled,
        ACT,
    ),
    "enable a webhook": (
        lambda rows, client: choose(client, "enable_webhooks", rows.webhook),
        lambda rows: LogEntry.objects.filter(change_message="Enabled.").exists(),
        ACT,
    ),
    "ping a webhook": (
        lambda rows, client: choose(client, "ping_webhooks", rows.webhook),
        lambda rows: rows.webhook.deliveries.filter(status="pending").exists(),
        ACT,
    ),
    "replay a delivery": (
        lambda rows, client: choose(client, "replay_deliveries", rows.delivery),
        lambda rows: WebhookDelivery.objects.filter(replay_of=rows.delivery.pk).exists(),
        ACT,
    ),
    "suspend a tenant": (
        lambda rows, client: choose(client, "suspend", rows.tenant),
        lambda rows: Tenant.objects.get(pk=rows.tenant.pk).suspended_at is not None,
        OWN,
    ),
    "revoke a key": (
        lambda rows, client: choose(client, "revoke", rows.key),
        lambda rows: ApiKey.objects.get(pk=rows.key.pk).revoked_at is not None,
        OWN,
    ),
    "create a tenant": (
        lambda rows, client: client.post(address(Tenant, "add"), {"name": "other", "timezone": "UTC"}),
        lambda rows: Tenant.objects.filter(name="other").exists(),
        OWN,
    ),
    "create a key": (
        lambda rows, client: client.post(
            address(ApiKey, "add"), {"label": "l", "scopes": ["ai-jobs:read"], "tenants": [rows.tenant.pk]}
        ),
        lambda rows: ApiKey.objects.filter(label="l").exists(),
        OWN,
    ),
}


@pytest.mark.parametrize("group", STAFF)
def test_actions(group: str, rows: Rows) -> None:
    client = member(group)
    wrong = []
    for action, (do, is_done, allowed) in ACTIONS.items():
        with transaction.atomic():
            do(rows, client)
            if is_done(rows) != (group in allowed):
                wrong.append(action)
            transaction.set_rollback(True)
    assert wrong == []


def test_every_action_of_the_lists_is_in_the_table() -> None:
    known = {
        *("cancel_queued", "retry_ended", "set_high", "set_normal", "set_low", "export_csv", "export_ndjson"),
        # Like "suspend a tenant". What tests a connection needs what changes one.
        *("suspend", "resume", "revoke", "test"),
        # What is in the table for one webhook, and its like.
        *("resume_webhooks", "enable_webhooks", "disable_webhooks", "ping_webhooks", "replay_deliveries"),
        # See tests/config/test_logins.py.
        "let_in",
    }
    offered = {name for each in admin.site._registry.values() for name in each.actions or ()}
    assert offered == known


@pytest.mark.parametrize("group", STAFF)
def test_what_may_not_be_done_is_not_offered(group: str, rows: Rows) -> None:
    client = member(group)
    page = client.get(address(Job, "changelist")).content.decode()
    offered = set(re.findall(r'<option value="(\w+)"', page))
    assert offered.isdisjoint({"delete_selected"})
    assert ({"cancel_queued", "retry_ended", "export_csv"} <= offered) == (group in ACT)
    assert ("Act on all of these jobs" in page) == (group in ACT)


def test_nobody_sees_secrets() -> None:
    """Hashes of keys, sealed credentials, what pseudonyms are made of."""
    tenant: Tenant = TenantFactory()
    key, secret = key_for(tenant)
    client = member(OWNER)
    page = client.get(address(ApiKey, "change", key.pk)).content.decode()
    assert key.key_hash not in page
    assert secret not in page
    assert PseudonymKey not in admin.site._registry


def test_every_permission_of_the_table_exists() -> None:
    known = {
        f"{label}.{name}" for label, name in Permission.objects.values_list("content_type__app_label", "codename")
    }
    wanted = {*groups.SEEN_TOO, *(each for those in groups.GROUPS.values() for each in those)}
    assert wanted <= known


def test_nobody_in_a_group_can_make_themselves_more() -> None:
    """Who may change an account, a group or a permission may do everything."""
    codenames = set(Group.objects.get(name=OWNER).permissions.values_list("content_type__app_label", "codename"))
    assert {name for label, name in codenames if label in ("auth", "sessions", "contenttypes")} == {
        "view_user",
        "let_in_user",
    }


def test_the_migration_makes_the_groups() -> None:
    """Of the models as they are at that time, before Django itself has made any permission."""
    Group.objects.all().delete()
    Permission.objects.all().delete()
    executor = MigrationExecutor(connection)
    state = executor.loader.project_state([("config", "0001_groups")])
    groups.create(state.apps)
    assert set(Group.objects.values_list("name", flat=True)) == {SUPPORT, OPERATOR, OWNER}
    owner = Group.objects.get(name=OWNER)
    assert owner.permissions.filter(codename="delete_job_result").exists()
    assert owner.permissions.filter(content_type__app_label="catalogue", codename="view_review").exists()
