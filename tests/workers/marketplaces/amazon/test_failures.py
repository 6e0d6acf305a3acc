"""Tokens that expire, credentials that are refused, servers that are busy, broken or silent."""

import logging
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import time_machine

from aijobs.outbound.failures import CredentialsRefused, OutboundError, OutOfTime, Transient
from tests.workers.marketplaces.amazon.conftest import Opener, connector, listing
from tests.workers.marketplaces.amazon.server import HANG, RESET, Answer, FakeAmazon, Reply, errors, reply
from tests.workers.marketplaces.paces import Ending, Leaping
from workers.marketplaces.amazon.connector import Amazon


def test_a_token_serves_every_connection_of_the_process(open_amazon: Opener, fake: FakeAmazon) -> None:
    open_amazon().check()
    open_amazon().check()
    assert len(fake.tokens) == 1


def test_a_token_serves_nobody_who_has_only_some_of_the_credentials(open_amazon: Opener, fake: FakeAmazon) -> None:
    open_amazon().check()
    with pytest.raises(CredentialsRefused):
        open_amazon(credentials={"client_secret": "guessed"}).check()


def test_a_token_is_replaced_before_it_expires(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next_tokens.append(reply({"access_token": "short", "expires_in": 60}))
    fake.valid.add("short")
    amazon.check()
    amazon.check()
    assert [call.token for call in fake.calls] == ["short", "Atza|0"]


@pytest.mark.parametrize("status", [401, 403])
def test_a_token_that_expires_in_the_middle_is_replaced(amazon: Amazon, fake: FakeAmazon, status: int) -> None:
    fetched = amazon.fetch_offers([listing(str(number)) for number in range(60)], ["new"])
    for _ in range(20):
        next(fetched)
    fake.next.append(errors("Unauthorized", "The access token you provided has expired.", status))
    assert len(list(fetched)) == 40
    assert [call.token for call in fake.calls] == ["Atza|0", "Atza|0", "Atza|1", "Atza|1"]


def test_a_token_that_is_refused_twice_means_no_access(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next.extend([errors("Unauthorized", "Access to requested resource is denied.", 403)] * 2)
    with pytest.raises(CredentialsRefused, match=r"ACCESS_DENIED.*getListingOffersBatch.*resource is denied"):
        list(amazon.fetch_offers([listing()], ["new"]))
    assert len(fake.calls) == 2


def test_access_that_no_token_gives_is_not_asked_for_again(amazon: Amazon, fake: FakeAmazon) -> None:
    fake.next.append(errors("AccessDenied", "Your account is closed.", 403))
    with pytest.raises(CredentialsRefused, match="account is closed"):
        amazon.check()
    assert len(fake.calls) == 1


@pytest.mark.parametrize(
    ("refused", "code"),
    [
        ({"refresh_token": "hush-wrong"}, "REFRESH_TOKEN_REFUSED"),
        ({"client_id": "hush-wrong"}, "CLIENT_REFUSED"),
        ({"client_secret": "hush-wrong"}, "CLIENT_REFUSED"),
    ],
)
def test_credentials_that_are_refused_are_named_and_not_shown(
    open_amazon: Opener, fake: FakeAmazon, refused: dict[str, str], code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    amazon = open_amazon(credentials=refused)
    with pytest.raises(CredentialsRefused) as caught:
        list(amazon.fetch_offers([listing()], ["new"]))
    assert caught.value.code == code
    shown = f"{caught.value!r} {caught.value} {amazon.credentials!r} {caplog.text}"
    assert "hush" not in shown
    assert fake.calls == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"access_token": "", "expires_in": 1}',
        b'{"access_token": "a\\nb", "expires_in": 3600}',
        b'{"access_token": "\\u00e9", "expires_in": 3600}',
        b'{"access_token": "a"}',
        b'{"access_token": "a", "expires_in": "soon"}',
    ],
)
def test_a_token_that_is_none_is_no_token(amazon: Amazon, fake: FakeAmazon, body: bytes) -> None:
    fake.next_tokens.extend([Reply(body=body)] * 4)
    with pytest.raises(Transient, match="NO_TOKEN"):
        list(amazon.fetch_offers([listing()], ["new"]))
    assert fake.calls == []


@pytest.mark.parametrize("answer", [RESET, Reply(500), Reply(502), Reply(503), Reply(429)])
def test_what_a_moment_mends_is_tried_again(amazon: Amazon, fake: FakeAmazon, answer: Answer) -> None:
    fake.next.extend([answer] * 3)
    assert [each.problem for each in amazon.fetch_offers([listing()], ["new"])] == [None]
    assert len(fake.calls) == 4


@pytest.mark.parametrize("answer", [RESET, Reply(500), Reply(503), Reply(429)])
def test_a_marketplace_that_is_away_is_told_after_four_tries(
    amazon: Amazon, fake: FakeAmazon, answer: Answer
) -> None:
    fake.next.extend([answer] * 4)
    with pytest.raises(Transient):
        list(amazon.fetch_offers([listing()], ["new"]))
    assert len(fake.calls) == 4


def test_waits_between_tries_become_longer(open_amazon: Opener, fake: FakeAmazon) -> None:
    pace = Leaping()
    fake.next.extend([Reply(429)] * 3)
    # Of an operation that may be called at once again.
    open_amazon(pace).check()
    assert [0.5 <= wait / 2**number <= 1 for number, wait in enumerate(pace.waits)] == [True] * 3


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_waited_for(open_amazon: Opener, fake: FakeAmazon, status: int) -> None:
    pace = Leaping()
    fake.next.append(errors("QuotaExceeded", "-", status, Retry_After="17"))
    open_amazon(pace).check()
    assert pace.waits == [17]


@time_machine.travel(datetime(2026, 11, 25, tzinfo=UTC), tick=False)
def test_retry_after_may_be_a_moment(open_amazon: Opener, fake: FakeAmazon) -> None:
    pace = Leaping()
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)
    fake.next.append(errors("QuotaExceeded", "-", 429, Retry_After=moment))
    open_amazon(pace).check()
    assert pace.waits == [9]


def test_a_retry_after_of_nothing_is_a_pause_all_the_same(open_amazon: Opener, fake: FakeAmazon) -> None:
    pace = Leaping()
    fake.next.extend([errors("QuotaExceeded", "-", 429, Retry_After="0")] * 3)
    open_amazon(pace).check()
    assert [0.5 <= wait / 2**number <= 1 for number, wait in enumerate(pace.waits)] == [True] * 3


def test_retry_after_beyond_the_run_is_told_at_once(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.next.append(errors("QuotaExceeded", "-", 429, Retry_After="3600"))
    with pytest.raises(Transient, match="THROTTLED") as caught:
        open_amazon(Leaping(60)).check()
    assert caught.value.retry_after == 3600


@pytest.mark.parametrize("nonsense", ["soon", "-1", "1.5.2026", "9" * 400])
def test_retry_after_that_makes_no_sense_does_no_harm(open_amazon: Opener, fake: FakeAmazon, nonsense: str) -> None:
    fake.next.extend([errors("QuotaExceeded", "-", 429, Retry_After=nonsense)] * 4)
    with pytest.raises(Transient, match="THROTTLED"):
        open_amazon().check()


def test_a_read_without_an_answer_ends_with_the_run(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.next.append(HANG)
    with pytest.raises(Transient, match="NO_ANSWER"):
        open_amazon(Ending(lambda: bool(fake.calls))).read_price(listing())


def test_batches_keep_to_the_rate(open_amazon: Opener, fake: FakeAmazon) -> None:
    pace = Leaping()
    list(open_amazon(pace).fetch_offers([listing(str(number)) for number in range(41)], ["new"]))
    # The clock is Valkey's, which leaps over nothing.
    assert pace.waits == pytest.approx([2, 4])


def test_connections_of_one_account_share_its_rates(open_amazon: Opener) -> None:
    pace = Leaping()
    list(open_amazon(pace).fetch_offers([listing()], ["new"]))
    list(open_amazon(pace, country="CA").fetch_offers([listing(currency="CAD")], ["new"]))
    assert pace.waits == pytest.approx([2])


def test_a_run_without_time_for_the_rate_ends_at_once(open_amazon: Opener, fake: FakeAmazon) -> None:
    fetched = open_amazon(Leaping(5)).fetch_offers([listing(str(number)) for number in range(60)], ["new"])
    assert len([next(fetched) for _ in range(40)]) == 40
    with pytest.raises(OutOfTime):
        next(fetched)


def test_amazons_word_on_the_rate_holds_for_all_workers(open_amazon: Opener, fake: FakeAmazon) -> None:
    fake.rate = "0.01"
    pace = Leaping()
    for _ in range(3):
        list(open_amazon(pace).fetch_offers([listing()], ["new"]))
    # The first call came before Amazon's word.
    assert pace.waits == pytest.approx([2, 102])


@pytest.mark.parametrize("rate", ["", "soon", "-1", "0", "nan", "inf", "1e-300"])
def test_amazons_word_that_makes_no_sense_changes_no_rate(open_amazon: Opener, fake: FakeAmazon, rate: str) -> None:
    fake.rate = rate
    pace = Leaping()
    list(open_amazon(pace).fetch_offers([listing(str(number)) for number in range(21)], ["new"]))
    assert pace.waits == pytest.approx([2])


def test_an_address_that_is_not_public_is_not_called(open_amazon: Opener) -> None:
    with pytest.raises(CredentialsRefused, match="ADDRESS_REFUSED"):
        open_amazon(token_endpoint="https://127.0.0.1/auth/o2/token").check()


def test_what_is_opened_for_pages_is_not_opened_for_connectors(
    open_amazon: Opener, fake: FakeAmazon, settings: Any
) -> None:
    settings.AIJOBS_OUTBOUND_ALLOW = [f"page:{fake.host}"]
    with pytest.raises(CredentialsRefused, match="ADDRESS_REFUSED"):
        open_amazon().check()
    assert (fake.tokens, fake.calls) == ([], [])


@pytest.mark.parametrize("error", [CredentialsRefused, OutboundError])
def test_a_connection_is_closed_at_its_end(servers: None, fake: FakeAmazon, error: type[Exception]) -> None:
    fake.next_tokens.append(reply({"error": "invalid_grant"}, 400))
    with pytest.raises(error), connector(fake, Leaping()) as amazon:
        amazon.check()
