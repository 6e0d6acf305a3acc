"""What the job says: counts, means, aspects with quotes, what it was asked about, and what it leaves out."""

from datetime import UTC, datetime

import orjson
import pytest

from aijobs.admin import documents
from tests.clients import Caller
from tests.workers.catalogue.steps import MARKETPLACE
from tests.workers.jobs.review_sentiment.steps import (
    BLAME,
    PRAISE,
    SO_SO,
    VERSION,
    Keywords,
    product,
    result_of,
    run,
    still_new,
    write,
)
from workers.catalogue.models import Review
from workers.jobs.review_sentiment import reporting
from workers.jobs.review_sentiment.opinions import LONGEST_QUOTE

pytestmark = pytest.mark.django_db


def day(number: int, month: int = 3) -> datetime:
    return datetime(2026, month, number, 12, tzinfo=UTC)


def test_each_review_has_its_analysis_and_the_result_the_sums(owner: Caller) -> None:
    [praise, *_] = write(owner, "A", PRAISE, PRAISE, BLAME, SO_SO, rating=4)
    write(owner, "B", BLAME, rating=2)
    job = run(owner)
    result = result_of(job)
    assert (result["processed_count"], result["updated_count"], result["remaining_count"]) == (5, 5, 0)
    assert (job.processed, job.total) == (5, 5)
    assert result["model"] == {"name": "keywords", "version": VERSION}
    overall = result["overall"]
    assert [overall[f"{name}_count"] for name in ("review", "positive", "neutral", "negative")] == [5, 2, 1, 2]
    assert overall["mean_score"] == pytest.approx((0.8 + 0.8 - 0.85 - 0.85) / 5)
    assert overall["mean_rating"] == 3.6
    first, second = result["skus"]
    assert (first["sku"], first["review_count"], first["negative_count"], first["mean_rating"]) == ("A", 4, 1, 4.0)
    assert (second["sku"], second["review_count"], second["negative_count"], second["mean_rating"]) == (
        "B",
        1,
        1,
        2.0,
    )
    praise.refresh_from_db()
    assert (praise.label, praise.confidence) == ("positive", 0.85)
    assert praise.score == pytest.approx(0.8)
    assert (praise.detected_language, praise.analysed_with) == ("en", VERSION)
    assert praise.analysed_at is not None


def test_stored_aspects_are_exact_spans_of_the_text(owner: Caller) -> None:
    write(owner, "A", PRAISE, f"<p>{BLAME}</p> \U0001f600 The quality is awful.")
    run(owner)
    spans = [(review, each) for review in Review.objects.all() for each in review.aspects]
    assert spans
    for review, each in spans:
        source = review.title if each["source"] == "title" else review.body
        assert source[each["start"] : each["end"]] == each["text"]


def test_aspects_are_counted_per_review_and_quoted(owner: Caller) -> None:
    *_, other = write(owner, "A", PRAISE, PRAISE.replace("love", "really love"), "The quality is awful.")
    result = result_of(run(owner))
    for part in (result["overall"], result["skus"][0]):
        [quality] = [each for each in part["praised"] if each["aspect"] == "quality"]
        assert (quality["positive_count"], quality["negative_count"]) == (2, 1)
        assert all(each["text"] in PRAISE.replace("love", "really love") + PRAISE for each in quality["quotes"])
        [quality] = [each for each in part["criticised"] if each["aspect"] == "quality"]
        [quote] = quality["quotes"]
        assert (quote["sku"], quote["external_id"]) == ("A", other.external_id)
        assert quote["text"] in other.body


def test_a_long_passage_is_quoted_by_its_beginning(owner: Caller) -> None:
    write(owner, "A", "The quality is great " + "and so on and on " * 5000)
    result = result_of(run(owner))
    texts = [quote["text"] for part in result["overall"]["praised"] for quote in part["quotes"]]
    assert all(len(text) <= LONGEST_QUOTE for text in texts)
    assert len(orjson.dumps(result)) < 10_000


def test_a_passage_that_many_wrote_is_quoted_once(owner: Caller) -> None:
    write(owner, "A", *["The quality is great."] * 5)
    [quality] = result_of(run(owner))["overall"]["praised"]
    assert quality["positive_count"] == 5
    assert len({quote["text"] for quote in quality["quotes"]}) == len(quality["quotes"])


def test_only_new_reviews_are_analysed_and_all_are_counted(owner: Caller, scorer: Keywords) -> None:
    write(owner, "A", PRAISE, BLAME)
    run(owner)
    write(owner, "A", PRAISE)
    result = result_of(run(owner))
    assert (result["processed_count"], result["overall"]["review_count"]) == (1, 3)
    assert set(scorer.seen.values()) == {1}
    result = result_of(run(owner))
    assert (result["processed_count"], result["updated_count"], result["overall"]["review_count"]) == (0, 0, 3)


def test_another_version_of_the_model_makes_all_new(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    write(owner, "A", PRAISE, BLAME)
    run(owner)
    monkeypatch.setattr("workers.sentiment.scoring.load", lambda: Keywords("keywords-2"))
    result = result_of(run(owner, limit=1))
    assert (result["processed_count"], result["remaining_count"]) == (1, 1)
    # What another version has said is not mixed with what this one says.
    assert result["overall"]["review_count"] == 1


def test_reanalyze_takes_all_once_more(owner: Caller, scorer: Keywords) -> None:
    write(owner, "A", PRAISE, BLAME)
    run(owner)
    result = result_of(run(owner, reanalyze=True))
    assert (result["processed_count"], result["updated_count"], result["remaining_count"]) == (2, 2, 0)
    assert set(scorer.seen.values()) == {2}


def test_with_a_limit_reanalyze_goes_on_with_those_analysed_longest_ago(owner: Caller, scorer: Keywords) -> None:
    write(owner, "A", *[PRAISE] * 3)
    run(owner)
    for _ in range(3):
        run(owner, limit=1, reanalyze=True)
    assert set(scorer.seen.values()) == {2}


def test_the_newest_come_first_where_a_limit_leaves_some(owner: Caller) -> None:
    [undated] = write(owner, "A", PRAISE, created_at=None)
    [old] = write(owner, "A", PRAISE, created_at=day(1))
    [new] = write(owner, "B", PRAISE, created_at=day(2))
    assert [result_of(run(owner, limit=1))["remaining_count"] for _ in range(3)] == [2, 1, 0]
    assert list(Review.objects.order_by("analysed_at")) == [new, old, undated]


def test_since_leaves_earlier_and_undated_reviews_as_they_are(owner: Caller) -> None:
    owner.tenant.timezone = "Asia/Tokyo"
    owner.tenant.save()
    # In Tokyo the 10th begins at 15:00 of the 9th in UTC.
    write(owner, "A", PRAISE, created_at=datetime(2026, 3, 9, 14, 59, tzinfo=UTC))
    [counted] = write(owner, "A", BLAME, created_at=datetime(2026, 3, 9, 15, tzinfo=UTC))
    write(owner, "A", PRAISE, created_at=None)
    result = result_of(run(owner, since="2026-03-10"))
    assert (result["processed_count"], result["remaining_count"], result["overall"]["review_count"]) == (1, 0, 1)
    assert list(Review.objects.exclude(analysed_with="")) == [counted]


@pytest.mark.parametrize("since", ["0001-01-01", "9999-12-31"])
def test_since_may_be_any_day(owner: Caller, since: str) -> None:
    write(owner, "A", PRAISE)
    assert result_of(run(owner, since=since))["processed_count"] == (1 if since < "2026" else 0)
    run(owner)
    assert result_of(run(owner, since=since))["processed_count"] == 0


def test_skus_are_those_asked_for_and_skipped_names_the_others(
    owner: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(owner, "A", PRAISE)
    write(owner, "B", PRAISE)
    product(owner, "EMPTY")
    result = result_of(run(owner, "EMPTY", "A", "NOBODY"))
    assert [each["sku"] for each in result["skus"]] == ["A"]
    assert [(each["sku"], each["reason"]) for each in result["skipped"]] == [
        ("EMPTY", "NO_REVIEWS"),
        ("NOBODY", "UNKNOWN_SKU"),
    ]
    assert (result["sku_count"], still_new()) == (1, 1)


def test_a_sku_beyond_the_limit_is_named(owner: Caller) -> None:
    write(owner, "A", PRAISE, created_at=day(2))
    write(owner, "B", PRAISE, created_at=day(1))
    result = result_of(run(owner, "A", "B", limit=1))
    assert [(each["sku"], each["reason"]) for each in result["skipped"]] == [("B", "NOT_ANALYSED")]


def test_a_job_about_nothing_that_is_known_fails(owner: Caller) -> None:
    product(owner, "A", "etsy")
    for skus in (["A", "B"], []):
        job = run(owner, *skus)
        assert (job.status, job.error_code) == ("failed", "NO_MATCHING_SKUS")


def test_products_without_reviews_are_no_failure(owner: Caller) -> None:
    product(owner, "A")
    result = result_of(run(owner))
    assert (result["processed_count"], result["sku_count"], result["windows"]) == (0, 0, None)
    assert result["overall"]["mean_score"] is None


def test_other_tenants_and_marketplaces_are_left_alone(owner: Caller, outsider: Caller, scorer: Keywords) -> None:
    write(owner, "A", PRAISE)
    write(owner, "A", BLAME, marketplace="etsy")
    write(outsider, "A", BLAME)
    for skus in ([], ["A"]):
        result = result_of(run(owner, *skus))
        assert (result["overall"]["review_count"], result["overall"]["negative_count"]) == (1, 0)
    assert scorer.seen == {1: 1}
    assert still_new() == 2


def test_reviews_without_text_or_in_other_languages_have_no_label_and_are_counted(owner: Caller) -> None:
    german = "Das ist der schlechteste Artikel, den ich je gekauft habe, und er war nach einer Woche kaputt."
    write(owner, "A", german, PRAISE)
    [empty] = write(owner, "A", " ")
    Review.objects.filter(pk=empty.pk).update(title="")
    result = result_of(run(owner))
    overall = result["overall"]
    assert (overall["review_count"], overall["positive_count"]) == (3, 1)
    assert overall["negative_count"] + overall["neutral_count"] == 0
    assert (overall["flags"]["unsupported_language"], overall["flags"]["no_text"]) == (1, 1)
    assert result["unsupported_languages"] == [{"language": "de", "review_count": 1}]
    assert Review.objects.get(body=german).label == ""
    assert result_of(run(owner))["processed_count"] == 0


def test_ratings_that_contradict_the_text_are_counted(owner: Caller) -> None:
    write(owner, "A", BLAME, rating=5)
    write(owner, "A", PRAISE, rating=None)
    overall = result_of(run(owner))["overall"]
    assert (overall["flags"]["rating_text_mismatch"], overall["mean_rating"]) == (1, 5.0)


def test_a_large_catalogue_keeps_the_result_small(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reporting, "MOST_SKUS", 3)
    monkeypatch.setattr(reporting, "MOST_DETAILED", 2)
    for number in range(5):
        write(owner, f"S{number}", *[PRAISE] * (5 - number))
    result = result_of(run(owner))
    assert (result["sku_count"], result["overall"]["review_count"]) == (5, 15)
    assert [(each["sku"], bool(each["praised"])) for each in result["skus"]] == [
        ("S0", True),
        ("S1", True),
        ("S2", False),
    ]


def test_the_admin_shows_the_result_as_tables(owner: Caller) -> None:
    write(owner, "A", PRAISE, "The quality is awful.")
    text = orjson.dumps(result_of(run(owner))).decode()
    titles = {table.title: table for table in documents.tables(text)}
    assert {"", "skus", "skus › praised", "skus › criticised"} <= titles.keys()
    fields = {row[0].text: row[1].text for row in titles[""].rows}
    assert (fields["model.name"], fields["overall.review_count"], fields["overall.flags.no_text"]) == (
        "keywords",
        "2",
        "0",
    )


def test_params_are_checked_when_a_job_is_dispatched(owner: Caller) -> None:
    product(owner, "A")

    def answer(**params: object) -> int:
        body = {"type": "review_sentiment", "params": {"marketplace": MARKETPLACE, **params}}
        status: int = owner.post("/api/ai-jobs", body).status_code
        return status

    assert answer(all=True, since="2026-03-01", limit=100_000, reanalyze=True) == 201
    for wrong in ({"limit": 100_001}, {"limit": 0}, {"since": "yesterday"}, {"reanalyze": 1}, {"skus": ["A"]}):
        assert answer(**{"all": True, **wrong}) == 422
    assert answer(all=True, marketplace="nowhere") >= 400
