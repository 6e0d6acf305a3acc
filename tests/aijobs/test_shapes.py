"""What bodies are read as accepts what its JSON Schema says, and nothing else."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import Field, SecretStr, ValidationError

from aijobs import registry
from aijobs.errors import InvalidParams
from aijobs.shapes import Form, RequestModel, SentMoment
from tests.jobs import LIMITS


class Part(RequestModel):
    counts: list[int] = Field(default=[1], max_length=2)
    name: str | None = None


class Whole(RequestModel):
    count: int = Field(default=3, ge=1, le=10)
    rate: float = 0.5
    flag: bool = False
    name: str = Field(default="", max_length=5)
    code: str = Field(default="", pattern="^a*$")
    form: Annotated[str, Form("^(a|b)+$", "must be of the letters a and b")] = Field(default="a", max_length=4)
    names: set[str] = set()
    by_name: dict[str, int] = {}
    day: date | None = None
    moment: datetime | None = None
    secret: SecretStr = SecretStr("")
    part: Part | None = None


SCHEMA = Draft202012Validator(Whole.model_json_schema())


def is_accepted(body: str) -> bool:
    try:
        Whole.model_validate_json(body)
    except ValidationError:
        return False
    return True


@pytest.mark.parametrize(
    "body",
    [
        '{"count": 2}',
        '{"count": 2.0}',
        '{"count": 1e1}',
        '{"count": 11.0}',
        '{"count": 0.0}',
        '{"count": 2.5}',
        '{"count": true}',
        '{"count": "2"}',
        '{"rate": 2}',
        '{"rate": "2"}',
        '{"flag": 1}',
        '{"flag": 1.0}',
        '{"name": "abcdef"}',
        '{"name": 2.0}',
        '{"name": "a\\u0000"}',
        '{"code": "a\\u0000"}',
        '{"secret": "a\\u0000"}',
        '{"form": "ab"}',
        '{"form": "abc"}',
        '{"form": ""}',
        '{"form": "aaaaa"}',
        '{"form": "a\\u0000"}',
        '{"names": ["a\\u0000"]}',
        '{"by_name": {"a": 2.0}}',
        '{"by_name": {"a": 2.5}}',
        '{"day": "2026-03-12", "moment": "2026-03-12T14:32:01Z"}',
        '{"day": 2.0}',
        '{"part": {"counts": [2.0, 3e0]}}',
        '{"part": {"counts": [2.5]}}',
        '{"part": {"name": "a\\u0000"}}',
        '{"part": {"name": null}}',
        '{"part": null, "unknown": 1}',
    ],
)
def test_the_model_and_its_schema_agree(body: str) -> None:
    assert is_accepted(body) == SCHEMA.is_valid(json.loads(body))


@pytest.mark.parametrize("field", ["name", "secret"])
def test_a_string_holds_no_nul(field: str) -> None:
    assert is_accepted(f'{{"{field}": "a"}}')
    assert not is_accepted(f'{{"{field}": "\\u0000"}}')


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("form", "abc", "must be of the letters a and b"),
        ("form", "a\0", "must not contain the character U+0000"),
        ("name", "\0", "must not contain the character U+0000"),
        ("count", "x", "must be a whole number"),
        ("part", "x", "must be an object"),
        ("name", "xxxxxx", "must have at most 5 characters"),
        ("other", "x", "is not a field here"),
    ],
)
def test_what_is_wrong_with_a_text_is_told_in_words(field: str, text: str, said: str) -> None:
    with pytest.raises(InvalidParams) as refused:
        registry.read_body(Whole, {field: text})
    assert refused.value.details == [{"path": field, "message": said}]


def test_a_whole_number_written_with_a_point_is_an_integer() -> None:
    read = Whole.model_validate_json('{"count": 2.0, "part": {"counts": [3.0]}}')
    assert (repr(read.count), repr(read.part)) == ("2", "Part(counts=[3], name=None)")


def test_the_params_of_a_type_that_knows_nothing_of_it_take_one_too() -> None:
    """As a dispatch reads them, and the worker again."""

    class Wanted(registry.Params):
        days: int = Field(ge=1)

    kind: Any = registry.JobType("t", "", Wanted, registry.Result, LIMITS, "", {})
    assert registry.parse_params(kind, b'{"days": 7.0}').days == 7


class Sent(RequestModel):
    at: SentMoment


def test_a_moment_is_the_same_one_in_utc_whatever_its_offset() -> None:
    """PostgreSQL takes offsets below sixteen hours only."""
    for sent, meant in {
        "2026-03-12T00:00:00+16:00": datetime(2026, 3, 11, 8, tzinfo=UTC),
        "2026-03-12T00:00:00-23:59": datetime(2026, 3, 12, 23, 59, tzinfo=UTC),
        "2026-03-12t00:00:00.5z": datetime(2026, 3, 12, 0, 0, 0, 500_000, tzinfo=UTC),
    }.items():
        at = Sent.model_validate_json(json.dumps({"at": sent})).at
        assert (at, at.tzinfo) == (meant, UTC), sent
        assert Sent(at=datetime.fromisoformat(sent.upper())).at.tzinfo is UTC, sent


def test_a_moment_that_utc_does_not_have_is_refused() -> None:
    for sent in ("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-16:00"):
        with pytest.raises(ValidationError, match="there is no such day, time or offset"):
            Sent.model_validate_json(json.dumps({"at": sent}))
