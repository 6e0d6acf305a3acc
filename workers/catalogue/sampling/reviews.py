"""Reviews of the sample: what buyers wrote some days after their purchase, with stars that mostly fit the text."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from random import Random
from typing import NamedTuple

from workers.catalogue.sampling.manners import as_html, as_typed
from workers.catalogue.sampling.shop import (
    BREAKING,
    BREAKING_DAYS,
    DAYS,
    History,
    csv_line,
    date_of,
    is_lately,
)
from workers.catalogue.sampling.texts import Writer, one_of
from workers.sentiment.shapes import ASPECTS

HEADER = "sku,external_id,rating,title,body,author,verified,language,created_at"
# Buyers who write a review; of the product that breaks a few more, as people do about what annoys them.
WRITING, WRITING_OF_BREAKING = 0.0135, 0.04
STARS = (5, 4, 3, 2, 1)
# How often each number of stars is given, from five down: to what people like, to what they do not, to what breaks.
LIKED, DISLIKED, BROKEN = (70, 16, 6, 3, 5), (38, 20, 14, 11, 17), (12, 8, 10, 22, 48)
# What is said for and against it with so many stars: the fewest and the most sentences of each.
SENTENCES = {5: ((1, 3), (0, 0)), 4: ((1, 3), (0, 1)), 3: ((0, 1), (0, 1)), 2: ((0, 1), (1, 2)), 1: ((0, 0), (1, 3))}
LEANING = {5: "positive", 4: "positive", 3: "neutral", 2: "negative", 1: "negative"}
# What kind of a review it is.
KINDS = {"ordinary": 65.0, "short": 20.0, "long": 8.0, "abroad": 4.0, "safety": 1.5, "spam": 1.5}
LANGUAGES = {"german": 2.0, "french": 1.0, "spanish": 2.0}
UNRATED, MISMATCHED, UNTITLED, WITH_EMOJI, IN_HTML, UNVERIFIED = 0.03, 0.015, 0.2, 0.1, 0.04, 0.12
NAMES = (
    "Alex",
    "Ben",
    "Carla",
    "Dana",
    "Emma",
    "Finn",
    "Grace",
    "Hugo",
    "Ines",
    "Jack",
    "Kim",
    "Liam",
    "Mia",
    "Noah",
)
ID_LETTERS = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class Text(NamedTuple):
    title: str
    body: str


def review_rows(histories: list[History], random: Random, last: date) -> Iterator[str]:
    """Lines of CSV, with their header."""
    yield HEADER
    for history in histories:
        yield from _of_product(history, random, last)


def _of_product(history: History, random: Random, last: date) -> Iterator[str]:
    sku = history.item.sku
    liked = random.betavariate(3, 1)
    stars = [liked * many + (1 - liked) * few for many, few in zip(LIKED, DISLIKED, strict=True)]
    writer = Writer(random, "reviews.txt", history.item)
    share = WRITING_OF_BREAKING if sku == BREAKING else WRITING
    for sold in history.sold_units():
        if random.random() < share and (day := sold + 3 + int(random.expovariate(1 / 8))) < DAYS:
            breaks = sku == BREAKING and is_lately(day, BREAKING_DAYS)
            rating = random.choices(STARS, BROKEN if breaks else stars)[0]
            text = _broken(random, writer, rating) if breaks and rating <= 2 else _text(random, writer, rating)
            yield _line(random, sku, rating, text, _moment(random, date_of(day, last)))


def _line(random: Random, sku: str, rating: int, text: Text, written: datetime) -> str:
    # Some give five stars to what they complain about, and one to what they praise.
    given = 6 - rating if random.random() < MISMATCHED else rating
    return csv_line(
        sku,
        "R" + "".join(random.choices(ID_LETTERS, k=13)),
        "" if random.random() < UNRATED else given,
        "" if random.random() < UNTITLED else text.title,
        text.body,
        f"{random.choice(NAMES)} {random.choice(ID_LETTERS[10:])}.",
        "no" if random.random() < UNVERIFIED else "yes",
        "",
        written.isoformat() + "Z",
    )


def _moment(random: Random, day: date) -> datetime:
    return datetime.combine(day, time.min) + timedelta(seconds=random.randrange(86_400))


def _text(random: Random, writer: Writer, rating: int) -> Text:
    leaning = LEANING[rating]
    match one_of(random, KINDS):
        case "short":
            return Text(writer.write(f"title {leaning}"), as_typed(random, writer.write(f"short {leaning}")))
        case "abroad":
            language = one_of(random, LANGUAGES)
            return Text("", writer.write(f"{language} {'positive' if rating >= 3 else 'negative'}"))
        case "safety" if rating <= 2:
            sentences = [writer.write("safety"), *_sentences(random, writer, rating)]
        case "spam":
            return Text(writer.write("title positive"), writer.write("spam"))
        case "long":
            sentences = _sentences(random, writer, rating, long=True)
        case _:
            sentences = _sentences(random, writer, rating)
    return Text(writer.write(f"title {leaning}"), _body(random, writer, leaning, sentences))


def _broken(random: Random, writer: Writer, rating: int) -> Text:
    """A review of somebody whose lunch flask has broken."""
    sentences = [writer.write("durability negative"), writer.write("quality negative")]
    sentences += _sentences(random, writer, rating)[: random.randrange(3)]
    return Text(writer.write("title negative"), _body(random, writer, "negative", sentences))


def _sentences(random: Random, writer: Writer, rating: int, *, long: bool = False) -> list[str]:
    """What somebody says who gives so many stars. In a long review it is about more, and two sentences on each."""
    times = 2 if long else 1
    praised, criticised = (random.randint(low, high) * times for low, high in SENTENCES[rating])
    aspects = random.sample(ASPECTS, praised + criticised)
    praise = _different(writer.write(f"{aspect} positive") for aspect in aspects[:praised] * times)
    # Who is content finds fault with details only.
    faults = ["quibble" if rating >= 4 else f"{aspect} negative" for aspect in aspects[praised:]]
    criticism = _different(writer.write(fault) for fault in faults * times)
    middle = _joined(writer, praise, criticism) if rating >= 3 else _joined(writer, criticism, praise)
    if rating == 3:
        return [writer.write("lukewarm"), *middle]
    opening, ending = (_perhaps(random, writer, f"{part} {LEANING[rating]}") for part in ("opening", "ending"))
    return [*opening, *middle, *ending]


def _different(sentences: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(sentences))


def _joined(writer: Writer, first: list[str], second: list[str]) -> list[str]:
    if not first or not second:
        return first + second
    return [*first[:-1], writer.join(first[-1], second[0][0].lower() + second[0][1:]), *second[1:]]


def _perhaps(random: Random, writer: Writer, section: str) -> list[str]:
    return [writer.write(section)] if random.random() < 0.4 else []


def _body(random: Random, writer: Writer, leaning: str, sentences: list[str]) -> str:
    if leaning != "neutral" and random.random() < WITH_EMOJI:
        sentences = [*sentences, writer.write(f"emoji {leaning}")]
    if random.random() < IN_HTML:
        return as_html(random, sentences)
    # Who writes much makes paragraphs.
    return as_typed(random, ("\n\n" if len(sentences) > 6 and random.random() < 0.3 else " ").join(sentences))
