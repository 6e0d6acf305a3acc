"""Moments that anybody may send, also where no model of a request reads them: a form of the admin, say."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from aijobs.models import Tenant
from tests.factories import TenantFactory

OFFSETS = [timedelta(hours=16), -timedelta(hours=23, minutes=59)]


@pytest.mark.django_db
def test_a_moment_is_the_same_one_whatever_its_offset() -> None:
    at = datetime(2026, 3, 12, tzinfo=UTC)
    for offset in OFFSETS:
        tenant = TenantFactory(created_at=at.astimezone(timezone(offset)))
        assert Tenant.objects.filter(created_at=at.astimezone(timezone(offset))).get(id=tenant.id).created_at == at


@pytest.mark.django_db
def test_at_the_ends_of_the_calendar_it_is_as_near_as_it_can_be() -> None:
    TenantFactory()
    for offset in OFFSETS:
        assert Tenant.objects.filter(created_at__gt=datetime(1, 1, 1, tzinfo=timezone(offset))).exists()
        assert not Tenant.objects.filter(created_at__gt=datetime(9999, 12, 31, 23, tzinfo=timezone(offset))).exists()
