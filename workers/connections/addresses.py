"""Addresses that a tenant may give for those of a service: one form, for the code and for JSON Schema."""

import re
from typing import Annotated

from pydantic import AfterValidator, Field

LONGEST_ADDRESS = 500

# A host by its name, without punycode (whether that stands for a name, no pattern tells), or an IPv4 address. What a
# name leads to, and whether it may be called, and without TLS, is the guarded client's matter.
_LABEL = r"[A-Za-z0-9_]+(-[A-Za-z0-9_]+)*"
_NAME = rf"({_LABEL}\.)*[A-Za-z][A-Za-z0-9_]*(-[A-Za-z0-9_]+)*"
_OCTET = r"(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_PORT = r"(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[0-9]{1,4})"
# A user or a password would be shown with the address, and behind a query or a fragment the path cannot go on.
_PATH = r"(/[A-Za-z0-9._~!$&'()*+,;=:@%-]*)*"
PATTERN = rf"^https?://({_NAME}|({_OCTET}\.){{3}}{_OCTET})(:{_PORT})?{_PATH}$"
_ADDRESS = re.compile(PATTERN.removeprefix("^").removesuffix("$"))


def _checked(address: str) -> str:
    if not _ADDRESS.fullmatch(address):
        raise ValueError(
            "must be an http or https URL without user, query and fragment, for example "
            "https://proxy.example.com/path"
        )
    return address.rstrip("/")


Address = Annotated[
    str, Field(max_length=LONGEST_ADDRESS, json_schema_extra={"pattern": PATTERN}), AfterValidator(_checked)
]
