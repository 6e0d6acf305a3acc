"""Keys, tenants and scopes, at every endpoint."""

from datetime import timedelta
from time import monotonic
from typing import Any

import pytest
import time_machine
from django.test import RequestFactory
from django.utils.timezone import now
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import ViewSet

from aijobs import auth
from aijobs.api.wire.envelope import data_response
from aijobs.models import ApiKey, Tenant
from tests.aijobs.api.answers import NO_BATCH, NO_JOB, PROBE, data_of, error_of
from tests.clients import HTTP, Caller, caller
from tests.factories import TenantFactory, key_for

ENDPOINTS = [
    ("POST", "/api/ai-jobs"),
    ("GET", "/api/ai-jobs"),
    ("GET", f"/api/ai-jobs/{NO_JOB}"),
    ("DELETE", f"/api/ai-jobs/{NO_JOB}"),
    ("GET", f"/api/ai-jobs/{NO_JOB}/explain"),
    ("GET", "/api/ai-jobs/types"),
    ("POST", "/api/ai-jobs/batch"),
    ("GET", f"/api/ai-jobs/batch/{NO_BATCH}"),
    ("DELETE", f"/api/ai-jobs/batch/{NO_BATCH}"),
]
PATH = "/api/ai-jobs"


def request(method: str = "GET", path: str = PATH, **headers: str) -> Any:
    return HTTP.generic(method, path, headers=headers)


def assert_unauthenticated(response: Any) -> None:
    error_of(response, 401, "UNAUTHENTICATED")
    assert response["WWW-Authenticate"] == 'Bearer realm="ai-jobs"'


def test_no_endpoint_answers_without_a_key(db: None, subtests: pytest.Subtests) -> None:
    for method, path in ENDPOINTS:
        with subtests.test(method=method, path=path):
            assert_unauthenticated(request(method, path))


def test_no_endpoint_answers_a_key_without_its_scope(owner: Caller, subtests: pytest.Subtests) -> None:
    reader, writer = (caller(owner.tenant, scopes=(scope,)) for scope in ("ai-jobs:read", "ai-jobs:write"))
    for method, path in ENDPOINTS:
        with subtests.test(method=method, path=path):
            who = writer if method == "GET" else reader
            error_of(who.request(method, path), 403, "INSUFFICIENT_SCOPE")


def test_no_endpoint_answers_for_a_tenant_that_is_not_the_keys(
    owner: Caller, outsider: Caller, subtests: pytest.Subtests
) -> None:
    for method, path in ENDPOINTS:
        with subtests.test(method=method, path=path):
            response = owner.request(method, path, **{"x-tenant-id": outsider.tenant.name})
            error_of(response, 403, "TENANT_MISMATCH")


def test_no_endpoint_answers_a_suspended_tenant(owner: Caller, teammate: Caller, subtests: pytest.Subtests) -> None:
    Tenant.objects.filter(pk=owner.tenant.pk).update(suspended_at=now())
    for method, path in ENDPOINTS:
        for who in (owner, teammate):
            with subtests.test(method=method, path=path):
                error_of(who.request(method, path), 403, "TENANT_SUSPENDED")


NO_KEYS = [
    "",
    "Bearer",
    "Bearer ",
    "Bearer   ",
    "Basic dXNlcjpwYXNz",
    "Token x",
    "Bearerx",
    "Bearer nonsense",
    "Bearer aij_" + "a" * 43,
    "Bearer a b",
    "Bearer é",
    "Bearer �",
    "Bearer \x00",
    "Bearer " + "x" * 10000,
]


def test_anything_but_a_known_key_is_refused(owner: Caller, subtests: pytest.Subtests) -> None:
    for authorization in NO_KEYS:
        with subtests.test(authorization=authorization[:40]):
            assert_unauthenticated(request(authorization=authorization))


def test_the_key_without_its_scheme_is_refused(owner: Caller) -> None:
    assert_unauthenticated(request(authorization=owner.key))


def test_a_key_in_the_query_is_none(owner: Caller) -> None:
    assert_unauthenticated(request(path=f"{PATH}?api_key={owner.key}"))


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_written_in_any_case(owner: Caller, scheme: str) -> None:
    data_of(request(authorization=f"{scheme} {owner.key}"))


def test_the_case_of_a_key_matters(owner: Caller) -> None:
    assert_unauthenticated(request(authorization=f"Bearer {owner.key.swapcase()}"))


def test_a_key_is_revoked_within_five_seconds(
    owner: Caller, teammate: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "CACHE_SECONDS", 5.0)
    data_of(owner.get(PATH))
    ApiKey.objects.filter(prefix=owner.key[:12]).update(revoked_at=now())
    later = monotonic() + 5
    monkeypatch.setattr(auth, "monotonic", lambda: later)
    assert_unauthenticated(owner.get(PATH))
    data_of(teammate.get(PATH))


def test_a_key_expires_at_its_moment_also_when_cached(db: None) -> None:
    tenant = TenantFactory()
    expires_at = now() + timedelta(hours=1)
    who = Caller(tenant, key_for(tenant, expires_at=expires_at)[1])
    data_of(who.get(PATH))
    with time_machine.travel(expires_at):
        assert_unauthenticated(who.get(PATH))


def test_an_expired_key_is_refused_from_the_start(db: None) -> None:
    tenant = TenantFactory()
    assert_unauthenticated(Caller(tenant, key_for(tenant, expires_at=now())[1]).get(PATH))


def test_a_key_is_stored_as_a_hash_with_a_visible_prefix(owner: Caller) -> None:
    row = ApiKey.objects.get(prefix=owner.key[:12])
    assert owner.key.startswith("aij_")
    assert row.key_hash == auth.digest(owner.key)
    assert owner.key[12:] not in str(ApiKey.objects.filter(pk=row.pk).values().get())


def test_the_tenant_may_be_left_out_when_the_key_has_one(owner: Caller) -> None:
    data_of(request(authorization=f"Bearer {owner.key}"))


@pytest.fixture
def shared(db: None) -> Caller:
    """A key of two tenants, asking for the first one."""
    first, second = TenantFactory(), TenantFactory()
    return Caller(first, key_for(first, second)[1])


def test_a_key_of_several_tenants_says_which(shared: Caller) -> None:
    error = error_of(request(authorization=f"Bearer {shared.key}"), 403, "TENANT_MISMATCH")
    assert "X-Tenant-ID" in error["message"]


def test_a_key_of_several_tenants_keeps_them_apart(shared: Caller) -> None:
    job = shared.dispatch()
    second = Tenant.objects.exclude(pk=shared.tenant.pk).get()
    other = Caller(second, shared.key)
    error_of(other.get(f"{PATH}/{job['id']}"), 404, "JOB_NOT_FOUND")
    assert data_of(other.get(PATH)) == []
    assert data_of(shared.get(f"{PATH}/{job['id']}"))["id"] == job["id"]


def test_a_suspended_tenant_does_not_suspend_the_keys_others(shared: Caller) -> None:
    second = Tenant.objects.exclude(pk=shared.tenant.pk).get()
    Tenant.objects.filter(pk=second.pk).update(suspended_at=now())
    data_of(shared.get(PATH))
    error_of(Caller(second, shared.key).get(PATH), 403, "TENANT_SUSPENDED")


def test_a_tenants_name_is_exact(owner: Caller, subtests: pytest.Subtests) -> None:
    name = owner.tenant.name
    # Also the empty one, which servers make of a name that is not ASCII.
    for sent in (name.upper(), f"{name} x", f"{name},{name}", f"é{name}", "%00", "*", f"{name}\0", "1", "", " "):
        with subtests.test(sent=sent):
            error_of(owner.request("GET", PATH, **{"x-tenant-id": sent}), 403, "TENANT_MISMATCH")


def test_a_tenant_that_does_not_exist_is_as_any_other(owner: Caller, outsider: Caller) -> None:
    absent, foreign = (
        error_of(owner.request("GET", PATH, **{"x-tenant-id": name}), 403, "TENANT_MISMATCH")
        for name in ("no-such-shop", outsider.tenant.name)
    )
    assert absent == foreign


def test_last_use_is_noted(owner: Caller) -> None:
    owner.post(PATH, PROBE)
    assert ApiKey.objects.get(prefix=owner.key[:12]).last_used_at is not None


class Forgetful(ViewSet):
    """Names a scope for reading only."""

    scopes = {"GET": "ai-jobs:read"}

    def list(self, request: Request) -> Response:
        return data_response("read")

    def create(self, request: Request) -> Response:
        return data_response("written")


class Shameless(ViewSet):
    """Names no scope at all."""

    def list(self, request: Request) -> Response:
        return data_response("read")


def call(view: type[ViewSet], method: str, key: str) -> Any:
    request = RequestFactory().generic(method, "/", headers={"authorization": f"Bearer {key}"})
    if view is Forgetful:
        return view.as_view({"get": "list", "post": "create"})(request).render()
    return view.as_view({"get": "list"})(request).render()


def test_what_a_view_names_no_scope_for_is_refused_to_everybody(owner: Caller) -> None:
    assert call(Forgetful, "GET", owner.key).status_code == 200
    for view, method in [(Forgetful, "POST"), (Shameless, "GET"), (Shameless, "HEAD")]:
        assert call(view, method, owner.key).status_code == 403


def test_a_method_that_a_view_does_not_have_is_405_with_any_key(owner: Caller) -> None:
    assert call(Shameless, "POST", owner.key).status_code == 405
