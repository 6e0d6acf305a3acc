"""`llm_visibility_score`: how it is registered."""

from aijobs.registry import JobType, register
from workers.assistants import connections as assistants
from workers.jobs.llm_visibility_score import subject
from workers.jobs.llm_visibility_score.limits import LIMITS
from workers.jobs.llm_visibility_score.shapes import LOCAL, VisibilityParams, VisibilityResult
from workers.marketplaces import connections as marketplaces

_CHANGE = {"difference": 0.1667, "p_value": 0.0312, "significant": True, "paired_question_count": 20}
_RATE = {"value": 0.4167, "low": 0.2843, "high": 0.5618, "change": _CHANGE}
_SENTIMENT = {
    "value": 0.72,
    "low": 0.4911,
    "high": 0.8807,
    "change": None,
    "positive_count": 19,
    "neutral_count": 5,
    "negative_count": 1,
}
_SUMMARY = {
    "question_count": 20,
    "answer_count": 60,
    "mention_rate": _RATE,
    "mean_position": {"value": 2.125, "low": 1.6713, "high": 2.8022, "change": None},
    "top3_rate": _RATE,
    "share_of_voice": [
        {"brand": "Northfield", "share": {"value": 0.2315, "low": 0.1598, "high": 0.3041, "change": None}},
        {"brand": "Hydro Flask", "share": {"value": 0.7685, "low": 0.6959, "high": 0.8402, "change": None}},
    ],
    "citation_rate": {"value": 0.0, "low": 0.0, "high": 0.1611, "change": None},
    "cited_domains": [{"domain": "outdoorgearlab.com", "answer_count": 14}],
    "sentiment": _SENTIMENT,
    "visibility_score": {"value": 34.17, "low": 23.4, "high": 45.92, "change": _CHANGE},
}

EXAMPLE = {
    "params": {
        "marketplace": "amazon_us",
        "brand": "Northfield",
        "skus": ["SKU-001", "SKU-002"],
        "competitors": ["Stanley", {"name": "Hydro Flask", "aliases": ["HydroFlask"]}],
        "questions": ["What is the best insulated water bottle for hiking?"],
        "assistants": [LOCAL],
        "samples": 3,
        "locale": "en",
        "max_cost": 2.5,
    },
    "result": {
        "brand": "Northfield",
        "competitors": ["Hydro Flask"],
        "processed_count": 69,
        "is_partial": True,
        "overall": _SUMMARY,
        "assistants": [
            {
                "assistant": "openai",
                "model": "gpt-5-mini",
                "summary": _SUMMARY,
                "compared_with": "job_01HXK9MZPQ3B8C7D2E5F6G7H8J",
            }
        ],
        "branded": {
            "answer_count": 9,
            "mention_rate": {"value": 1.0, "low": 0.4385, "high": 1.0, "change": None},
            "sentiment": _SENTIMENT,
        },
        "compared_with": "job_01HXK9MZPQ3B8C7D2E5F6G7H8J",
        "questions": [
            {
                "question": "What is the best insulated water bottle for hiking?",
                "group": "own",
                "assistant": "openai",
                "sample": 1,
                "mentions": [
                    {
                        "brand": "Northfield",
                        "position": 2,
                        "quote": "**Northfield Trail** – light, and it keeps water cold for a day.",
                        "sentiment": "positive",
                    }
                ],
                "citations": ["outdoorgearlab.com"],
            }
        ],
        "cost": 0.0418,
        "tokens": {"input": 3120, "output": 24870},
        "failure_count": 1,
        "failures": [
            {
                "question": "Which brand of drinkware lasts for years?",
                "assistant": "openai",
                "sample": 3,
                "code": "BUDGET_EXCEEDED",
                "message": "The job would cost more than its max_cost of 2.5 US dollars.",
            }
        ],
    },
}


def admit(params: VisibilityParams, tenant_id: int) -> None:
    """Raises MarketplaceNotConfigured, AssistantNotConfigured, UnknownSkus or BrandNotClear."""
    marketplaces.admit(params.marketplace, tenant_id)
    assistants.admit(params.assistants or (), tenant_id, LOCAL)
    subject.check(params, tenant_id)


register(
    JobType(
        name="llm_visibility_score",
        description="Ask assistants what shoppers ask, and measure how often, how high and how well they name your "
        "brand beside its competitors, and what has changed since the last time.",
        params=VisibilityParams,
        result=VisibilityResult,
        limits=LIMITS,
        run="workers.jobs.llm_visibility_score.run.run",
        estimate_cost="workers.jobs.llm_visibility_score.costs.estimate_cost",
        present="workers.jobs.llm_visibility_score.presenting.present",
        admit=admit,
        example=EXAMPLE,
    )
)
