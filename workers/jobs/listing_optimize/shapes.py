"""What `listing_optimize` is asked for, and what it answers."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, Field

from aijobs.registry import Result
from aijobs.shapes import Money
from workers.jobs.shared import Marketplace, MaxCost, ProductParams, Skipped, Tokens
from workers.listings.shapes import FIELDS, KeywordUse, Severity
from workers.listings.shapes import Field as TextName

Texts = str | list[str]


def _each_once(names: list[TextName]) -> list[TextName]:
    if len(set(names)) < len(names):
        raise ValueError("must name each text once")
    return names


TextNames = Annotated[
    list[TextName], Field(min_length=1, json_schema_extra={"uniqueItems": True}), AfterValidator(_each_once)
]
Assistant = Annotated[str, Field(min_length=1, max_length=32, examples=["openai"])]


class ListingParams(ProductParams):
    """Which listings to improve, and who writes the proposals."""

    marketplace: Marketplace = Field(description="The marketplace whose listings to improve, by its rules.")
    apply: bool = Field(
        default=False,
        description="Whether to write the proposals to the catalogue, and to the marketplace if its connection can, "
        "within your listing policy.",
    )
    fields: TextNames = Field(
        default=list(FIELDS), description="The texts to improve. Texts that the marketplace does not have are left."
    )
    assistant: Assistant | None = Field(
        default=None,
        description="The configured assistant that writes the texts. What it writes is checked, and refused if it "
        "says anything that your own data do not say. Without it, and instead of a refused text, the proposals come "
        "from the rules and keywords alone.",
    )
    max_cost: MaxCost | None = Field(
        default=None,
        description="What the assistant may cost this job at most, in US dollars. The listings that this does not "
        "suffice for have proposals from rules and keywords, and `budget_exceeded` is true.",
    )


class ScorePart(BaseModel):
    name: str = Field(
        examples=["rules"],
        description="`rules` (violations), `keywords` (coverage), `completeness`, `readability`, `benefits` (benefit "
        "language) or `reviews` (what customers say and the listing does not).",
    )
    weight: float = Field(description="The weights of all parts add up to 100.")
    value: float | None = Field(description="From 0 to 1. It is null, and left out, if nothing is known to judge by.")
    points: float = Field(description="The points of the total that it gives.")
    says: str


class ListingScore(BaseModel):
    """How good a listing is: the parts' values by their weights."""

    total: float = Field(ge=0, le=100)
    parts: list[ScorePart]


class RuleViolation(BaseModel):
    """What is against a rule of the marketplace."""

    field: TextName
    rule: str
    message: str
    severity: Severity
    bullet: int | None = Field(description="The bullet's place from 0 on, if it is about one.")
    start: int = Field(
        description="Where it begins in the text; `start` and `end` are both 0 if it is about all of it."
    )
    end: int


class DiffPart(BaseModel):
    """`same` and `removed` parts make the current text, `same` and `added` ones the proposed text."""

    kind: Literal["same", "removed", "added"]
    text: str


class TextProposal(BaseModel):
    """Another text for one field. A diff has one bullet a line."""

    field: TextName
    current: Texts
    proposed: Texts
    diff: list[DiffPart]
    reasons: list[str]
    keywords_gained: list[str]
    violations_fixed: list[RuleViolation]
    score_change: float = Field(description="The points of the total that this change brings by itself.")
    applied: bool = Field(
        description="Whether this job wrote the text, into the catalogue or to the marketplace and the catalogue."
    )


class KeywordFound(BaseModel):
    """What shoppers search for, by competitors' listings, reviews, and the keywords that you imported."""

    keyword: str
    weight: float = Field(description="1 for the most telling one.")
    volume: int | None = Field(description="Searches in a month, if you imported them.")
    use: KeywordUse = Field(
        description="Where it may stand. A `suggestion` would say something that your own data do not: use it if it "
        "is true."
    )
    reason: str


class Warned(BaseModel):
    """What only you can settle."""

    kind: Literal["complaint", "praise", "violation", "instruction", "unread"]
    message: str
    quote: str = Field(description="What a customer, or the listing, says word for word.")
    count: int = Field(description="How many reviews say it.")


class Refusal(BaseModel):
    """Why a text of the assistant was not used."""

    attempt: int
    field: TextName | None = Field(description="It is null if the answer as a whole could not be used.")
    kind: str = Field(examples=["unknown_claim", "unknown_number", "rule", "INVALID_ANSWER"])
    message: str
    text: str = Field(description="The words that it is about.")


class ListingReport(BaseModel):
    sku: str
    source: Literal["assistant", "rules"] = Field(
        description="Who wrote the proposals: the assistant, or the service by rules and keywords."
    )
    fallback: str | None = Field(
        description="Why the proposals are by rules although an assistant was asked for: REFUSED (twice), "
        "BUDGET_EXCEEDED, NOTHING_TO_WRITE (the marketplace has none of the texts, or the description is too long to "
        "ask about), LANGUAGE_NOT_CHECKED (an assistant writes only English, German, French and Spanish listings, by "
        "the country of the marketplace), or the code of the assistant's failure. Else it is null."
    )
    score_before: ListingScore
    score_after: ListingScore = Field(description="If all proposals are applied.")
    proposals: list[TextProposal] = Field(description="It is empty if nothing was found to improve.")
    violations: list[RuleViolation] = Field(description="Of the current listing.")
    remaining_violations: list[RuleViolation] = Field(description="Of the listing with all proposals applied.")
    missing_keywords: list[KeywordFound] = Field(
        description="The 20 most telling keywords that the proposed listing does not have."
    )
    warnings: list[Warned]
    refusals: list[Refusal] = Field(description="Why texts of the assistant were not used.")


class AssistantUsed(BaseModel):
    assistant: str
    model: str


class Failed(BaseModel):
    """An answer that could not be had."""

    sku: str
    code: str
    message: str


class Chunk(BaseModel):
    """Some listings that the job is ready with, and what the assistant could not answer of them."""

    listings: list[ListingReport]
    failures: list[Failed]


class ListingResult(Result):
    """The listings, in the order of the request; with `all`, those looked at longest ago first."""

    processed_count: int = Field(description="How many listings were looked at.")
    updated_count: int = Field(
        description="How many listings have proposals; with `apply`, how many listings were changed."
    )
    applies_to: Literal["catalogue", "marketplace"] = Field(
        description="Where `apply` writes. With `catalogue`, the marketplace's connection cannot write listings, or "
        "there is none: change the listing at the marketplace yourself."
    )
    assistant: AssistantUsed | None = Field(description="It is null if no assistant was asked for.")
    budget_exceeded: bool = Field(
        description="Whether the job's `max_cost` or your monthly budget ended before the listings did. Those "
        "listings have proposals by rules and keywords."
    )
    cost: Money = Field(description="What the assistant cost in US dollars, in all attempts of the job.")
    tokens: Tokens
    listings: list[ListingReport]
    failures: list[Failed] = Field(description="What the assistant could not answer.")
    skipped: list[Skipped] = Field(
        description="What was left out, and why: SKUs without a listing (UNKNOWN_SKU, NO_LISTING); with `apply`, "
        "changes that a guardrail kept (LISTING_CHANGED, CHANGE_IN_PROGRESS, DAILY_LIMIT, LISTING_EDITING_DISABLED), "
        "and those that the marketplace does not have, or not yet (WRITE_PENDING, WRITE_UNKNOWN, WRITE_REJECTED)."
    )
