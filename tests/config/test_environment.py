"""Settings as operators write them: what is not of its kind is refused in a line, and an empty one is not set."""

from contextlib import suppress
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from config import environment
from config.environment import FALSE, TRUE, Environment

WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


def read(monkeypatch: pytest.MonkeyPatch, kind: str, value: str, default: Any) -> Any:
    monkeypatch.setenv("AIJOBS_X", value)
    return getattr(Environment(), kind)("AIJOBS_X", default=default)


@pytest.mark.parametrize("word", sorted(TRUE | FALSE))
@pytest.mark.parametrize("write", [str.lower, str.upper, str.title, lambda word: f" {word}\n"])
def test_true_and_false_in_the_usual_words(monkeypatch: pytest.MonkeyPatch, word: str, write: Any) -> None:
    assert read(monkeypatch, "bool", write(word), word not in TRUE) is (word in TRUE)


@pytest.mark.parametrize(
    ("kind", "value", "default"),
    [
        ("bool", "bogus", False),
        ("bool", "express:*", False),
        ("bool", "2", True),
        ("int", "many", 5),
        ("int", "1.5", 5),
        ("float", "1,5", 5.0),
        ("level", "loud", "INFO"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(
    monkeypatch: pytest.MonkeyPatch, kind: str, value: str, default: Any
) -> None:
    with pytest.raises(ImproperlyConfigured, match=rf"^AIJOBS_X is '.+', but it must be .* \({default}\)\.$"):
        read(monkeypatch, kind, value, default)


@pytest.mark.parametrize(("kind", "default"), [("bool", True), ("int", 5), ("float", 5.0), ("level", "INFO")])
@pytest.mark.parametrize("value", ["", " "])
def test_an_empty_one_is_not_set(monkeypatch: pytest.MonkeyPatch, kind: str, default: Any, value: str) -> None:
    """As compose passes a variable on that .env leaves empty."""
    assert read(monkeypatch, kind, value, default) == default


def test_a_level_may_be_written_small(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read(monkeypatch, "level", "debug", "INFO") == "DEBUG"


@pytest.mark.parametrize(
    "url",
    ["postgres://u:p@host:5432/name", "postgresql://host/name", "postgres://postgres@//srv/my%20data/run/aijobs"],
)
def test_addresses_of_a_database(url: str) -> None:
    assert environment.database(url)["NAME"]


@pytest.mark.parametrize(
    "url",
    [
        "garbage",
        "mysql://u:hunter2@host/name",
        "sqlite:///hunter2",
        "postgres://u:hunter2@host:bad/name",
        "postgres://u:hunter2@host",
        "postgres://u:hunter2@host/",
        "postgres://",
    ],
)
def test_what_is_not_the_address_of_a_database_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"^DATABASE_URL .* Write postgres://") as refused:
        environment.database(url)
    assert "hunter2" not in str(refused.value)


@given(st.sampled_from(["", "postgres://", "postgres://u:p@"]), WORDS)
def test_a_database_address_is_read_or_refused(beginning: str, rest: str) -> None:
    with suppress(ImproperlyConfigured):
        assert environment.database(beginning + rest)["NAME"]


@pytest.mark.parametrize("secret", ["", "short", "a" * 64, "abcd" * 20])
def test_secrets_that_can_be_guessed(secret: str) -> None:
    assert environment.weakness(secret)


def test_a_secret_of_openssl_cannot_be_guessed() -> None:
    assert environment.weakness("3f786850e387550fdab836ed7e6dc881") is None
