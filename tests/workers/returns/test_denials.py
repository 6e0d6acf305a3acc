"""What a comment says is not so is nobody's reason; complaints that have a "not" in them stay complaints."""

from workers.returns.classifying import Classification, ReturnText, classify
from workers.returns.reasons import Reason

R = Reason
# All that these say is denied.
NOTHING_ELSE = [
    "Not defective",
    "It is not broken.",
    "Item was not damaged",
    "Not missing any parts",
    "Nothing is missing",
    "No damage, no defects",
    "Wasn't late",
    "It isn't too small",
    "Never late, never broken",
    "It did not break",
    "There were no missing pieces",
    "Not because of a defect",
    "Neither broken nor missing parts",
    "The zipper isn't broken",
    "not damaged when it arrived",
    "None of the parts are missing",
]
BESIDE_WHAT_IS_DENIED = [
    (R.TOO_LARGE, "It is not too small, it is too large"),
    (R.TOO_SMALL, "Not too big, too small"),
    (R.TOO_LARGE, "wasnt damaged or anything, way too big"),
    (R.TOO_SMALL, "Didn't arrive late or broken, it's just too tight"),
    (R.TOO_SMALL, "Doesn't smell, doesn't leak, it is too small"),
    (R.CHANGED_MIND, "Nothing wrong with it, I just don't need it anymore"),
    (R.CHANGED_MIND, "No parts missing, simply no longer wanted"),
    (R.CHANGED_MIND, "product isnt faulty just dont need it"),
    (R.CHANGED_MIND, "I am not returning it because it is defective. I changed my mind"),
    (R.BETTER_PRICE, "Not returning because it is broken, found a better price"),
    (R.DEFECTIVE, "I did not order this by mistake, it does not turn on"),
    (R.DEFECTIVE, "I did not change my mind, it does not turn on"),
    (R.DEFECTIVE, "Not late, not damaged, just stopped working after a day"),
    (R.WRONG_ITEM_SENT, "Not damaged but you sent the wrong item"),
    (R.MISSING_PARTS, "It's not broken, but two screws are missing"),
    (R.MISSING_PARTS, "The parcel was not damaged, the charger was not in the box"),
    (R.POOR_QUALITY, "It isn't defective, the fabric is just thin and cheap"),
    (R.NOT_AS_DESCRIBED, "Not the wrong item, but it is nothing like the photos"),
    (R.STYLE_OR_COLOR, "It's not too small or too large, I just don't like the color"),
    (R.NOT_COMPATIBLE, "It isn't broken, it just doesn't work with my iPhone 12"),
    (R.DAMAGED_IN_TRANSIT, "Not a defect: the box was crushed by UPS"),
    (R.LATE_DELIVERY, "I didn't change my mind, it arrived after the birthday"),
    (R.ORDERED_BY_MISTAKE, "Not defective. I ordered two by accident."),
]
COMPLAINTS_WITH_A_NOT = [
    (R.DEFECTIVE, "does not work"),
    (R.DEFECTIVE, "no sound from left speaker"),
    (R.DEFECTIVE, "not only broken but the motor smokes"),
    (R.DEFECTIVE, "I can not use a defective charger"),
    (R.DEFECTIVE, "no, it is defective"),
    (R.DEFECTIVE, "not working, faulty"),
    (R.NOT_AS_DESCRIBED, "not as described"),
    (R.MISSING_PARTS, "did not come with charger"),
    (R.MISSING_PARTS, "no manual, missing parts"),
    (R.MISSING_PARTS, "not all parts there, missing lid"),
    (R.TOO_SMALL, "not big enough"),
    (R.TOO_SMALL, "No way, too small"),
    (R.TOO_SMALL, "I did not know it was too small"),
    (R.LATE_DELIVERY, "did not arrive on time"),
    (R.LATE_DELIVERY, "No excuse, arrived late"),
    (R.POOR_QUALITY, "not good quality"),
    (R.POOR_QUALITY, "It does not smell good"),
    (R.CHANGED_MIND, "nothing wrong with it"),
    (R.WRONG_ITEM_SENT, "This is not what I ordered, wrong item"),
    (R.WRONG_ITEM_SENT, "they sent wrong color"),
    (R.DAMAGED_IN_TRANSIT, "did not notice at first that it was damaged in shipping"),
    (R.ORDERED_BY_MISTAKE, "did not mean to order, ordered by mistake"),
]


def found(comments: list[str], code: str = "") -> list[Classification]:
    return classify([ReturnText(code, comment) for comment in comments])


def wrong(table: list[tuple[Reason, str]]) -> list[tuple[str, str]]:
    said = found([comment for _, comment in table])
    rows = zip(table, said, strict=True)
    return [(comment, each.reason) for (reason, comment), each in rows if each.reason != reason]


def test_where_all_is_denied_the_comment_says_no_reason() -> None:
    said = found(NOTHING_ELSE)
    assert [(each.reason, each.source) for each in said] == [(R.OTHER, "none")] * len(said)
    assert {(each.reason, each.source) for each in found(NOTHING_ELSE, "UNWANTED_ITEM")} == {(R.CHANGED_MIND, "code")}


def test_what_is_said_beside_it_is_the_reason() -> None:
    assert wrong(BESIDE_WHAT_IS_DENIED) == []


def test_complaints_are_not_taken_for_denials() -> None:
    assert wrong(COMPLAINTS_WITH_A_NOT) == []


def test_what_is_denied_is_neither_evidence_nor_a_second_guess() -> None:
    comment = "No parts missing, simply no longer wanted"
    [each] = found([comment])
    assert (each.evidence, each.second) == ("simply no longer wanted", None)
    assert comment[each.start : each.end] == each.evidence


def test_one_clear_clause_decides_where_the_whole_is_unclear() -> None:
    [each] = found(["It works perfectly but it is too large"])
    assert (each.reason, each.evidence) == (R.TOO_LARGE, "it is too large")
