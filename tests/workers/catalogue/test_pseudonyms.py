"""Keyed hashes of customers' names and order ids, and the tenants' keys of them."""

from concurrent.futures import ThreadPoolExecutor
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from tests.factories import TenantFactory
from workers.catalogue.models import PseudonymKey
from workers.catalogue.pseudonyms import KeyUnreadable, pseudonym_of

OLD, NEW = "the-old-key-of-the-service", "the-new-key-of-the-service"


@pytest.mark.django_db
def test_the_same_name_has_the_same_hash_and_another_one_another() -> None:
    tenant = TenantFactory.create()
    first = pseudonym_of(tenant.pk)
    assert first("Jane Doe") == pseudonym_of(tenant.pk)(" Jane Doe\n")
    assert first("Jane Doe") != first("Jane Roe")
    assert len(first("Jane Doe")) == 32
    assert int(first("Jane Doe"), 16)


@pytest.mark.django_db
def test_the_same_name_has_another_hash_at_another_tenant() -> None:
    one, other = TenantFactory.create_batch(2)
    assert pseudonym_of(one.pk)("Jane Doe") != pseudonym_of(other.pk)("Jane Doe")


@pytest.mark.django_db
def test_nothing_has_no_hash() -> None:
    hashed = pseudonym_of(TenantFactory.create().pk)
    assert hashed("") == hashed(" \t") == ""


@pytest.mark.django_db
def test_any_text_has_a_hash() -> None:
    assert len(pseudonym_of(TenantFactory.create().pk)("Зоя 🐈 \ud800")) == 32


@pytest.mark.django_db(transaction=True)
def test_of_keys_that_are_made_at_once_one_counts() -> None:
    tenant = TenantFactory.create()

    def hashed(_: int) -> str:
        try:
            return pseudonym_of(tenant.pk)("Jane Doe")
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(hashed, range(16)))) == 1
    assert PseudonymKey.objects.count() == 1


@pytest.mark.django_db
def test_the_key_is_stored_sealed_and_opens_for_no_other_tenant(settings: Any) -> None:
    one, other = TenantFactory.create_batch(2)
    hashes = pseudonym_of(one.pk)("Jane Doe"), pseudonym_of(other.pk)("Jane Doe")
    assert hashes[0] != hashes[1]
    PseudonymKey.objects.filter(pk=other.pk).update(sealed_key=PseudonymKey.objects.get(pk=one.pk).sealed_key)
    with pytest.raises(KeyUnreadable):
        pseudonym_of(other.pk)


# --- manage.py rotatecredentials --------------------------------------------------------------------------------


def rotate() -> str:
    output = StringIO()
    call_command("rotatecredentials", stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_after_a_rotation_the_old_key_can_go_and_hashes_are_the_same(settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    tenant = TenantFactory.create()
    before = pseudonym_of(tenant.pk)("Jane Doe")
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW, OLD]
    assert "for customers' names of 1 tenant" in rotate()
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    assert pseudonym_of(tenant.pk)("Jane Doe") == before


@pytest.mark.django_db
def test_a_key_that_none_opens_is_named_and_never_replaced(settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    tenant = TenantFactory.create()
    pseudonym_of(tenant.pk)
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    with pytest.raises(CommandError, match=f"names of {tenant.name}"):
        rotate()
    with pytest.raises(KeyUnreadable, match="Ask the operator"):
        pseudonym_of(tenant.pk)
