"""Credentials at rest, and the rotation of the key that they are encrypted with."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from aijobs.outbound import sealing
from aijobs.outbound.pace import Pace
from tests.clients import Caller
from workers.marketplaces import connections
from workers.marketplaces.models import Connection
from workers.marketplaces.shopify.settings import ShopifyCredentials

SECRETS = {"access_token": "shpat_1"}
OLD, NEW = "old-secret-of-any-form", "new-secret"


def seal() -> str:
    return sealing.seal(SECRETS, purpose="test", owner="1:shop")


def unseal(sealed: str, purpose: str = "test", owner: str = "1:shop") -> dict[str, str]:
    return sealing.unseal(sealed, purpose=purpose, owner=owner)


def test_what_is_sealed_opens_for_its_owner_only(settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    sealed = seal()
    assert "shpat_1" not in sealed
    assert unseal(sealed) == SECRETS
    with pytest.raises(sealing.Unreadable):
        unseal(sealed, owner="2:shop")


def test_each_purpose_has_keys_of_its_own(settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    sealed = seal()
    with pytest.raises(sealing.Unreadable):
        unseal(sealed, purpose="another")
    with pytest.raises(sealing.Unreadable):
        sealing.rotate(sealed, purpose="another")


def test_the_same_credentials_are_never_the_same_text(settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    assert seal() != seal()


@pytest.mark.parametrize("damaged", ["", "garbage", "ä"])
def test_what_is_damaged_is_unreadable(settings: Any, damaged: str) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    for text in (damaged, seal()[:-4] + damaged):
        with pytest.raises(sealing.Unreadable):
            unseal(text)


def test_the_first_key_encrypts_and_all_decrypt(settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    sealed = seal()
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW, OLD]
    assert unseal(sealed) == SECRETS
    rotated = sealing.rotate(sealed, purpose="test")
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    assert unseal(rotated) == SECRETS
    with pytest.raises(sealing.Unreadable):
        sealing.rotate(sealed, purpose="test")


# --- manage.py rotatecredentials --------------------------------------------------------------------------------


def save(who: Caller, name: str) -> None:
    connections.save(who.tenant.pk, name, "shopify", {"shop": "a.myshopify.com"}, SECRETS)


def rotate() -> str:
    output = StringIO()
    call_command("rotatecredentials", stdout=output)
    return output.getvalue()


@pytest.mark.django_db
def test_after_a_rotation_the_old_key_can_go(owner: Caller, outsider: Caller, settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    save(owner, "one")
    save(outsider, "two")
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW, OLD]
    assert rotate() == rotate() == "The credentials of 2 connections are encrypted with the first key.\n"
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    for row in Connection.objects.all():
        with connections.open_connector(row, Pace(1)) as connector:
            assert isinstance(connector.credentials, ShopifyCredentials)
            assert connector.credentials.access_token.get_secret_value() == "shpat_1"


@pytest.mark.django_db
def test_what_no_key_opens_is_named_and_the_others_are_rotated(owner: Caller, settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    save(owner, "lost")
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    save(owner, "kept")
    with pytest.raises(CommandError, match=f"credentials of {owner.tenant.name}/lost") as raised:
        rotate()
    assert raised.value.returncode == 1
    assert owner.post("/api/marketplaces/lost/test").json()["data"]["code"] == "CREDENTIALS_UNREADABLE"


@pytest.mark.django_db
def test_connections_without_credentials_have_nothing_to_encrypt(owner: Caller, settings: Any) -> None:
    settings.AIJOBS_CREDENTIALS_KEYS = [OLD]
    connections.save(owner.tenant.pk, "pages", "web", {}, None)
    settings.AIJOBS_CREDENTIALS_KEYS = [NEW]
    assert rotate() == "The credentials of 0 connections are encrypted with the first key.\n"
    assert connections.find(owner.tenant.pk, "pages") is not None
    with connections.open_connector(Connection.objects.get(), Pace(1)):
        pass
