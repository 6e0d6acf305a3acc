"""The addresses that may be called although they are not public: `AIJOBS_OUTBOUND_ALLOW`, each for one purpose.

An operator who opens a proxy to connectors has not opened it to the pages that tenants name.
"""

import re
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import ip_address

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class Purpose(StrEnum):
    """What a call is for."""

    # A service that a tenant has connected.
    CONNECTOR = "connector"
    # A page that a tenant has named, and its host's robots.txt.
    PAGE = "page"
    # A language model, such as one on the operator's own machine.
    ASSISTANT = "assistant"
    # Where a tenant wants to be told of what happens to its jobs.
    WEBHOOK = "webhook"


# A name, an IPv4 address, or an IPv6 address in brackets; and a port.
_ENTRY = re.compile(r"(?P<purpose>[a-z]+):(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+):(?P<port>[1-9][0-9]{0,4})")
_NAME = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")


def checked(entries: Iterable[str]) -> list[str]:
    """The entries as `is_opened` compares them. Raises ImproperlyConfigured with what to write instead."""
    return [_checked(entry.strip().lower()) for entry in entries]


def _checked(entry: str) -> str:
    found = _ENTRY.fullmatch(entry)
    host = found and _host(found["host"])
    if not found or host is None or found["purpose"] not in list(Purpose) or int(found["port"]) > 65535:
        raise ImproperlyConfigured(
            f"{entry!r} in AIJOBS_OUTBOUND_ALLOW is not valid. Write purpose:host:port, for example "
            f"connector:proxy.internal:8443 or page:[::1]:8080. The purpose must be one of {', '.join(Purpose)}."
        )
    return f"{found['purpose']}:{host}:{found['port']}"


def _host(text: str) -> str | None:
    """A host in the one form that is compared: an address has many. None for what names no host."""
    bare = text.removeprefix("[").removesuffix("]")
    try:
        address = ip_address(bare)
    except ValueError:
        # Digits and dots are an address to the resolver, and this one is none.
        return text if _NAME.fullmatch(text) and not text.rpartition(".")[2].isdigit() else None
    if address.version == 6:
        return f"[{address}]"
    return str(address) if bare == text else None


def is_opened(purpose: Purpose, host: str, port: int) -> bool:
    """Whether an entry opens this address, public or not, for this purpose."""
    return f"{purpose}:{_host(host)}:{port}" in settings.AIJOBS_OUTBOUND_ALLOW
