"""Addresses that a tenant may give for those of a marketplace."""

import re

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError

from workers.connections.addresses import PATTERN, Address

ADDRESS: TypeAdapter[str] = TypeAdapter(Address)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://proxy.example.com", "https://proxy.example.com"),
        ("http://proxy_1.internal:8443/shopify/", "http://proxy_1.internal:8443/shopify"),
        ("https://127.0.0.1:65535/a//b", "https://127.0.0.1:65535/a//b"),
        ("https://localhost", "https://localhost"),
        ("https://a-b.c-d.example/x%20y;v=1", "https://a-b.c-d.example/x%20y;v=1"),
    ],
)
def test_a_host_with_a_port_and_a_path(given: str, kept: str) -> None:
    assert ADDRESS.validate_python(given) == kept
    assert re.search(PATTERN, given)
    # What is called in the end.
    assert httpx.URL(kept).host


@pytest.mark.parametrize(
    "address",
    [
        "",
        "proxy.example.com",
        "ftp://proxy.example.com",
        "https://",
        "https://:443",
        "https://user:secret@proxy.example.com",
        "https://proxy.example.com?key=1",
        "https://proxy.example.com#part",
        "https://proxy.example.com:port",
        "https://proxy.example.com:65536",
        "https://256.1.1.1",
        "https://1.2.3",
        "https://0x7f000001",
        "https://[::1]",
        "https://[::1",
        "https://xn--a",
        "https://a..b",
        "https://bücher.example",
        "https://proxy.example.com/a b",
        "https://proxy.example.com/\n",
        "https://proxy.example.com\n",
        "https://proxy.example.com/\0",
        "https://" + "a" * 500,
    ],
)
def test_anything_else_is_refused(address: str) -> None:
    with pytest.raises(ValidationError):
        ADDRESS.validate_python(address)


def test_a_long_text_that_is_nearly_one_is_refused_at_once() -> None:
    """No pattern is tried in exponentially many ways."""
    for text in ("a-" * 245, "a_" * 245, "a." * 245, "1." * 245, "a/" * 245):
        with pytest.raises(ValidationError):
            ADDRESS.validate_python(f"https://{text}?")
