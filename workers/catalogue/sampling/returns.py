"""Returns of the sample: what comes back some days after it was sold, with a code, and half of it with a comment."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random

from workers.catalogue.sampling.manners import as_typed
from workers.catalogue.sampling.shop import (
    DAYS,
    FLICKERING,
    FLICKERING_DAYS,
    SERIAL_DAYS,
    SERIAL_RETURNER,
    SHRUNK,
    SHRUNK_DAYS,
    History,
    csv_line,
    date_of,
    is_lately,
)
from workers.catalogue.sampling.texts import Writer, one_of

HEADER = "return_id,order_id,sku,date,quantity,reason_code,comment,disposition,buyer_id"
# How often each reason is the true one, and the codes of Amazon that people choose then.
REASONS = {
    "too_small": 10.0,
    "too_large": 7.0,
    "style_or_color": 9.0,
    "defective": 13.0,
    "damaged_in_transit": 8.0,
    "wrong_item_sent": 4.0,
    "missing_parts": 4.0,
    "not_as_described": 8.0,
    "poor_quality": 8.0,
    "not_compatible": 6.0,
    "late_delivery": 4.0,
    "better_price": 4.0,
    "changed_mind": 9.0,
    "ordered_by_mistake": 5.0,
    "other": 1.0,
}
CODES = {
    "too_small": ("APPAREL_TOO_SMALL", "AMZ-PG-APP-TOO-SMALL"),
    "too_large": ("APPAREL_TOO_LARGE", "AMZ-PG-APP-TOO-LARGE"),
    "style_or_color": ("APPAREL_STYLE", "DID_NOT_LIKE_COLOR"),
    "defective": ("DEFECTIVE",),
    "damaged_in_transit": ("DAMAGED_BY_CARRIER", "DAMAGED_BY_FC"),
    "wrong_item_sent": ("RECEIVED_WRONG_ITEM", "SWITCHEROO"),
    "missing_parts": ("MISSING_PARTS",),
    "not_as_described": ("NOT_AS_DESCRIBED", "AMZ-PG-BAD-DESC"),
    "poor_quality": ("QUALITY_UNACCEPTABLE",),
    "not_compatible": ("NOT_COMPATIBLE", "PART_NOT_COMPATIBLE"),
    "late_delivery": ("MISSED_ESTIMATED_DELIVERY",),
    "better_price": ("FOUND_BETTER_PRICE",),
    "changed_mind": ("UNWANTED_ITEM",),
    "ordered_by_mistake": ("ORDERED_WRONG_ITEM", "MISORDERED", "UNAUTHORIZED_PURCHASE"),
    "other": ("UNKNOWN_OTHER_REASON", "NO_REASON_GIVEN"),
}
ALL_CODES = tuple(code for codes in CODES.values() for code in codes)
# In what state it comes back. Everything else can mostly be sold again.
DISPOSITIONS = {
    "defective": {"DEFECTIVE": 8.0, "CUSTOMER_DAMAGED": 1.0, "SELLABLE": 1.0},
    "damaged_in_transit": {"CARRIER_DAMAGED": 8.0, "DAMAGED": 2.0},
    "poor_quality": {"DEFECTIVE": 3.0, "SELLABLE": 7.0},
}
USUAL_DISPOSITIONS = {"SELLABLE": 9.0, "CUSTOMER_DAMAGED": 1.0}
# The share of the units that come back: around this, and of the products that have gone wrong.
USUAL_RATE, RATES = 0.02, {FLICKERING: 0.035, SHRUNK: 0.075}
FLICKERING_RATE = 0.16
UNCODED, MISCODED, SILENT, ABROAD, TALKATIVE, DOUBLE, SERIAL = 0.05, 0.06, 0.45, 0.03, 0.08, 0.03, 0.022
CUSTOMERS = 25_000


@dataclass(frozen=True, slots=True)
class Case:
    """Why and when somebody sends something back. `section` has the templates of the comment."""

    day: int
    reason: str
    section: str
    buyer: str


def return_rows(histories: list[History], random: Random, last: date) -> Iterator[str]:
    """Lines of CSV, with their header."""
    yield HEADER
    number = 0
    for history in histories:
        writer = Writer(random, "returns.txt", history.item)
        for case in _cases(history, random):
            number += 1
            yield _line(random, f"RMA-{number:05d}", history.item.sku, case, writer, date_of(case.day, last))


def _cases(history: History, random: Random) -> Iterator[Case]:
    sku = history.item.sku
    rate = RATES.get(sku, USUAL_RATE * random.lognormvariate(0, 0.4))
    for sold in history.sold_units():
        if sku == FLICKERING and is_lately(sold, FLICKERING_DAYS) and random.random() < FLICKERING_RATE:
            # People find out soon.
            case = _case(random, sold + 2 + int(random.expovariate(1 / 4)), "defective", "defective flickering")
        elif random.random() < rate:
            case = _usual(random, sku, sold + 3 + int(random.expovariate(1 / 9)))
        else:
            continue
        if case.day < DAYS:
            yield case


def _usual(random: Random, sku: str, day: int) -> Case:
    shrunk = sku == SHRUNK and is_lately(day, SHRUNK_DAYS) and random.random() < 0.6
    reason = "too_small" if shrunk else one_of(random, REASONS)
    return _case(random, day, reason, reason)


def _case(random: Random, day: int, reason: str, section: str) -> Case:
    if is_lately(day, SERIAL_DAYS) and random.random() < SERIAL:
        reason = section = random.choice(("changed_mind", "not_as_described", "poor_quality"))
        return Case(day, reason, section, SERIAL_RETURNER)
    return Case(day, reason, section, f"C-{50_000 + random.randrange(CUSTOMERS)}")


def _line(random: Random, number: str, sku: str, case: Case, writer: Writer, day: date) -> str:
    code = _code(random, case.reason)
    return csv_line(
        number,
        f"11{random.randrange(1, 5)}-{random.randrange(10**7):07d}-{random.randrange(10**7):07d}",
        sku,
        day.isoformat(),
        2 if random.random() < DOUBLE else 1,
        code,
        # Who leaves out both says nothing at all.
        "" if code and random.random() < SILENT else _comment(random, writer, case),
        one_of(random, DISPOSITIONS.get(case.reason, USUAL_DISPOSITIONS)),
        case.buyer,
    )


def _code(random: Random, reason: str) -> str:
    drawn = random.random()
    if drawn < UNCODED:
        return ""
    return random.choice(ALL_CODES if drawn < UNCODED + MISCODED else CODES[reason])


def _comment(random: Random, writer: Writer, case: Case) -> str:
    if random.random() < ABROAD:
        return writer.write(f"{case.reason} abroad")
    comment = writer.write(case.section)
    if random.random() < TALKATIVE:
        comment = f"{comment.rstrip('.')}. {writer.write('more')}"
    return as_typed(random, comment)
