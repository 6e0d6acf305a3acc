"""Credentials at rest: encrypted with Fernet (AES-128-CBC and HMAC-SHA256) of the `cryptography` package.

`AIJOBS_CREDENTIALS_KEYS` lists secrets: the first encrypts, all decrypt. To rotate, put a new one in front, run
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
    """The credentials were encrypted with a key that is no longer configured, or for another connection."""


def seal(credentials: Mapping[str, str], owner: str) -> str:
    """Encrypt. `owner` names the connection: copied into another one's row, the text cannot be unsealed."""
    return _fernet().encrypt(orjson.dumps({"owner": owner, "credentials": dict(credentials)})).decode()


def unseal(sealed: str, owner: str) -> dict[str, str]:
    """Decrypt. Raises Unreadable."""
    try:
        opened = orjson.loads(_fernet().decrypt(sealed.encode()))
    except InvalidToken:
        raise Unreadable() from None
    if opened["owner"] != owner:
        raise Unreadable()
    credentials: dict[str, str] = opened["credentials"]
    return credentials


def rotate(sealed: str) -> str:
    """The same, encrypted anew with the first key. Raises Unreadable."""
    try:
        return _fernet().rotate(sealed.encode()).decode()
    except InvalidToken:
        raise Unreadable() from None


def _fernet() -> MultiFernet:
    return MultiFernet([_key(secret) for secret in settings.AIJOBS_CREDENTIALS_KEYS])


@cache
def _key(secret: str) -> Fernet:
    """A Fernet key from a secret of any form (RFC 5869)."""
    derived = HKDF(SHA256(), length=32, salt=None, info=b"aijobs marketplace credentials").derive(secret.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
