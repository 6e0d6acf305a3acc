"""The texts that the models learn from, out of ../shared/data: each with a distribution over its labels and a weight.

What is held out is never learned from, by any model: every sixth whole review, and every fifth sentence of imdb, yelp
and the snippets. `held_out` gives it back for the figures of the model card.
"""

import json
import math
import random
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

Distribution = tuple[float, float, float]
"""Negative, neutral, positive."""

NEGATIVE, NEUTRAL, POSITIVE = (0.97, 0.02, 0.01), (0.1, 0.8, 0.1), (0.01, 0.02, 0.97)
STARS: dict[int, Distribution] = {
    1: (0.97, 0.02, 0.01),
    2: (0.8, 0.18, 0.02),
    3: (0.14, 0.72, 0.14),
    4: (0.02, 0.15, 0.83),
    5: (0.01, 0.02, 0.97),
}
# How many reviews are put together from sentences.
MIXED, JOINED = 5000, 20_000
# The products of customer_review_aspects whose sentences amazonReviewSnippets has as well.
SHARED_PRODUCTS = ("Apex", "Canon_G3", "Creative", "Nikon_coolpix_4300", "Nokia_6610")


@dataclass(frozen=True, slots=True)
class Example:
    text: str
    labels: Distribution
    source: str
    weight: float = 1.0


def whole(title: str, body: str) -> str:
    """A review as the models read it."""
    body = re.sub(r"<[^>]+>", " ", unescape(body))
    title = unescape(title)
    return f"{title}{'' if title[-1:] in '.!?' else '.'} {body}" if title else body


def learned(data: Path, seed: int) -> list[Example]:
    """Everything to learn from, shuffled."""
    draw = random.Random(seed)
    examples = [
        *_reviews(data),
        *_phrases(data),
        *_labelled(data),
        *_snippets(data),
        *_aspect_sentences(data),
        *_clauses(data),
    ]
    examples += _mixed(examples, draw)
    draw.shuffle(examples)
    return examples


def held_out(data: Path) -> dict[str, list[Example]]:
    """By set: texts with certain labels, for figures."""
    sets: dict[str, list[Example]] = defaultdict(list)
    for number, (rating, title, body) in enumerate(_rated(data)):
        if number % 6 == 0:
            labels = (float(rating < 3), float(rating == 3), float(rating > 3))
            sets["fine_foods"].append(Example(whole(title, body), labels, "fine_foods"))
    for name in ("imdb", "yelp"):
        for number, (text, positive) in enumerate(_sentences(data, name)):
            if number % 5 == 0:
                sets[name].append(Example(text, (1.0 - positive, 0.0, float(positive)), name))
    for name in ("amazon", "movie"):
        for number, (mean, text) in enumerate(_rated_snippets(data, name)):
            if number % 5 == 0:
                labels = (float(mean <= -1), float(-1 < mean < 1), float(mean >= 1))
                sets[f"{name}_snippets"].append(Example(text, labels, name))
    return sets


def unlabelled(data: Path, seed: int) -> list[str]:
    """Texts and sentences of all sources, none of them held out: the fast model learns the encoder's view."""
    sentences = list(_sentences_of_all(data))
    texts = [whole(title, body) for number, (_, title, body) in enumerate(_rated(data)) if number % 6]
    texts += sentences + _joined(sentences, random.Random(seed))
    return list(dict.fromkeys(texts))


def _sentences_of_all(data: Path) -> Iterator[str]:
    for number, (_, title, body) in enumerate(_rated(data)):
        if number % 6:
            yield from _split(body)
            if title:
                yield title
    for example in (*_phrases(data), *_labelled(data), *_snippets(data), *_aspect_sentences(data), *_clauses(data)):
        yield example.text
    for name in ("opinosis", "mams_aspects"):
        for line in _lines(data / f"reviews/{name}.jsonl"):
            yield str(json.loads(line)["sentence"])


def _joined(sentences: list[str], draw: random.Random) -> list[str]:
    """Reviews of sentences that do not belong together: there are many more of them than real ones."""
    ended = [text if text[-1:] in ".!?" else f"{text}." for text in sentences]
    return [" ".join(draw.sample(ended, draw.randint(2, 7))) for _ in range(JOINED)]


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8", errors="replace").splitlines()


def _split(body: str) -> list[str]:
    parts = re.split(r"(?<=[.!?])\s+", re.sub(r"<[^>]+>", " ", unescape(body)))
    return [part for part in parts if len(part.split()) > 2]


def _rated(data: Path) -> Iterator[tuple[int, str, str]]:
    for line in _lines(data / "reviews/fine_foods.jsonl"):
        row = json.loads(line)
        yield int(row["rating"]), str(row["title"]), str(row["body"])


def _reviews(data: Path) -> Iterator[Example]:
    """Good reviews are five times as many as bad ones: those come once more without their title, and as a title."""
    for number, (rating, title, body) in enumerate(_rated(data)):
        if number % 6 == 0:
            continue
        labels = STARS[rating]
        yield Example(whole(title, body), labels, "fine_foods", 1.0 if rating == 5 else 1.5)
        if rating < 4:
            yield Example(whole("", body), labels, "fine_foods", 1.5)
        if rating in (1, 2, 5) and len(title.split()) > 1:
            yield Example(title, labels, "fine_foods", 0.4)


def _phrases(data: Path) -> Iterator[Example]:
    for line in _lines(data / "reviews/pros_cons.tsv"):
        label, text = line.split("\t", 1)
        text = unescape(text).strip()
        if text:
            labels = (0.06, 0.06, 0.88) if label == "1" else (0.88, 0.06, 0.06)
            yield Example(text, labels, "pros_cons", 0.6)


def _sentences(data: Path, name: str) -> Iterator[tuple[str, int]]:
    for line in _lines(data / f"sentiment/{name}_labelled.txt"):
        text, _, label = line.rpartition("\t")
        if label.strip() in ("0", "1") and text.strip():
            yield text.strip(), int(label)


def _labelled(data: Path) -> Iterator[Example]:
    for name in ("imdb", "yelp"):
        for number, (text, positive) in enumerate(_sentences(data, name)):
            if number % 5:
                yield Example(text, POSITIVE if positive else NEGATIVE, name, 1.5)


def _rated_snippets(data: Path, name: str) -> Iterator[tuple[float, str]]:
    for line in _lines(data / f"sentiment/{name}ReviewSnippets_GroundTruth.txt"):
        parts = line.split("\t")
        if len(parts) == 3:
            yield float(parts[1]), parts[2]


def _graded(mean: float) -> Distribution:
    """From a mean of twenty people's ratings between -4 and 4: neutral around zero, certain from about 2 on."""
    neutral = 0.9 * math.exp(-((mean / 0.8) ** 2)) + 0.02
    positive = (1 - neutral) / (1 + math.exp(-3 * mean))
    return 1 - neutral - positive, neutral, positive


def _snippets(data: Path) -> Iterator[Example]:
    for name in ("amazon", "movie"):
        for number, (mean, text) in enumerate(_rated_snippets(data, name)):
            if number % 5:
                yield Example(text, _graded(mean), f"{name}_snippets", 1.0 if name == "amazon" else 0.8)


def _aspect_sentences(data: Path) -> Iterator[Example]:
    """Sentences of products whose sentences are in no other set."""
    for line in _lines(data / "reviews/customer_review_aspects.jsonl"):
        row = json.loads(line)
        if row["product"].startswith(SHARED_PRODUCTS):
            continue
        strengths = [each["strength"] * (1 if each["polarity"] == "+" else -1) for each in row["aspects"]]
        if not strengths:
            yield Example(row["sentence"], NEUTRAL, "customer_reviews", 0.3)
        elif min(strengths) > 0:
            yield Example(row["sentence"], POSITIVE, "customer_reviews")
        elif max(strengths) < 0:
            yield Example(row["sentence"], NEGATIVE, "customer_reviews")
        else:
            yield Example(row["sentence"], (0.4, 0.2, 0.4), "customer_reviews", 0.5)


_BETWEEN_CLAUSES = re.compile(
    r"\s*(?:[,;]\s*)?\b(?:but|however|although|though|while|yet)\b\s*|\s*;\s*|,\s+(?=and\b)"
)


def _clauses(data: Path) -> Iterator[Example]:
    """Clauses about one aspect: their sentence has several, of different polarity."""
    labels = {"positive": POSITIVE, "negative": NEGATIVE, "neutral": NEUTRAL}
    for line in _lines(data / "reviews/mams_aspects.jsonl"):
        row = json.loads(line)
        if row["kind"] != "ATSA":
            continue
        begin = 0
        sentence = row["sentence"]
        for end in [*(match.start() for match in _BETWEEN_CLAUSES.finditer(sentence)), len(sentence)]:
            inside = {each["polarity"] for each in row["aspects"] if begin <= int(each["from"]) < end}
            clause = sentence[begin:end].strip(" ,;")
            if len(inside) == 1 and len(clause.split()) > 2:
                yield Example(clause, labels[inside.pop()], "mams", 0.7)
            begin = end


def _mixed(examples: list[Example], draw: random.Random) -> list[Example]:
    """Reviews of several sentences, put together from short ones: the label is what most of them say."""
    short = [each for each in examples if each.source in ("yelp", "amazon_snippets", "customer_reviews", "pros_cons")]
    sides = {
        side: [each.text for each in short if max(each.labels) > 0.85 and (each.labels[2] > 0.5) is side]
        for side in (False, True)
    }
    mixed = []
    for _ in range(MIXED):
        side, count = draw.random() < 0.5, draw.randint(3, 8)
        # At most a quarter speaks for the other side.
        others = draw.randint(0, count // 4)
        texts = draw.sample(sides[side], count - others) + draw.sample(sides[not side], others)
        draw.shuffle(texts)
        share = 0.95 - 0.6 * others / count
        labels = (1 - share - 0.02, 0.02, share) if side else (share, 0.02, 1 - share - 0.02)
        sentences = [text if text[-1:] in ".!?" else f"{text}." for text in texts]
        mixed.append(Example(" ".join(sentences), labels, "mixed", 0.5))
    return mixed
