"""Logging in at the admin: wrong passwords are slowed, and never more than one is hashed at a time."""

from collections.abc import Callable, Iterator
from io import StringIO
from threading import Event, Thread
from typing import Any

import pytest
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.auth.hashers import MD5PasswordHasher, PBKDF2PasswordHasher
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.test import Client, RequestFactory
from redis import Redis

from config import logins
from config.logins import LONGEST_OF_BOTH, LONGEST_OF_NAME

LOGIN, CHANGE = "/admin/login/", "/admin/password_change/"
PASSWORD = "right-Horse-7"
HERE, ELSEWHERE = "192.0.2.1", "198.51.100.7"
# Fewer than in earnest, for the sake of time.
FREE_OF_BOTH, FREE_OF_ADDRESS, FREE_OF_NAME = 2, 3, 4
TRIES = 6
Hashed = list[str]


@pytest.fixture(autouse=True)
def _limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FREE_OF_BOTH", "FREE_OF_ADDRESS", "FREE_OF_NAME"):
        monkeypatch.setattr(logins, name, globals()[name])
    # Nobody's wait is over before the test, however busy the machine.
    monkeypatch.setattr(logins, "FIRST_SECONDS", 120)
    monkeypatch.setattr(PBKDF2PasswordHasher, "iterations", 1_000)


@pytest.fixture
def valkey(db: None) -> Iterator[Redis]:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.delete(*[*client.scan_iter("ai-jobs.logins.*"), "none"])
        yield client


@pytest.fixture
def hashed(monkeypatch: pytest.MonkeyPatch) -> Hashed:
    """The passwords that are hashed."""
    passwords: Hashed = []
    encode = MD5PasswordHasher.encode

    def note(hasher: MD5PasswordHasher, password: str, salt: str) -> str:
        passwords.append(password)
        return encode(hasher, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", note)
    return passwords


@pytest.fixture
def operator(valkey: Redis) -> User:
    return User.objects.create_superuser("operator", password=PASSWORD)


def log_in(name: str, password: str, address: str = HERE, **headers: str) -> Any:
    return Client(REMOTE_ADDR=address, headers=headers).post(LOGIN, {"username": name, "password": password})


def fail(times: int, name: Callable[[int], str], address: Callable[[int], str]) -> list[int]:
    return [log_in(name(number), "wrong", address(number)).status_code for number in range(times)]


def let_pass(valkey: Redis, seconds: float) -> None:
    for key in valkey.scan_iter("ai-jobs.logins.*"):
        if valkey.type(key) == b"hash" and valkey.hexists(key, "closed_until"):
            valkey.hincrbyfloat(key, "closed_until", -seconds)


def test_wrong_passwords_are_refused_before_they_are_hashed(operator: User, hashed: Hashed) -> None:
    statuses = fail(TRIES, lambda number: "operator", lambda number: HERE)
    assert statuses == [200] * FREE_OF_BOTH + [429] * (TRIES - FREE_OF_BOTH)
    assert hashed.count("wrong") == FREE_OF_BOTH


def test_the_refusal_says_in_words_and_in_a_header_when_to_try_again(operator: User) -> None:
    fail(FREE_OF_BOTH, lambda number: "operator", lambda number: HERE)
    refused = log_in("operator", PASSWORD)
    seconds = int(refused["Retry-After"])
    assert (refused.status_code, 0 < seconds <= 120) == (429, True)
    assert f"Wait {seconds} seconds, then go back and try again." in refused.content.decode()
    assert refused["Content-Security-Policy"]


def test_the_wait_doubles_with_every_failure_up_to_its_longest(
    operator: User, valkey: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logins, "FIRST_SECONDS", 40)
    fail(FREE_OF_BOTH, lambda number: "operator", lambda number: HERE)
    for longest in (40, 80, 160, LONGEST_OF_BOTH, LONGEST_OF_BOTH):
        assert longest / 2 < int(log_in("operator", "wrong")["Retry-After"]) <= longest
        let_pass(valkey, LONGEST_OF_BOTH)
        assert log_in("operator", "wrong").status_code == 200


def test_who_mistypes_is_let_in(operator: User) -> None:
    fail(FREE_OF_BOTH - 1, lambda number: "operator", lambda number: HERE)
    assert log_in("operator", PASSWORD).status_code == 302
    assert fail(FREE_OF_BOTH, lambda number: "operator", lambda number: HERE) == [200] * FREE_OF_BOTH


def test_a_stranger_locks_no_operator_out(operator: User) -> None:
    fail(TRIES, lambda number: "operator", lambda number: ELSEWHERE)
    assert log_in("operator", PASSWORD).status_code == 302


def test_one_address_tries_so_many_names(operator: User) -> None:
    statuses = fail(TRIES, lambda number: f"name-{number}", lambda number: HERE)
    assert statuses == [200] * FREE_OF_ADDRESS + [429] * (TRIES - FREE_OF_ADDRESS)


def test_one_name_is_tried_from_so_many_addresses(operator: User, valkey: Redis) -> None:
    statuses = fail(FREE_OF_NAME + 3, lambda number: "operator", lambda number: f"10.0.0.{number}")
    assert statuses == [200] * FREE_OF_NAME + [429] * 3
    for number in range(6):
        let_pass(valkey, 10_000)
        log_in("operator", "wrong", f"10.0.1.{number}")
    assert int(log_in("operator", PASSWORD, HERE)["Retry-After"]) <= LONGEST_OF_NAME


def test_others_failures_do_not_reach_from_where_the_operator_has_logged_in_before(operator: User) -> None:
    assert log_in("operator", PASSWORD).status_code == 302
    fail(FREE_OF_NAME + 2, lambda number: "operator", lambda number: f"10.0.0.{number}")
    fail(FREE_OF_ADDRESS + 2, lambda number: f"name-{number}", lambda number: HERE)
    assert log_in("operator", PASSWORD).status_code == 302
    assert fail(TRIES, lambda number: "operator", lambda number: HERE).count(429) == TRIES - FREE_OF_BOTH


def test_strangers_who_hammer_leave_the_operator_a_turn(operator: User, settings: Any) -> None:
    """Of passwords that are hashed one at a time, theirs were always first."""
    settings.PASSWORD_HASHERS = ["config.logins.OneAtATimeHasher"]
    operator.set_password(PASSWORD)
    operator.save()
    assert log_in("operator", PASSWORD).status_code == 302
    with logins.strangers:
        assert log_in("operator", PASSWORD).status_code == 302
        assert log_in("operator", PASSWORD, ELSEWHERE).status_code == 429


@pytest.mark.parametrize("name", [" operator", "operator ", "ｏperator"])
def test_a_name_that_the_form_reads_the_same_counts_as_the_same(operator: User, name: str) -> None:
    fail(FREE_OF_BOTH, lambda number: name, lambda number: HERE)
    assert log_in("operator", PASSWORD).status_code == 429


def test_an_ipv6_address_counts_as_its_network(operator: User) -> None:
    statuses = fail(TRIES, lambda number: f"name-{number}", lambda number: f"2001:db8::{number:x}")
    assert statuses.count(200) == FREE_OF_ADDRESS
    assert log_in("operator", PASSWORD, "2001:db8:0:1::1").status_code == 302


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.1", HERE),
        (1, "203.0.113.1", "203.0.113.1"),
        # What the caller says of itself comes first, and is not believed.
        (1, "10.9.9.9, 203.0.113.1", "203.0.113.1"),
        (2, "10.9.9.9, 203.0.113.1, 10.0.0.2", "203.0.113.1"),
        (2, "203.0.113.1", HERE),
        (1, "", HERE),
        (1, "unknown", HERE),
        (1, "::ffff:203.0.113.1", "203.0.113.1"),
    ],
)
def test_the_address_is_the_one_that_our_proxies_saw(
    settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.AIJOBS_PROXIES = proxies
    request = RequestFactory().post(LOGIN, REMOTE_ADDR=HERE, headers={"x-forwarded-for": forwarded})
    assert logins.address_of(request) == address


def test_a_spoofed_address_is_no_new_one(operator: User, settings: Any) -> None:
    settings.AIJOBS_PROXIES = 1
    statuses = [
        log_in("operator", "wrong", "10.0.0.2", **{"x-forwarded-for": f"10.9.9.{number}, {HERE}"}).status_code
        for number in range(TRIES)
    ]
    assert statuses.count(200) == FREE_OF_BOTH


def test_what_a_foreign_page_makes_a_browser_send_does_not_count(operator: User) -> None:
    for _ in range(TRIES):
        client = Client(REMOTE_ADDR=HERE, enforce_csrf_checks=True)
        assert client.post(LOGIN, {"username": "operator", "password": "wrong"}).status_code == 403
    assert log_in("operator", PASSWORD).status_code == 302


def test_guessing_the_old_password_of_an_open_session_is_slowed(operator: User, hashed: Hashed) -> None:
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(operator)
    body = {"old_password": "wrong", "new_password1": "another-Horse-8", "new_password2": "another-Horse-8"}
    assert [client.post(CHANGE, body).status_code for _ in range(TRIES)].count(200) == FREE_OF_BOTH
    assert hashed.count("wrong") == FREE_OF_BOTH


def test_a_change_of_the_password_works(operator: User) -> None:
    client = Client(REMOTE_ADDR=HERE)
    client.force_login(operator)
    body = {"old_password": PASSWORD, "new_password1": "another-Horse-8", "new_password2": "another-Horse-8"}
    assert client.post(CHANGE, body).status_code == 302
    assert log_in("operator", "another-Horse-8").status_code == 302


def test_other_addresses_of_the_admin_hash_nothing(operator: User, hashed: Hashed) -> None:
    body = {"username": "operator", "password": "wrong"}
    for path in (
        "/admin/",
        "/admin/auth/user/",
        "/admin/nothing/",
        CHANGE,
        f"/admin/auth/user/{operator.pk}/password/",
    ):
        assert Client().post(path, body).status_code in (302, 404)
    assert hashed == []


def test_without_valkey_an_operator_can_log_in(operator: User, settings: Any, tmp_path: object) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    logins.valkey.cache_clear()
    logins.script.cache_clear()
    try:
        assert log_in("operator", "wrong").status_code == 200
        assert log_in("operator", PASSWORD).status_code == 302
    finally:
        logins.valkey.cache_clear()
        logins.script.cache_clear()


# --- One at a time


@pytest.fixture
def slow_hashing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """Hashing that begins (the first event) and ends when it may (the second)."""
    begun, may_end = Event(), Event()

    def encode(hasher: PBKDF2PasswordHasher, password: str, salt: str, iterations: int | None = None) -> str:
        begun.set()
        assert may_end.wait(120)
        return f"pbkdf2_sha256$1${salt}$x"

    settings.PASSWORD_HASHERS = ["config.logins.OneAtATimeHasher"]
    monkeypatch.setattr(PBKDF2PasswordHasher, "encode", encode)
    yield begun, may_end
    may_end.set()


@pytest.mark.parametrize("form", [LOGIN, CHANGE, "/admin/auth/user/add/"])
def test_whoever_comes_while_a_password_is_hashed_is_told_to_try_again(
    operator: User, slow_hashing: tuple[Event, Event], form: str
) -> None:
    begun, may_end = slow_hashing
    client = Client(REMOTE_ADDR=ELSEWHERE)
    if form != LOGIN:
        client.force_login(operator)
    other = Thread(target=logins.OneAtATimeHasher().encode, args=("a", "salt"))
    other.start()
    assert begun.wait(120)
    body = {"username": "somebody", "password": PASSWORD, "old_password": PASSWORD, "usable_password": "true"}
    body |= {"password1": PASSWORD, "password2": PASSWORD, "new_password1": PASSWORD, "new_password2": PASSWORD}
    # More often than one may fail: none of these has.
    for _ in range(FREE_OF_BOTH + 2):
        refused = client.post(form, body)
        assert (refused.status_code, refused["Retry-After"]) == (429, "1")
    may_end.set()
    other.join()
    assert client.post(form, body).status_code in (200, 302)


def test_hashes_are_djangos_own(db: None, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    user = User.objects.create_user("before", password=PASSWORD)
    settings.PASSWORD_HASHERS = ["config.logins.OneAtATimeHasher"]
    assert user.check_password(PASSWORD)


def locked_out(name: str = "operator") -> None:
    fail(FREE_OF_ADDRESS + 1, lambda number: name, lambda number: HERE)
    fail(FREE_OF_ADDRESS, lambda number: f"other-{number}", lambda number: HERE)
    assert log_in(name, PASSWORD).status_code == 429


def test_a_refusal_says_whom_to_ask(operator: User) -> None:
    locked_out()
    assert (
        "ask somebody who can log in to choose your account under Users"
        in log_in("operator", PASSWORD).content.decode()
    )


def test_who_may_let_others_in_does(operator: User) -> None:
    locked_out()
    User.objects.create_user("colleague", is_staff=True).user_permissions.add(
        *Permission.objects.filter(codename__in=["view_user", "let_in_user"])
    )
    colleague = Client()
    colleague.force_login(User.objects.get(username="colleague"))
    page = colleague.post("/admin/auth/user/", {"action": "let_in", "_selected_action": [operator.pk]}, follow=True)
    assert "They may try to log in again at once." in page.content.decode()
    assert log_in("operator", PASSWORD).status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.user.get_username(), entry.object_repr) == ("colleague", "operator")


def test_who_may_only_see_the_accounts_lets_nobody_in(operator: User) -> None:
    locked_out()
    user = User.objects.create_user("colleague", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_user"))
    colleague = Client()
    colleague.force_login(user)
    answer = colleague.post("/admin/auth/user/", {"action": "let_in", "_selected_action": [operator.pk]}, follow=True)
    assert "They may try to log in again" not in answer.content.decode()
    assert log_in("operator", PASSWORD).status_code == 429


def test_a_command_lets_in_where_nobody_can_log_in(operator: User) -> None:
    locked_out()
    output = StringIO()
    call_command("letin", "operator", stdout=output)
    assert output.getvalue() == "operator may try to log in again at once.\n"
    assert log_in("operator", PASSWORD).status_code == 302


def test_others_wait_on(operator: User) -> None:
    locked_out("somebody")
    logins.let_in("operator")
    assert log_in("somebody", PASSWORD).status_code == 429
