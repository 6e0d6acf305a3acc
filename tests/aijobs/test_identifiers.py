"""Public ids: their form, their order, and the ranges of ids that dates are."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import strategies as st

from aijobs import identifiers
from tests.drawing import draws

UUIDS = st.integers(0, 2**128 - 1).map(lambda number: UUID(int=number))
PREFIXES = st.sampled_from([identifiers.JOB_PREFIX, identifiers.BATCH_PREFIX])
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
# An id holds moments from 1970 on.
MOMENTS = st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30), timezones=OFFSETS)
MILLISECOND = timedelta(milliseconds=1)


@draws(30, 1000, PREFIXES, UUIDS)
def test_an_id_round_trips(prefix: str, value: UUID) -> None:
    encoded = identifiers.encode(prefix, value)
    assert len(encoded) == len(prefix) + 26
    assert identifiers.decode(prefix, encoded) == value


@draws(30, 1000, UUIDS, UUIDS)
def test_ids_order_as_their_text_does(first: UUID, second: UUID) -> None:
    texts = [identifiers.encode("job_", value) for value in (first, second)]
    assert (first < second) == (texts[0] < texts[1])


@draws(30, 1000, PREFIXES, st.text())
def test_a_text_is_an_id_in_one_form_only(prefix: str, text: str) -> None:
    for candidate in (text, prefix + text):
        decoded = identifiers.decode(prefix, candidate)
        assert decoded is None or identifiers.encode(prefix, decoded) == candidate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "job_",
        "job_01HXK9MZPQ3B8C7D2E5F6G",
        "batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
        "01JQZ4X5M8N9P0Q1R2S3T4V5W6",
        "job_01jqz4x5m8n9p0q1r2s3t4v5w6",
        "job_8ZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "job_01JQZ4X5M8N9P0Q1R2S3T4V5W6\n",
        "job_01JQZ4X5M8N9P0Q1R2S3T4V5WU",
        "job_job_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
        " job_01JQZ4X5M8N9P0Q1R2S3T4V5W6",
    ],
)
def test_any_other_form_is_no_id(text: str) -> None:
    assert identifiers.decode("job_", text) is None


def test_new_ids_are_larger_than_all_before() -> None:
    ids = [identifiers.new_id() for _ in range(3_000)]
    assert all(earlier < later for earlier, later in pairwise(ids))


def test_a_new_id_holds_the_present_moment() -> None:
    before = datetime.now(UTC) - MILLISECOND
    assert before <= identifiers.created_at(identifiers.new_id()) <= datetime.now(UTC) + MILLISECOND


@draws(50, 2000, MOMENTS, st.integers(0, 2**80 - 1), st.integers(-2, 2))
def test_a_range_of_dates_is_a_range_of_ids_both_ends_included(moment: datetime, random: int, step: int) -> None:
    created_at = moment.astimezone(UTC).replace(microsecond=moment.microsecond // 1000 * 1000) + step * MILLISECOND
    job = UUID(int=(identifiers.first_id_at(created_at).int) | random)
    assert identifiers.created_at(job) == created_at
    assert (job >= identifiers.first_id_at(moment)) == (created_at >= moment)
    assert (job <= identifiers.last_id_at(moment)) == (created_at <= moment)


@pytest.mark.parametrize("moment", [datetime.min.replace(tzinfo=UTC), datetime(1969, 12, 31, tzinfo=UTC)])
def test_before_1970_nothing_was_created(moment: datetime) -> None:
    assert identifiers.first_id_at(moment) == UUID(int=0)
    assert identifiers.created_at(identifiers.last_id_at(moment)) == datetime(1970, 1, 1, tzinfo=UTC)


def test_the_end_of_time_includes_everything() -> None:
    assert identifiers.last_id_at(datetime.max.replace(tzinfo=UTC)) > identifiers.new_id()
