"""What a job costs at most: each question, as often as it is asked, to each assistant, by the prices set for it."""

from decimal import Decimal

from workers.assistants import accounting, connections
from workers.assistants.models import Connection
from workers.assistants.protocols import Prompt
from workers.jobs.llm_visibility_score import prompts
from workers.jobs.llm_visibility_score.shapes import MOST_ASSISTANTS, VisibilityParams
from workers.jobs.shared import dollars
from workers.visibility.asking import MOST, MOST_BRANDED

# Questions that are made are about a line long.
MADE = "x" * 100


def estimate_cost(params: VisibilityParams, tenant_id: int) -> Decimal:
    """Every answer is taken to be as long as it may be, and as many questions to be made as may be."""
    questions = params.questions if params.questions is not None else [MADE] * (MOST + MOST_BRANDED)
    asked = [prompts.prompt(each, params.language, 1) for each in questions]
    configured = connections.all_of(tenant_id)
    names = params.assistants
    chosen = configured[:MOST_ASSISTANTS] if names is None else [each for each in configured if each.name in names]
    total = params.samples * sum((_cost(each, prompt) for each in chosen for prompt in asked), Decimal(0))
    limit = dollars(params.max_cost)
    return total if limit is None else min(total, limit)


def _cost(assistant: Connection, prompt: Prompt) -> Decimal:
    said = accounting.tokens_of(prompt.instructions + prompt.text)
    return connections.cost_of(assistant, said, prompt.max_output_tokens)
