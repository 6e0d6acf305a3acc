"""The admin: every page opens, the lifecycle's rows cannot be written, and actions do what the API does."""

import json
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.contrib.sessions.models import Session
from django.db import IntegrityError
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from aijobs import auth, bulk, identifiers
from aijobs.engine import lifecycle
from aijobs.errors import TenantSuspended, Unauthenticated
from aijobs.filtering import JobFilter
from aijobs.models import (
    ApiKey,
    Batch,
    BulkAction,
    DayUsage,
    IdempotencyKey,
    Job,
    JobEvent,
    QueueStatistics,
    Schedule,
    Tenant,
    TenantCapacity,
    Webhook,
    WebhookDelivery,
    Worker,
)
from aijobs.states import BulkKind, DeliveryStatus
from aijobs.webhooks import endpoints
from aijobs.webhooks.endpoints import Definition
from tests import engine
from tests.factories import DayUsageFactory, ScheduleFactory, TenantFactory, key_for

MODELS = [
    Tenant,
    TenantCapacity,
    ApiKey,
    Batch,
    BulkAction,
    DayUsage,
    Job,
    JobEvent,
    IdempotencyKey,
    QueueStatistics,
    Schedule,
    Webhook,
    WebhookDelivery,
    Worker,
]
READ_ONLY = [TenantCapacity, Batch, DayUsage, Job, JobEvent, IdempotencyKey, QueueStatistics, WebhookDelivery, Worker]
KEPT = [*READ_ONLY, BulkAction, Schedule, Tenant, ApiKey]
MARKUP = "<script>alert(1)</script>"


def address(model: type[Model], page: str, *arguments: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=arguments)


def act(client: Client, model: type[Model], action: str, *keys: object) -> Any:
    """Choose rows in the list and run an action on them; the page that follows."""
    data = {"action": action, "_selected_action": [str(key) for key in keys]}
    return client.post(address(model, "changelist"), data, follow=True)


def staff(*permissions: str) -> Client:
    """A browser signed in as somebody who may do just this."""
    user = User.objects.create_user("staff", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def tenant(db: None) -> Tenant:
    tenant: Tenant = TenantFactory()
    return tenant


@pytest.fixture
def rows(tenant: Tenant) -> dict[type[Model], Model]:
    """One row of every model, the job one that has run."""
    batch_id, (job_id, _) = engine.dispatch_batch(tenant, 2)
    engine.complete(engine.start(job_id), {"label": MARKUP})
    endpoints.create(
        tenant.pk, Definition("https://shop.example.com/", ["job.failed"], MARKUP, True), "https://jobs.example.com"
    )
    webhook = Webhook.objects.get()
    return {
        Tenant: tenant,
        TenantCapacity: TenantCapacity.objects.get(tenant=tenant),
        ApiKey: key_for(tenant, label="back end")[0],
        Batch: Batch.objects.get(id=batch_id),
        BulkAction: bulk.request(BulkKind.RETRY, tenant.pk, JobFilter(error_code=MARKUP), MARKUP),
        DayUsage: DayUsageFactory(tenant=tenant, type=MARKUP),
        Job: Job.objects.get(id=job_id),
        JobEvent: JobEvent.objects.get(job_id=job_id, seq=1),
        IdempotencyKey: IdempotencyKey.objects.create(
            tenant=tenant,
            key="order-1",
            fingerprint=bytes(32),
            answer=json.dumps({"note": MARKUP}),
            created_at=now(),
        ),
        QueueStatistics: QueueStatistics.objects.create(
            refreshed_at=now(), active=1, depths={"0": 1}, drain_rate=0.5, medians={}
        ),
        Webhook: webhook,
        WebhookDelivery: WebhookDelivery.objects.create(
            id=identifiers.new_id(),
            webhook=webhook,
            tenant=tenant,
            type="job.failed",
            event_id="evt_1",
            body=json.dumps({"note": MARKUP}),
            status=DeliveryStatus.DELIVERED,
            due_at=now(),
            response_body=MARKUP,
        ),
        Worker: Worker.objects.create(id="jobs-1:7:a1b2", name="worker@jobs-1", places=4, version="0.1.0"),
        Schedule: ScheduleFactory(tenant=tenant, name=MARKUP),
    }


def test_all_models_of_the_app_are_registered() -> None:
    registered = {model for model in admin.site._registry if model._meta.app_label == "aijobs"}
    assert registered == set(MODELS)


# Else who may look at keys could find out a hash, a beginning at a time.
OF_KEYS = ("key_hash__startswith", "key_hash", "tenants__name__startswith", "nothing")
# Also of lists of Django and of other packages; and what nobody can have clicked.
NOT_OFFERED: list[tuple[type[Model], str, str]] = [
    *((ApiKey, lookup, "a") for lookup in OF_KEYS),
    *((model, f"{model._meta.pk.name}__gt", "0") for model in admin.site._registry),
    (Job, "status__exact", "\0"),
    (Job, "type", "\0"),
    (PeriodicTask, "enabled__exact", "\0"),
    (Job, "status__gte", "q"),
    (User, "groups__gte", "1"),
    (PeriodicTask, "task__gte", "a"),
]
OFFERED: list[tuple[type[Model], str, str]] = [
    (User, "is_staff__exact", "1"),
    (User, "groups__id__exact", "1"),
    (PeriodicTask, "enabled__exact", "1"),
    *((Job, lookup, "0") for lookup in ("status__exact", "priority__exact", "type", "q")),
]


def test_every_list_is_filtered_by_what_it_offers_only(admin_client: Client) -> None:
    for cases, status in ((NOT_OFFERED, 400), (OFFERED, 200)):
        answers = {case: admin_client.get(address(case[0], "changelist"), {case[1]: case[2]}) for case in cases}
        assert [case for case, answer in answers.items() if answer.status_code != status] == []


def test_usage_is_found_by_tenant_day_and_type(admin_client: Client) -> None:
    shop = TenantFactory(name="shop")
    of_shop, other_day = DayUsageFactory(tenant=shop), DayUsageFactory(tenant=shop, day=date(2026, 3, 13))
    hasty, failed = DayUsageFactory(type="test_hasty"), DayUsageFactory(end="failed", running_seconds=250)

    def found(**query: str) -> set[Any]:
        response = admin_client.get(address(DayUsage, "changelist"), query)
        return set(response.context["cl"].result_list)

    assert found() == {of_shop, other_day, hasty, failed}
    assert found(tenant="shop") == {of_shop, other_day}
    assert found(tenant="shop", day="2026-03-13") == {other_day}
    assert found(day="2026-03-12", type="test_hasty") == {hasty}
    assert found(end__exact="failed") == {failed}
    assert found(day="2026-02-30") == found(day="yesterday") == set()
    assert "4 min 10 s" in admin_client.get(address(DayUsage, "changelist")).content.decode()


def test_admin_without_a_slash_leads_to_it(admin_client: Client) -> None:
    response = admin_client.get("/admin", follow=True)
    assert response.redirect_chain == [("/admin/", 301)]
    assert response.status_code == 200


def test_list_and_detail_open(
    admin_client: Client, rows: dict[type[Model], Model], subtests: pytest.Subtests
) -> None:
    for model in MODELS:
        for page in (address(model, "changelist"), address(model, "change", rows[model].pk)):
            with subtests.test(page=page):
                response = admin_client.get(page)
                assert response.status_code == 200
                assert MARKUP not in response.content.decode()


def test_rows_of_the_lifecycle_cannot_be_changed(
    admin_client: Client, rows: dict[type[Model], Model], subtests: pytest.Subtests
) -> None:
    for model in READ_ONLY:
        with subtests.test(model=model.__name__):
            before = model._default_manager.filter(pk=rows[model].pk).values().get()
            change = admin_client.post(address(model, "change", rows[model].pk), {"status": "failed"})
            assert change.status_code == 403
            assert admin_client.post(address(model, "add"), {}).status_code == 403
            assert model._default_manager.filter(pk=rows[model].pk).values().get() == before


def test_nothing_is_deleted(admin_client: Client, rows: dict[type[Model], Model], subtests: pytest.Subtests) -> None:
    for model in KEPT:
        with subtests.test(model=model.__name__):
            assert admin_client.post(address(model, "delete", rows[model].pk), {"post": "yes"}).status_code == 403
            act(admin_client, model, "delete_selected", rows[model].pk)
            assert model._default_manager.filter(pk=rows[model].pk).exists()


def test_a_job_shows_its_params_result_and_events_in_order(
    admin_client: Client, rows: dict[type[Model], Model]
) -> None:
    page = admin_client.get(address(Job, "change", rows[Job].pk)).content.decode()
    assert "&quot;label&quot;: &quot;&lt;script&gt;alert(1)&lt;/script&gt;&quot;" in page
    assert re.findall(r'<td class="number">\d</td><td>(\w+)</td>', page) == ["Queued", "Started", "Completed"]


@pytest.mark.parametrize("page", ["login", "index", "password_change"])
def test_the_admin_has_its_own_name(client: Client, admin_client: Client, page: str) -> None:
    shown = (client if page == "login" else admin_client).get(reverse(f"admin:{page}")).content.decode()
    assert "AI Jobs administration" in shown
    assert "Django" not in shown


def test_a_job_shows_its_result_as_a_table(
    admin_client: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    [job_id] = engine.dispatch(tenant, params={"skus": ["A", "B"]})
    rows = [{"sku": f"SKU-{number}", "note": MARKUP} for number in range(150)]
    engine.complete(engine.start(job_id), {"processed_count": 150, "recommendations": rows, "skipped": []})
    # Session, user, the job, its tenant, its params and result, its events, its retries, what it changed.
    with django_assert_max_num_queries(10):
        page = admin_client.get(address(Job, "change", job_id)).content.decode()
    assert "recommendations (150)" in page
    assert "<td>SKU-99</td>" in page
    assert "<td>SKU-100</td>" not in page
    assert "These are the first 100 of 150 rows." in page
    assert "<td>A, B</td>" in page
    assert MARKUP not in page
    assert "SKU-149" in page.partition("<details>")[2]


def test_lists_do_not_read_what_may_have_megabytes(
    admin_client: Client, rows: dict[type[Model], Model], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(35) as captured:
        admin_client.get(address(Job, "changelist"))
        for model in (Job, Batch):
            admin_client.get(address(model, "change", rows[model].pk))
    loading = [
        query["sql"] for query in captured if re.search(r'"aijobs_job"."(params|result)"\)?::text', query["sql"])
    ]
    assert all("LEFT(" in sql for sql in loading)


def test_jobs_are_listed_in_a_bounded_number_of_queries(
    admin_client: Client, tenant: Tenant, django_assert_max_num_queries: Any
) -> None:
    engine.dispatch(tenant, 30)
    # Session, user, rows, and what the sweeper measured. What explains them is two more, whatever their number.
    with django_assert_max_num_queries(4) as captured:
        assert admin_client.get(address(Job, "changelist")).status_code == 200
    assert not [query["sql"] for query in captured if "COUNT(" in query["sql"]]


def test_jobs_are_found_by_public_id_by_tenant_and_by_filters(admin_client: Client, tenant: Tenant) -> None:
    (wanted,) = engine.dispatch(tenant)
    engine.dispatch(TenantFactory())
    public_id = identifiers.encode(identifiers.JOB_PREFIX, wanted)

    def found(**query: str) -> list[UUID]:
        return [job.pk for job in admin_client.get(address(Job, "changelist"), query).context["cl"].result_list]

    assert found(q=f" {public_id} ") == [wanted]
    assert found(q=tenant.name) == [wanted]
    assert found(q="job_nonsense") == []
    assert len(found(type="test_probe", status__exact="queued", priority__exact="1")) == 2
    assert found(type="test_hasty") == []


def test_events_are_found_by_the_public_id_of_their_job(admin_client: Client, tenant: Tenant) -> None:
    (wanted, _) = engine.dispatch(tenant, 2)

    def found(term: str) -> list[UUID]:
        response = admin_client.get(address(JobEvent, "changelist"), {"q": term})
        return [event.job_id for event in response.context["cl"].result_list]

    assert found(identifiers.encode(identifiers.JOB_PREFIX, wanted)) == [wanted]
    assert found("nonsense") == []
    assert len(found("")) == 2


def test_cancel_ends_what_is_queued_stops_what_runs_and_says_why_not_the_rest(
    admin_client: Client, tenant: Tenant
) -> None:
    queued, running, completed = engine.dispatch(tenant, 3)
    engine.complete(engine.start(completed))
    run = engine.start(running)
    page = act(admin_client, Job, "cancel_queued", queued, running, completed).content.decode()
    assert engine.statuses([queued, running]) == ["cancelled", "running"]
    assert lifecycle.renew(run.id, run.attempt, 0, None)
    assert engine.kinds(queued) == ["queued", "cancelled"]
    assert "The service cancelled or asked to stop 2 of the selected jobs." in page
    refused = identifiers.encode(identifiers.JOB_PREFIX, completed)
    assert f"{refused}: The job is completed; only a job that is queued or running can be cancelled." in page
    assert {each.object_id for each in LogEntry.objects.all()} == {str(queued), str(running)}


def test_cancel_of_a_batch_ends_what_is_still_queued(admin_client: Client, tenant: Tenant) -> None:
    batch_id, jobs = engine.dispatch_batch(tenant, 3)
    engine.start(jobs[0])
    page = act(admin_client, Batch, "cancel_queued", batch_id).content.decode()
    assert "The service cancelled 1 of the selected batches." in page
    assert engine.statuses(jobs) == ["running", "cancelled", "cancelled"]


@pytest.mark.parametrize("model", [Job, Batch])
def test_who_may_only_look_cannot_cancel(tenant: Tenant, model: type[Model]) -> None:
    batch_id, (job_id,) = engine.dispatch_batch(tenant, 1)
    client = staff("view_job", "view_batch")
    assert client.get(address(model, "changelist")).status_code == 200
    act(client, model, "cancel_queued", job_id if model is Job else batch_id)
    assert engine.statuses([job_id]) == ["queued"]


def test_who_may_change_jobs_can_cancel_but_not_edit(tenant: Tenant) -> None:
    (job_id,) = engine.dispatch(tenant)
    client = staff("view_job", "change_job")
    assert client.post(address(Job, "change", job_id), {}).status_code == 403
    act(client, Job, "cancel_queued", job_id)
    assert engine.statuses([job_id]) == ["cancelled"]


def test_suspend_and_resume(admin_client: Client, tenant: Tenant) -> None:
    _, secret = key_for(tenant)
    act(admin_client, Tenant, "suspend", tenant.pk)
    with pytest.raises(TenantSuspended):
        auth.authenticate(secret).tenant(None)
    since = Tenant.objects.get(pk=tenant.pk).suspended_at
    act(admin_client, Tenant, "suspend", tenant.pk)
    assert Tenant.objects.get(pk=tenant.pk).suspended_at == since
    act(admin_client, Tenant, "resume", tenant.pk)
    auth.cache.clear()
    assert auth.authenticate(secret).tenant(None).name == tenant.name


def test_a_form_that_was_opened_before_does_not_resume_a_tenant_or_renew_a_key(
    admin_client: Client, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the form's look at the row and its write, somebody suspends and revokes."""
    key, _ = key_for(tenant)
    written = Model.save

    def save(row: Model, *arguments: Any, **options: Any) -> None:
        Tenant.objects.filter(pk=tenant.pk).update(suspended_at=now())
        ApiKey.objects.filter(pk=key.pk).update(revoked_at=now())
        written(row, *arguments, **options)

    monkeypatch.setattr(Tenant, "save", save)
    monkeypatch.setattr(ApiKey, "save", save)
    forms: list[tuple[Model, dict[str, Any]]] = [
        (tenant, {"timezone": "Asia/Tokyo"}),
        (key, {"label": "new", "scopes": ["ai-jobs:read"], "tenants": [tenant.pk]}),
    ]
    for row, fields in forms:
        assert admin_client.post(address(type(row), "change", row.pk), fields).status_code == 302
    assert Tenant.objects.filter(pk=tenant.pk, timezone="Asia/Tokyo", suspended_at__isnull=False).exists()
    assert ApiKey.objects.filter(pk=key.pk, label="new", revoked_at__isnull=False).exists()


def test_staff_without_permission_cannot_suspend_or_revoke(tenant: Tenant) -> None:
    key, _ = key_for(tenant)
    client = staff("view_tenant", "view_apikey")
    act(client, Tenant, "suspend", tenant.pk)
    act(client, ApiKey, "revoke", key.pk)
    assert Tenant.objects.get(pk=tenant.pk).suspended_at is None
    assert ApiKey.objects.get(pk=key.pk).revoked_at is None


def test_staff_without_permission_sees_nothing(tenant: Tenant) -> None:
    client = staff()
    assert {client.get(address(model, "changelist")).status_code for model in MODELS} == {403}


def test_a_tenant_is_made_and_keeps_its_name(admin_client: Client) -> None:
    admin_client.post(address(Tenant, "add"), {"name": "my-shop", "timezone": "Europe/Berlin"})
    made = Tenant.objects.get(name="my-shop")
    change = {"name": "other", "timezone": "UTC", "queue_limit": "7"}
    admin_client.post(address(Tenant, "change", made.pk), change)
    made.refresh_from_db()
    assert (made.name, made.timezone, made.queue_limit) == ("my-shop", "UTC", 7)


def test_a_tenant_that_is_none_is_refused(admin_client: Client, subtests: pytest.Subtests) -> None:
    for wrong in (
        {"name": "My Shop"},
        {"name": "-shop"},
        {"timezone": "Mars/Olympus"},
        {"release_window": "0"},
        {"queue_limit": "0"},
        {"max_running": "0"},
        {"max_running": "-1"},
        # Longer than jobs are kept: its own, and everybody's.
        {"job_days": "30", "result_days": "31"},
        {"result_days": "91"},
        {"timezone": "localtime"},
    ):
        with subtests.test(wrong=wrong):
            response = admin_client.post(address(Tenant, "add"), {"name": "shop", "timezone": "UTC", **wrong})
            assert response.context["errors"]
            assert not Tenant.objects.exists()


def test_the_database_refuses_results_that_outlive_their_jobs(tenant: Tenant) -> None:
    with pytest.raises(IntegrityError):
        Tenant.objects.filter(pk=tenant.pk).update(job_days=30, result_days=31)


def test_a_browser_gets_a_page_where_something_is_refused(admin_client: Client, client: Client) -> None:
    """And programs the API's envelope, as everywhere under /api/."""
    path = "/admin/nonsense/"
    page = admin_client.get(path, headers={"accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"})
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address." in page.content.decode()
    assert admin_client.get(path)["Content-Type"] == "application/json"
    User.objects.create_user("nobody", password="x", is_staff=True)
    client.force_login(User.objects.get(username="nobody"))
    page = client.get(address(Job, "changelist"), headers={"accept": "text/html"})
    assert (page.status_code, "You are not allowed to do this." in page.content.decode()) == (403, True)
    assert client.get("/api/nonsense", headers={"accept": "text/html"})["Content-Type"] == "application/json"


@pytest.mark.parametrize("name", ["release_window", "max_running", "queue_limit"])
def test_the_database_refuses_a_tenant_whose_jobs_would_wait_for_ever(tenant: Tenant, name: str) -> None:
    with pytest.raises(IntegrityError):
        Tenant.objects.filter(pk=tenant.pk).update(**{name: 0})


def test_no_key_is_made_that_has_expired_and_one_that_has_can_be_renamed(
    admin_client: Client, tenant: Tenant
) -> None:
    form = {"label": "old", "scopes": ["ai-jobs:read"], "tenants": [tenant.pk]}
    over = {"expires_at_0": "2026-03-12", "expires_at_1": "12:00:00"}
    refused = admin_client.post(address(ApiKey, "add"), form | over)
    assert "This moment is over." in refused.content.decode()
    expired_at = now() - timedelta(hours=1)
    key, _ = auth.create_key([tenant], ["ai-jobs:read"], expires_at=expired_at)
    page = address(ApiKey, "change", key.pk)
    assert "This moment is over." in admin_client.post(page, form | over).content.decode()
    same = {"expires_at_0": f"{expired_at:%Y-%m-%d}", "expires_at_1": f"{expired_at:%H:%M:%S}"}
    assert admin_client.post(page, form | same).status_code == 302
    key.refresh_from_db()
    assert key.label == "old"


def test_a_keys_secret_is_shown_once_and_stored_nowhere(
    admin_client: Client, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    expires_at = now() + timedelta(days=30)
    form = {
        "label": "back end",
        "scopes": ["ai-jobs:write", "ai-jobs:read"],
        "tenants": [tenant.pk],
        "expires_at_0": expires_at.date().isoformat(),
        "expires_at_1": "12:00:00",
    }
    response = admin_client.post(address(ApiKey, "add"), form)
    (secret,) = set(re.findall(r"aij_[\w-]{43}", response.content.decode()))
    principal = auth.authenticate(secret)
    assert principal.scopes == {"ai-jobs:read", "ai-jobs:write"}
    assert principal.tenant(None).name == tenant.name
    assert principal.expires_at is not None

    key = ApiKey.objects.get()
    pages = [address(ApiKey, "change", key.pk), address(ApiKey, "changelist"), reverse("admin:index")]
    shown = "".join(admin_client.get(page).content.decode() for page in pages)
    assert key.prefix in shown
    assert key.key_hash not in shown
    logged = [f"{entry.object_repr} {entry.change_message}" for entry in LogEntry.objects.all()]
    sessions = [str(session.get_decoded()) for session in Session.objects.all()]
    cookies = str(response.cookies) + str(admin_client.cookies)
    row = str(ApiKey.objects.values().get())
    for place in (shown, *logged, *sessions, cookies, row, caplog.text):
        assert secret not in place
    assert len(logged) == 1


def test_a_key_without_a_tenant_is_refused(admin_client: Client) -> None:
    response = admin_client.post(address(ApiKey, "add"), {"label": "x", "scopes": ["ai-jobs:read"]})
    assert response.status_code == 200
    assert "This field is required." in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_with_a_misspelt_scope_is_refused(admin_client: Client, tenant: Tenant) -> None:
    form = {"label": "x", "scopes": ["ai-jobs:read", "catalog:write"], "tenants": [tenant.pk]}
    response = admin_client.post(address(ApiKey, "add"), form)
    assert "catalog:write is not one of the available choices" in response.content.decode()
    assert not ApiKey.objects.exists()


def test_a_changed_key_keeps_its_secret(admin_client: Client, tenant: Tenant) -> None:
    key, secret = key_for(tenant)
    form = {"label": "renamed", "scopes": ["ai-jobs:read"], "tenants": [tenant.pk]}
    response = admin_client.post(address(ApiKey, "change", key.pk), form)
    assert response.status_code == 302
    assert auth.authenticate(secret).scopes == {"ai-jobs:read"}
    assert ApiKey.objects.get().label == "renamed"


def test_a_revoked_key_is_refused(admin_client: Client, tenant: Tenant) -> None:
    key, secret = key_for(tenant)
    act(admin_client, ApiKey, "revoke", key.pk)
    with pytest.raises(Unauthenticated):
        auth.authenticate(secret)


def test_beats_tasks_are_looked_at_and_never_changed(admin_client: Client) -> None:
    """Nobody switches the sweeper off by a checkbox."""
    every = IntervalSchedule.objects.create(every=1, period="seconds")
    task = PeriodicTask.objects.create(name="sweep", task="workers.periodic.sweep", interval=every)
    assert "every second" in admin_client.get(address(PeriodicTask, "changelist")).content.decode()
    page = admin_client.get(address(PeriodicTask, "change", task.pk)).content.decode()
    assert "workers.periodic.sweep" in page
    assert "_save" not in page
    assert admin_client.post(address(PeriodicTask, "change", task.pk), {"name": "sweep"}).status_code == 403
    assert admin_client.post(address(PeriodicTask, "delete", task.pk), {"post": "yes"}).status_code == 403
    for action in ("disable_tasks", "toggle_tasks", "run_tasks", "delete_selected"):
        act(admin_client, PeriodicTask, action, task.pk)
    assert PeriodicTask.objects.get().enabled
    registered = {model.__name__ for model in admin.site._registry if model._meta.app_label == "django_celery_beat"}
    assert registered == {"PeriodicTask"}
