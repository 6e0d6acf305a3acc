"""What becomes of a call that goes wrong: what its caller may take for granted afterwards."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import time_machine

from aijobs.outbound.calling import call, retry_after, unavailable
from aijobs.outbound.failures import OutboundError, Throttled, Unavailable, Uncertain
from aijobs.outbound.guard import AddressRefused
from aijobs.outbound.http import TooLarge

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def answering(with_what: Callable[[httpx.Request], httpx.Response], *, writes: bool) -> httpx.Response:
    with httpx.Client(transport=httpx.MockTransport(with_what)) as client:
        request = client.build_request("POST", "https://shop.example/")
        return call(client, request, name="The shop", most_bytes=10, seconds=60, writes=writes)


def failing(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def fail(_: httpx.Request) -> httpx.Response:
        raise error

    return fail


@pytest.mark.parametrize(
    ("error", "code", "of_a_read", "of_a_write"),
    [
        (httpx.ConnectError("secret"), "UNREACHABLE", Unavailable, Unavailable),
        (httpx.ConnectTimeout("secret"), "UNREACHABLE", Unavailable, Unavailable),
        (httpx.PoolTimeout("secret"), "UNREACHABLE", Unavailable, Unavailable),
        (httpx.ReadTimeout("secret"), "NO_ANSWER", Unavailable, Uncertain),
        (httpx.WriteError("secret"), "NO_ANSWER", Unavailable, Uncertain),
        (httpx.RemoteProtocolError("secret"), "NO_ANSWER", Unavailable, Uncertain),
        (httpx.DecodingError("secret"), "NO_ANSWER", Unavailable, Uncertain),
        (TooLarge(1024), "ANSWER_TOO_LARGE", TooLarge, Uncertain),
        (AddressRefused(httpx.URL("https://10.0.0.1"), "is not public"), "ADDRESS_REFUSED", AddressRefused, None),
    ],
)
def test_only_a_write_that_was_sent_is_uncertain(
    error: Exception, code: str, of_a_read: type[OutboundError], of_a_write: type[OutboundError] | None
) -> None:
    for writes, kind in ((False, of_a_read), (True, of_a_write or of_a_read)):
        with pytest.raises(OutboundError, match=code) as raised:
            answering(failing(error), writes=writes)
        assert type(raised.value) is kind
        assert "secret" not in raised.value.message


def test_an_answer_of_any_status_is_one() -> None:
    assert answering(lambda _: httpx.Response(503, stream=httpx.ByteStream(b"")), writes=True).status_code == 503


@pytest.mark.parametrize(
    ("status", "of_a_read", "of_a_write"),
    [
        (200, None, None),
        (302, None, None),
        (400, None, None),
        (404, None, None),
        (408, Unavailable, Uncertain),
        (429, Throttled, Throttled),
        (500, Unavailable, Uncertain),
        (503, Unavailable, Uncertain),
    ],
)
def test_what_a_status_says_of_coming_again(status: int, of_a_read: Any, of_a_write: Any) -> None:
    response = httpx.Response(status, headers={"retry-after": "7"})
    for writes, kind in ((False, of_a_read), (True, of_a_write)):
        problem = unavailable(response, name="The shop", writes=writes)
        assert (type(problem) if problem else None) is kind
        assert problem is None or problem.retry_after == 7


@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("0", 0),
        ("17", 17),
        (" 17 ", 17),
        ("2.5", 2.5),
        ("86401", 86_400),
        ("1795000000", 86_400),
        ("9" * 400, 86_400),
        ("9" * 1_000_000, 86_400),
        ("0" * 400 + "17", 17),
        ("17." + "0" * 400, None),
        ("Wed, 25 Nov 2026 12:00:09 GMT", 9),
        ("Wed, 25 Nov 2026 13:00:09 +0100", 9),
        ("Wed, 25 Nov 2026 12:00:09 -0000", 9),
        ("Wed, 25 Nov 2026 12:00:09", 9),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0),
        ("Wed, 25 Nov 2099 12:00:00 GMT", 86_400),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("NaN", None),
        ("inf", None),
        ("1e3", None),
        ("1.5.2026", None),
        ("١٧", None),
        ("Wed, 99 Nov 99999999999 12:00:00 GMT", None),
    ],
)
def test_how_long_an_answer_asks_to_wait(told: str, seconds: float | None) -> None:
    assert retry_after(httpx.Response(429, headers=[(b"retry-after", told.encode())])) == seconds


def test_an_answer_that_asks_for_no_wait() -> None:
    assert retry_after(httpx.Response(503)) is None
