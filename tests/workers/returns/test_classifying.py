"""Why things were returned: codes and comments together."""

import csv
import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import strategies as st

from tests.drawing import draws
from workers.returns import reading
from workers.returns.classifying import Classification, ReturnText, classify
from workers.returns.reasons import REASONS, Reason

DATA = Path(__file__).parent / "data"


def held_out() -> list[tuple[Reason, str]]:
    with (DATA / "held_out.tsv").open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [(Reason(row["reason"]), row["comment"]) for row in rows]


def one(comment: str, code: str = "") -> Classification:
    [found] = classify([ReturnText(code, comment)])
    return found


def macro_f1(pairs: list[tuple[str, str]]) -> float:
    """Of pairs of the right reason and the one that was found."""
    scores = []
    for reason in REASONS:
        both = sum(right == found == reason for right, found in pairs)
        total = sum((right == reason) + (found == reason) for right, found in pairs)
        scores.append(2 * both / total)
    return sum(scores) / len(scores)


def test_comments_that_it_has_not_learned_from_are_classified() -> None:
    rows = held_out()
    found = classify([ReturnText("", comment) for _, comment in rows])
    pairs = [(reason.value, each.reason) for (reason, _), each in zip(rows, found, strict=True)]
    assert macro_f1(pairs) >= 0.85


def test_the_ngrams_alone_still_tell_most(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = reading.from_files(None)
    monkeypatch.setattr(reading, "load", lambda: alone)
    rows = held_out()
    found = classify([ReturnText("", comment) for _, comment in rows])
    assert alone.version.startswith("ngrams-")
    assert macro_f1([(reason.value, each.reason) for (reason, _), each in zip(rows, found, strict=True)]) >= 0.75


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("to smal", Reason.TOO_SMALL),
        ("dosnt werk", Reason.DEFECTIVE),
        ("WAY TOO BIG!!!!", Reason.TOO_LARGE),
        ("arrived brokn, box crushd", Reason.DAMAGED_IN_TRANSIT),
        ("wrong color sent", Reason.WRONG_ITEM_SENT),
        ("screws missing", Reason.MISSING_PARTS),
        ("found it cheaper at walmart", Reason.BETTER_PRICE),
        ("came 2 weeks late", Reason.LATE_DELIVERY),
        ("ordered by accident", Reason.ORDERED_BY_MISTAKE),
        ("doesnt fit my 2014 f150", Reason.NOT_COMPATIBLE),
        ("no longer needed", Reason.CHANGED_MIND),
        ("not as pictured", Reason.NOT_AS_DESCRIBED),
        ("cheap flimsy junk", Reason.POOR_QUALITY),
        ("<b>Too&nbsp;small</b>", Reason.TOO_SMALL),
    ],
)
def test_short_and_misspelt_comments_are_english_and_read(comment: str, reason: Reason) -> None:
    found = one(comment)
    assert found.reason == reason
    assert found.source == "comment"
    assert found.language in {"en", "und"}


def test_a_clear_comment_decides_against_the_code() -> None:
    found = one("box was crushed and the glass is shattered", "UNWANTED_ITEM")
    assert found.reason == Reason.DAMAGED_IN_TRANSIT
    assert found.code_reason == Reason.CHANGED_MIND
    assert found.code_contradicted
    assert found.source == "comment"


def test_a_comment_that_agrees_makes_the_code_surer() -> None:
    comment = "too small"
    found = one(comment, "APPAREL_TOO_SMALL")
    assert found.reason == Reason.TOO_SMALL
    assert not found.code_contradicted
    assert found.source == "both"
    assert found.confidence >= one("", "APPAREL_TOO_SMALL").confidence


def test_an_unclear_comment_leaves_the_code() -> None:
    found = one("not happy with this", "APPAREL_TOO_SMALL")
    assert found.reason == Reason.TOO_SMALL
    assert not found.code_contradicted


@pytest.mark.parametrize(
    ("code", "comment", "reason"),
    [
        ("DEFECTIVE", "broken", Reason.DEFECTIVE),
        ("DEFECTIVE", "It was BROKEN!", Reason.DEFECTIVE),
        ("DAMAGED_BY_CARRIER", "Item broken", Reason.DAMAGED_IN_TRANSIT),
        ("APPAREL_TOO_SMALL", "wrong size", Reason.TOO_SMALL),
        ("MISORDERED", "Wrong size", Reason.ORDERED_BY_MISTAKE),
        ("APPAREL_STYLE", "wrong color", Reason.STYLE_OR_COLOR),
        ("UNWANTED_ITEM", "Not what I expected", Reason.CHANGED_MIND),
    ],
)
def test_a_comment_that_leaves_open_what_the_code_says_does_not_contradict_it(
    code: str, comment: str, reason: Reason
) -> None:
    found = one(comment, code)
    assert (found.reason, found.code_contradicted) == (reason, False)


@pytest.mark.parametrize("comment", ["Nice product", "The item is good.", "works fine", "I like it", "Love it!!!"])
def test_praise_is_no_reason(comment: str) -> None:
    found = one(comment, "DEFECTIVE")
    assert (found.reason, found.source, found.code_contradicted) == (Reason.DEFECTIVE, "code", False)
    assert one(comment).source == "none"


@pytest.mark.parametrize(
    ("comment", "reason"),
    [
        ("I like it but it is too small", Reason.TOO_SMALL),
        ("not good quality", Reason.POOR_QUALITY),
        ("works great, arrived late", Reason.LATE_DELIVERY),
    ],
)
def test_what_is_said_beside_praise_is_read(comment: str, reason: Reason) -> None:
    assert one(comment).reason == reason


@pytest.mark.parametrize("comment", ["tooo biiiig", "tooooo smaaaall", "so sooooo uglyyyy"])
def test_letters_that_are_drawn_out_are_of_no_other_language(comment: str) -> None:
    assert one(comment).language == "en"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("Item Was Too Small", Reason.TOO_SMALL),
        ("Item is defective", Reason.DEFECTIVE),
        ("I received the wrong product", Reason.WRONG_ITEM_SENT),
        ("It arrived too late", Reason.LATE_DELIVERY),
    ],
)
def test_a_shops_own_reason_is_read_where_it_is_no_code(code: str, reason: Reason) -> None:
    found = one("", code)
    assert (found.reason, found.code_reason, found.source, found.evidence) == (reason, reason, "code", "")
    assert one("changed my mind, no longer needed", code).code_contradicted


def test_a_code_of_two_reasons_is_contradicted_by_neither() -> None:
    found = one("arrived broken, box crushed", "damaged-or-defective")
    assert found.reason == Reason.DAMAGED_IN_TRANSIT
    assert not found.code_contradicted


def test_a_code_without_a_reason_is_never_contradicted() -> None:
    found = one("too small", "NO_REASON_GIVEN")
    assert found.reason == Reason.TOO_SMALL
    assert found.code_reason == Reason.OTHER
    assert not found.code_contradicted


@pytest.mark.parametrize(
    "comment", ["", "   ", "n/a", "N/A", "none", "See above", "…", "...", "👍", "-", "123", "\x00"]
)
def test_a_comment_that_says_nothing_leaves_the_code(comment: str) -> None:
    found = one(comment, "DEFECTIVE")
    assert found.reason == Reason.DEFECTIVE
    assert found.source == "code"
    assert (found.evidence, found.start, found.end) == ("", 0, 0)
    assert not found.code_contradicted


@pytest.mark.parametrize("code", ["", "BLUE_MOON"])
def test_without_code_and_comment_it_is_other_and_unsure(code: str) -> None:
    found = one("", code)
    assert found.reason == Reason.OTHER
    assert found.confidence < 0.1
    assert found.source == "none"
    assert found.code_reason is None
    assert found.second is None


@pytest.mark.parametrize(
    ("comment", "language"),
    [
        ("La talla es demasiado pequeña, no me sirve", "es"),
        ("Das Gerät ist kaputt angekommen und funktioniert nicht", "de"),
        ("Le colis est arrivé trop tard pour l'anniversaire", "fr"),
        ("サイズが小さすぎました", "ja"),
    ],
)
def test_of_other_languages_the_code_decides_and_the_language_is_said(comment: str, language: str) -> None:
    found = one(comment, "UNWANTED_ITEM")
    assert found.reason == Reason.CHANGED_MIND
    assert found.language == language
    assert found.source == "code"
    assert not found.code_contradicted


def test_the_evidence_is_the_clause_that_says_it() -> None:
    comment = "Lovely colour, I wanted to keep it. But the zipper broke the first time I used it."
    found = one(comment)
    assert "zipper broke" in found.evidence
    assert "colour" not in found.evidence
    assert comment[found.start : found.end] == found.evidence


def test_a_second_issue_is_the_second_guess() -> None:
    found = one("Runs way too small. Also it came two weeks late.")
    assert {found.reason, found.second} == {Reason.TOO_SMALL, Reason.LATE_DELIVERY}
    assert found.second_confidence is not None
    assert found.second_confidence <= found.confidence


@draws(30, 3000, st.text(max_size=300), st.text(max_size=30))
def test_any_text_gives_a_reason_and_exact_evidence(comment: str, code: str) -> None:
    found = one(comment, code)
    assert found.reason in set(REASONS)
    assert comment[found.start : found.end] == found.evidence
    assert 0 <= found.confidence <= 1
    assert found.second != found.reason


_WORDS = [
    "too small",
    "broken",
    "late",
    "<b>",
    "&amp;",
    "\n",
    "…",
    "ﬁne",
    "but",
    ",",
    "🙂",
    "\x00",
    "wrong color",
    "8.5",
    " ",
]


@draws(30, 3000, st.lists(st.sampled_from(_WORDS), max_size=12))
def test_evidence_is_exact_in_marked_up_comments(parts: list[str]) -> None:
    comment = " ".join(parts)
    found = one(comment)
    assert comment[found.start : found.end] == found.evidence


@pytest.mark.parametrize(
    "comment", ["too small " * 100_000, "x" * 1_000_000, "," * 1_000_000, "<" * 1_000_000, "é" * 1_000_000]
)
def test_a_comment_of_a_megabyte_is_bounded_work(comment: str) -> None:
    found = one(comment, "DEFECTIVE")
    assert comment[found.start : found.end] == found.evidence
    assert len(found.evidence) <= 4_000


def test_a_return_does_not_depend_on_those_beside_it() -> None:
    rows = [ReturnText("", comment) for _, comment in held_out()[::5]]
    assert classify(rows) == [one(row.comment) for row in rows] == classify(rows[::-1])[::-1]


def test_no_returns_give_no_classifications() -> None:
    assert classify([]) == []


PROGRAM = """
import json, sys
from dataclasses import asdict
from workers.returns.classifying import ReturnText, classify
print(json.dumps([asdict(each) for each in classify([ReturnText(*row) for row in json.load(sys.stdin)])]))
"""


def test_another_process_says_the_same() -> None:
    rows = [["DEFECTIVE", comment] for _, comment in held_out()[::10]]
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=json.dumps(rows), capture_output=True, text=True, check=True
    )
    here = classify([ReturnText(*row) for row in rows])
    assert [Classification(**each) for each in json.loads(ran.stdout)] == here
