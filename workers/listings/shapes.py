"""What goes into the optimisation of a listing and what comes out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

Field = Literal["title", "bullets", "description", "search_terms"]
Severity = Literal["error", "warning"]
Polarity = Literal["negative", "neutral", "positive"]
ScorePart = Literal["rules", "keywords", "completeness", "readability", "benefits", "reviews"]
KeywordUse = Literal["anywhere", "search_terms", "suggestion"]
DiffKind = Literal["same", "removed", "added"]

FIELDS: tuple[Field, ...] = get_args(Field)
SCORE_PARTS: tuple[ScorePart, ...] = get_args(ScorePart)


@dataclass(frozen=True, slots=True)
class ListingText:
    """A listing as it is stored. `images` is how many pictures it has; None where that is not known.

    `other_brands`: names of competitors, in lower case; see `brands`.
    """

    title: str = ""
    bullets: tuple[str, ...] = ()
    description: str = ""
    search_terms: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)
    category: str = ""
    brand: str = ""
    images: int | None = None
    other_brands: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Competitor:
    """A competitor's listing: a source of what shoppers search for, never of facts about the seller's product."""

    title: str
    bullets: tuple[str, ...] = ()
    brand: str = ""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A search term that the seller imported. `volume` is searches a month; None where the import had none."""

    text: str
    volume: int | None = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """What `count` reviews say of one aspect (workers.sentiment's names), and one of them word for word."""

    aspect: str
    polarity: Polarity
    quote: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Material:
    """All that is known about one listing.

    `product_title` is the product's name in the seller's own catalogue, a source of facts beside the listing.
    `questions` and `reviews` are texts of shoppers about this product. `brands` are names that are nobody's keywords,
    beside those of the listing and its competitors. `language` is an ISO 639-1 code.
    """

    listing: ListingText
    product_title: str = ""
    competitors: tuple[Competitor, ...] = ()
    keywords: tuple[Keyword, ...] = ()
    questions: tuple[str, ...] = ()
    reviews: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    brands: tuple[str, ...] = ()
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a field breaks. `start` and `end` are places in the field's text, or in the text of the bullet at
    the index `bullet`; both 0 where the rule is about the whole field."""

    field: Field
    rule: str
    message: str
    severity: Severity
    start: int = 0
    end: int = 0
    bullet: int | None = None


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: `value` from 0 to 1, None where nothing is known to judge by; `points` of the total."""

    name: ScorePart
    weight: float
    value: float | None
    points: float
    says: str


@dataclass(frozen=True, slots=True)
class Score:
    """`total` is 0 to 100: the parts' values by their weights. Parts without a value are left out of it."""

    total: float
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class RankedKeyword:
    """What shoppers search for. `weight` is 1 for the most telling one; `documents` have it; `use` is where it may
    stand: a suggestion would say something of the product that the seller's own data do not."""

    text: str
    weight: float
    documents: int
    volume: int | None
    use: KeywordUse
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DiffPart:
    kind: DiffKind
    text: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A new text for one field. Bullets are tuples, one text each; their diff has a line for each."""

    field: Field
    current: str | tuple[str, ...]
    proposed: str | tuple[str, ...]
    diff: tuple[DiffPart, ...]
    reasons: tuple[str, ...]
    keywords_gained: tuple[str, ...]
    violations_fixed: tuple[Violation, ...]
    # Points of the total that this field's change brings by itself.
    score_change: float


@dataclass(frozen=True, slots=True)
class SellerWarning:
    """Something that only the seller can settle."""

    kind: Literal["complaint", "praise", "violation", "instruction", "unread"]
    message: str
    quote: str = ""
    count: int = 1


@dataclass(frozen=True, slots=True)
class Optimisation:
    """A listing before and after. `remaining` are violations of the proposed listing."""

    before: Score
    after: Score
    violations: tuple[Violation, ...]
    remaining: tuple[Violation, ...]
    proposals: tuple[Proposal, ...]
    proposed: ListingText
    warnings: tuple[SellerWarning, ...]
    keywords: tuple[RankedKeyword, ...]
    suggestions: tuple[RankedKeyword, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a proposed text is refused: what it says is not in the seller's own data."""

    field: Field
    kind: Literal[
        "changed_facts",
        "hidden_characters",
        "markup",
        "contact",
        "prohibited",
        "unknown_word",
        "unknown_number",
        "unknown_claim",
        "misplaced_fact",
        "negation",
        "empty",
        "rule",
    ]
    message: str
    text: str
