import json
from datetime import datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from aijobs.auth import authenticate
from aijobs.models import ApiKey
from tests.factories import TenantFactory


def create(tenants: list[str], scopes: str, *options: str) -> str:
    """The command's standard output."""
    output = StringIO()
    arguments = [*(f"--tenant={name}" for name in tenants), f"--scopes={scopes}", *options]
    call_command("createapikey", *arguments, stdout=output, stderr=StringIO())
    return output.getvalue().strip()


def create_json(tenants: list[str], scopes: str, *options: str) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(create(tenants, scopes, "--json", *options))
    return shown


@pytest.mark.django_db
def test_prints_a_key_that_opens_the_tenant() -> None:
    tenant = TenantFactory()
    secret = create([tenant.name], "ai-jobs:write, ai-jobs:read,ai-jobs:read")
    principal = authenticate(secret)
    assert principal.tenant(None).name == tenant.name
    assert principal.scopes == {"ai-jobs:read", "ai-jobs:write"}
    assert principal.expires_at is None


@pytest.mark.django_db
def test_json_says_everything_about_the_key() -> None:
    tenant = TenantFactory()
    shown = create_json([tenant.name], "catalogue:read", "--label=nightly import")
    key = ApiKey.objects.get(label="nightly import")
    assert shown == {
        "api_key": shown["api_key"],
        "prefix": key.prefix,
        "tenant_id": tenant.name,
        "tenants": [tenant.name],
        "scopes": ["catalogue:read"],
        "expires_at": None,
    }
    assert shown["api_key"].startswith(key.prefix)


@pytest.mark.django_db
def test_a_key_of_several_tenants() -> None:
    names = sorted(TenantFactory().name for _ in range(2))
    shown = create_json(names, "ai-jobs:read")
    assert (shown["tenants"], shown["tenant_id"]) == (names, None)
    assert sorted(tenant.name for tenant in authenticate(shown["api_key"]).tenants) == names


@pytest.mark.django_db
@pytest.mark.parametrize(("text", "duration"), [("90d", timedelta(days=90)), ("12h", timedelta(hours=12))])
def test_expires_after_days_or_hours(text: str, duration: timedelta) -> None:
    earliest = now()
    shown = create_json([TenantFactory().name], "ai-jobs:read", f"--expires={text}")
    assert earliest + duration <= datetime.fromisoformat(shown["expires_at"]) <= now() + duration


@pytest.mark.parametrize("text", ["90", "d", "0d", "-1d", "1.5d", "90 d", "90w", "1000000d", ""])
def test_refuses_what_is_no_duration(text: str) -> None:
    with pytest.raises(CommandError, match=r"^--expires: .*for example 90d or 12h"):
        create(["shop"], "ai-jobs:read", f"--expires={text}")


@pytest.mark.parametrize(
    "text", ["ai-jobs", "ai-jobs:delete", "AI-JOBS:read", "ai-jobs:read,*", "ai jobs:read", " , "]
)
def test_refuses_what_is_no_scope(text: str) -> None:
    with pytest.raises(CommandError, match=r"^--scopes(:| must name at least one scope)"):
        create(["shop"], text)


@pytest.mark.parametrize("text", ["ai-job:read", "catalog:read", "marketplace:write"])
def test_a_misspelt_scope_is_refused_and_the_scopes_are_listed(text: str) -> None:
    with pytest.raises(CommandError, match=r"is not a valid scope\. The scopes are ai-jobs:read, .*:write"):
        create(["shop"], text)


@pytest.mark.django_db
def test_names_the_tenants_that_do_not_exist() -> None:
    known = TenantFactory().name
    with pytest.raises(CommandError, match=r"There is no tenant 'nobody', 'nowhere'"):
        create([known, "nowhere", "nobody"], "ai-jobs:read")
    assert not ApiKey.objects.exists()


@pytest.mark.django_db
def test_a_label_that_is_too_long_is_refused() -> None:
    with pytest.raises(CommandError, match=r"--label: .* at most 200 characters"):
        create([TenantFactory().name], "ai-jobs:read", f"--label={'x' * 201}")
    assert not ApiKey.objects.exists()


def test_options_are_written_out() -> None:
    """`--data` would be accepted for `--data-dir`, and another folder used."""
    with pytest.raises(CommandError, match="unrecognized arguments: --data"):
        create(["shop"], "ai-jobs:read", "--data=elsewhere")
