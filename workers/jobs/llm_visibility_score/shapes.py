"""What `llm_visibility_score` is asked for, and what it answers."""

from collections.abc import Hashable, Mapping, Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    JsonValue,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from aijobs.registry import Params, Result
from aijobs.shapes import LABEL, Form, Money, RequestModel
from workers.catalogue.models import LONGEST_LABEL
from workers.connections.models import NAME_PATTERN
from workers.jobs.shared import Marketplace, MaxCost, Skus, Tokens
from workers.visibility.shapes import Brand

LOCAL = "local-retrieval"
MOST_ASSISTANTS, MOST_QUESTIONS, MOST_SAMPLES, MOST_COMPETITORS = 5, 100, 10, 20
MOST_SHOWN_FAILURES, MOST_SHOWN_DOMAINS, MOST_CITED_DOMAINS = 1_000, 50, 20

Name = Annotated[str, Field(min_length=2, max_length=LONGEST_LABEL), LABEL]
Item = TypeVar("Item", bound=Hashable)


def _different(items: list[Item]) -> list[Item]:
    if len(set(items)) < len(items):
        raise ValueError("must not have the same entry twice")
    return items


class BrandNames(RequestModel):
    model_config = ConfigDict(frozen=True)

    name: Name
    aliases: list[Name] = Field(
        default=[],
        max_length=20,
        description="Other names that stand for the brand: product lines and spellings.",
    )


def _with_name(sent: object) -> object:
    """A name alone is short for a brand without aliases. A union would tell of every mistake once for each form."""
    if not isinstance(sent, str | Mapping | BrandNames):
        raise ValueError("must be a name, or an object with a name and aliases")
    return {"name": sent} if isinstance(sent, str) else sent


class _OrItsName:
    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        whole = handler(core)
        return {"anyOf": [handler.resolve_ref_schema(whole)["properties"]["name"], whole]}


EitherName = Annotated[
    BrandNames,
    BeforeValidator(_with_name),
    _OrItsName,
    Field(examples=["Northfield", {"name": "Hydro Flask", "aliases": ["HydroFlask"]}]),
]
Text = Annotated[str, Field(min_length=3, max_length=400), LABEL]
Unique: dict[str, JsonValue] = {"uniqueItems": True}
# `VisibilityParams._either_brand_or_skus` in JSON Schema.
BRAND_OR_SKUS: dict[str, JsonValue] = {
    "anyOf": [
        {"required": ["brand"], "properties": {"brand": {"type": ["string", "object"]}}},
        {"required": ["skus"], "properties": {"skus": {"type": "array"}}},
    ]
}


def brand_from(sent: BrandNames) -> Brand:
    return Brand(sent.name, tuple(sent.aliases))


class VisibilityParams(Params):
    """Whose visibility to measure, beside whom, and whom to ask what how often."""

    model_config = ConfigDict(json_schema_extra=BRAND_OR_SKUS)

    marketplace: Marketplace = Field(description="The marketplace on which the products are sold.")
    # Before `skus`, whose check looks at it.
    brand: EitherName | None = Field(
        default=None,
        description="The brand whose visibility to measure. Without it, it is the brand of the SKUs.",
    )
    skus: Skus | None = Field(
        default=None,
        validate_default=True,
        description="The products to ask about. Without them, they are the brand's. Send these, `brand` or both.",
    )
    competitors: list[EitherName] | None = Field(
        default=None,
        max_length=MOST_COMPETITORS,
        description="The brands to compare with. Without them, they are the ten brands with most of the imported "
        "competitors' listings.",
    )
    questions: (
        Annotated[
            list[Text],
            Field(min_length=1, max_length=MOST_QUESTIONS, json_schema_extra=Unique),
            AfterValidator(_different),
        ]
        | None
    ) = Field(
        default=None,
        description="What to ask. Without them, up to 20 questions are made from the categories and attributes of "
        "the products and from what their reviews speak of, and up to 3 that name the brand.",
    )
    assistants: (
        Annotated[
            list[
                Annotated[
                    str,
                    Form(
                        rf"^({NAME_PATTERN}|{LOCAL})$",
                        f"must be {LOCAL}, or a name of 1 to 32 of the characters a-z, 0-9 and _",
                    ),
                ]
            ],
            Field(min_length=1, max_length=MOST_ASSISTANTS, json_schema_extra=Unique),
            AfterValidator(_different),
        ]
        | None
    ) = Field(
        default=None,
        description="The names of the assistants to ask: those of `GET /api/assistants`, or `local-retrieval`, which "
        "searches your listings and the imported competitors' listings, and is not a language model. Without them, "
        "all configured assistants are asked (5 at most); if there are none, `local-retrieval` is.",
    )
    samples: int = Field(
        default=3,
        ge=1,
        le=MOST_SAMPLES,
        description="How often each assistant is asked each question. `local-retrieval` always says the same, and is "
        "asked once.",
    )
    locale: Annotated[
        str,
        Form(
            r"^(en|de|fr|es)(-[A-Z]{2})?$",
            "must be en, de, fr or es, with or without a country in capitals, such as de-AT",
        ),
    ] = Field(
        default="en",
        examples=["en", "de-AT"],
        description="The language of the questions and answers, with or without a country.",
    )
    max_cost: MaxCost | None = Field(
        default=None,
        description="What the job may cost in US dollars, by the prices in the assistants' settings. What is not "
        "asked for that reason is in `failures`, with BUDGET_EXCEEDED.",
    )

    @field_validator("skus")
    @classmethod
    def _either_brand_or_skus(cls, skus: Sequence[str] | None, info: ValidationInfo) -> Sequence[str] | None:
        """Of the field and not of the model, so that it is told beside what else is wrong."""
        if skus is None and info.data.get("brand", "") is None:
            raise ValueError("must be sent, unless brand is")
        return skus

    @property
    def language(self) -> str:
        return self.locale[:2]


class Change(BaseModel):
    """What is different from the last run about the same."""

    difference: float
    p_value: float = Field(description="Of a randomisation test: how often chance alone makes as large a difference.")
    significant: bool = Field(description="Whether the p-value is at most 0.05.")
    paired_question_count: int = Field(
        description="How many questions both runs have asked: these are compared with themselves. It is 0 if there "
        "are fewer than 6: then all questions are compared with all."
    )


class Figure(BaseModel):
    """An estimate with its 95 % interval: for other questions of the same kind it would be about as large."""

    value: float
    low: float | None = Field(description="It is null if there are too few questions to tell.")
    high: float | None
    change: Change | None = Field(description="It is null if there is no earlier run to compare with.")


class Voice(BaseModel):
    brand: str
    share: Figure = Field(description="The brand's share of all mentions of the brands that are looked for.")


class CitedDomain(BaseModel):
    domain: str
    answer_count: int


class SentimentFigure(Figure):
    positive_count: int
    neutral_count: int
    negative_count: int


class Summary(BaseModel):
    """About the answers to questions that do not name the brand."""

    question_count: int
    answer_count: int
    mention_rate: Figure = Field(description="The share of answers that name the brand.")
    mean_position: Figure | None = Field(
        description="The mean rank that the brand has in answers that rank it. It is null if none does."
    )
    top3_rate: Figure = Field(description="The share of answers in which the brand is among the first three.")
    share_of_voice: list[Voice] = Field(description="The brand first. It is empty if no answer names any of them.")
    citation_rate: Figure = Field(
        description="The share of answers that refer to a site whose domain bears the brand's name."
    )
    cited_domains: list[CitedDomain] = Field(description="The 50 to which most answers refer.")
    sentiment: SentimentFigure | None = Field(
        description="What is said of the brand where it is named: the mean of 1 for praise, 0 and −1 for blame."
    )
    visibility_score: Figure = Field(
        description="From 0 to 100: the mean over the answers of 0 without a mention, else 40 for the mention, up to "
        "40 for the position (40 / log2(position + 1), nothing without one) and 20 for praise or 10 for neither "
        "praise nor blame."
    )


class AssistantSummary(BaseModel):
    assistant: str = Field(examples=["openai", LOCAL])
    model: str = Field(description="As it is asked for. Of `local-retrieval` it is the way of searching.")
    summary: Summary | None = Field(description="It is null if nothing was answered.")
    compared_with: str | None = Field(
        description="The last completed job about the same that has answers of this assistant and model: changes in "
        "its summary are to that one. It is null if there is none."
    )


class BrandedSummary(BaseModel):
    """About the answers to questions that name the brand: these count in no other figure."""

    answer_count: int
    mention_rate: Figure
    sentiment: SentimentFigure | None


class MentionView(BaseModel):
    brand: str
    position: int | None = Field(
        description="The rank that a reader takes away. It is null for what is advised against or only compared."
    )
    quote: str = Field(description="The answer's own words, exactly. Very many of them are shortened.")
    sentiment: Literal["positive", "neutral", "negative"]


class AnswerView(BaseModel):
    question: str
    group: str = Field(
        examples=["discovery"],
        description="discovery, comparison, problem, budget, attribute, gift or word; `own` if you sent it; "
        "`branded` if it names the brand.",
    )
    assistant: str
    sample: int
    mentions: list[MentionView]
    citations: list[str] = Field(description="The domains that the answer refers to, the first 20.")


class Failure(BaseModel):
    question: str
    assistant: str
    sample: int
    code: str = Field(examples=["BUDGET_EXCEEDED", "OUT_OF_TIME"])
    message: str


class VisibilityResult(Result):
    """How visible the brand is."""

    brand: str
    competitors: list[str]
    processed_count: int = Field(description="How many answers were read.")
    is_partial: bool = Field(description="Whether answers are missing: `failures` says which, and why.")
    overall: Summary | None = Field(description="It is null if all questions name the brand.")
    assistants: list[AssistantSummary]
    branded: BrandedSummary | None = Field(description="It is null if no question names the brand.")
    compared_with: str | None = Field(
        description="The last completed job about the same marketplace, brand, SKUs, competitors and language that "
        "has answers of the same assistants and models as this one, and of no other: changes in `overall` and "
        "`branded` are to that one. It is null if there is none."
    )
    questions: list[AnswerView] = Field(description="Each answer: who is named in it, where and how.")
    cost: Money = Field(description="What the job has cost in US dollars, over all its attempts.")
    tokens: Tokens
    failure_count: int
    failures: list[Failure] = Field(description="The answers that are missing, 1,000 at most.")
