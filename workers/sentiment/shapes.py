"""What goes into the analysis of reviews and what comes out."""

from dataclasses import dataclass
from typing import Literal, get_args

Label = Literal["negative", "neutral", "positive"]
Source = Literal["title", "body"]
Aspect = Literal[
    "quality",
    "size_fit",
    "shipping",
    "packaging",
    "price_value",
    "ease_of_use",
    "durability",
    "customer_service",
    "appearance",
    "performance",
]
Flag = Literal["rating_text_mismatch", "suspected_spam", "mentions_safety", "unsupported_language", "no_text"]

LABELS: tuple[Label, ...] = get_args(Label)
ASPECTS: tuple[Aspect, ...] = get_args(Aspect)
FLAGS: tuple[Flag, ...] = get_args(Flag)


@dataclass(frozen=True, slots=True)
class ReviewText:
    """A review as it is stored. `rating` is 1 to 5 stars; `language` as the marketplace gave it, or empty."""

    title: str
    body: str
    rating: int | None = None
    language: str = ""


@dataclass(frozen=True, slots=True)
class AspectOpinion:
    """What a clause says of one aspect. `text` is exactly the stored title's or body's [start:end]."""

    aspect: Aspect
    polarity: Label
    text: str
    start: int
    end: int
    source: Source


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a review says.

    `score` is the probability of positive less that of negative, from −1 to 1; `confidence` the calibrated
    probability of the label. All three are None where there is no text, or the models do not know its language.
    """

    label: Label | None
    score: float | None
    confidence: float | None
    language: str
    aspects: tuple[AspectOpinion, ...]
    flags: tuple[Flag, ...]
