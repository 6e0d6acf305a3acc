"""What an operator opens besides the public internet, and for whom."""

import runpy
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from aijobs.outbound.purposes import Purpose, checked, is_opened
from config import settings as of_the_project


@pytest.mark.parametrize(
    ("entry", "purpose", "host", "port"),
    [
        ("connector:proxy.internal:8443", Purpose.CONNECTOR, "proxy.internal", 8443),
        (" Connector:Proxy.Internal:8443 ", Purpose.CONNECTOR, "proxy.internal", 8443),
        ("page:127.0.0.1:8080", Purpose.PAGE, "127.0.0.1", 8080),
        ("connector:[::1]:443", Purpose.CONNECTOR, "::1", 443),
        ("page:[0:0:0:0:0:0:0:1]:443", Purpose.PAGE, "::1", 443),
        ("page:[::1]:443", Purpose.PAGE, "0:0::1", 443),
        ("assistant:127.0.0.1:11434", Purpose.ASSISTANT, "127.0.0.1", 11434),
    ],
)
def test_an_entry_opens_one_address_for_one_purpose(
    entry: str, purpose: Purpose, host: str, port: int, settings: Any
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = checked([entry])
    assert [each for each in Purpose if is_opened(each, host, port)] == [purpose]
    assert not is_opened(purpose, host, port + 1)
    assert not is_opened(purpose, f"{host}.example", port)


@pytest.mark.parametrize(
    "entry",
    [
        "proxy.internal:8443",
        "[::1]:443",
        "connectors:proxy.internal:8443",
        "connector:proxy.internal",
        "connector:proxy.internal:",
        "connector:proxy.internal:https",
        "connector:proxy.internal:0",
        "connector:proxy.internal:65536",
        "connector:::1:443",
        "connector:https://proxy.internal:8443",
        "connector:*:443",
        "connector:[:::::]:80",
        "connector:[127.0.0.1]:80",
        "page:999.1.1.1:80",
        "page:127.1:80",
        "page:...:80",
        "",
    ],
)
def test_an_entry_that_opens_nothing_is_refused_with_what_to_write(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="Write purpose:host:port, for example connector:proxy"):
        checked(["connector:proxy.internal:8443", entry])


def test_no_process_starts_with_a_wrong_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    """As one reads its settings, first of all."""
    monkeypatch.setenv("AIJOBS_OUTBOUND_ALLOW", "proxy.internal:8443")
    with pytest.raises(ImproperlyConfigured, match=r"'proxy\.internal:8443' in AIJOBS_OUTBOUND_ALLOW is not valid\."):
        runpy.run_path(of_the_project.__file__)
