"""Secrets at rest: encrypted with Fernet (AES-128-CBC and HMAC-SHA256) of the `cryptography` package.

`AIJOBS_CREDENTIALS_KEYS` lists what keys are derived from: the first encrypts, all decrypt. Each purpose has keys of
its own, so that what was sealed for one cannot be opened as another's. To rotate, put a new one in front, run
`manage.py rotatecredentials`, and take the old one away.
"""

import base64
from collections.abc import Mapping
from functools import cache

import orjson
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class Unreadable(Exception):
    """The secrets were encrypted with a key that is no longer configured, for another purpose or another owner."""


def seal(secrets: Mapping[str, str], *, purpose: str, owner: str) -> str:
    """Encrypt. `owner` names the row they are for: copied into another one, the text cannot be unsealed."""
    return _fernet(purpose).encrypt(orjson.dumps({"owner": owner, "credentials": dict(secrets)})).decode()


def unseal(sealed: str, *, purpose: str, owner: str) -> dict[str, str]:
    """Decrypt. Raises Unreadable."""
    try:
        opened = orjson.loads(_fernet(purpose).decrypt(sealed.encode()))
    except InvalidToken:
        raise Unreadable() from None
    if opened["owner"] != owner:
        raise Unreadable()
    secrets: dict[str, str] = opened["credentials"]
    return secrets


def rotate(sealed: str, *, purpose: str) -> str:
    """The same secrets, encrypted with the first key. Raises Unreadable."""
    try:
        return _fernet(purpose).rotate(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable() from None


def _fernet(purpose: str) -> MultiFernet:
    return MultiFernet([_key(secret, purpose) for secret in settings.AIJOBS_CREDENTIALS_KEYS])


@cache
def _key(secret: str, purpose: str) -> Fernet:
    """A Fernet key from a secret of any form (RFC 5869)."""
    derived = HKDF(SHA256(), length=32, salt=None, info=f"aijobs {purpose} credentials".encode())
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret.encode())))
