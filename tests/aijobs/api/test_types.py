"""GET /api/ai-jobs/types"""

from typing import Any

import orjson
import pytest
from django.utils.timezone import now

from aijobs import registry
from aijobs.engine import statistics
from aijobs.models import QueueStatistics
from aijobs.registry import JobType, Params, Result
from tests.aijobs.api.answers import data_of, error_of
from tests.clients import Caller, caller

PATH = "/api/ai-jobs/types"


def shown(who: Caller) -> dict[str, dict[str, Any]]:
    return {each["type"]: each for each in data_of(who.get(PATH))}


def test_every_registered_type_is_described(owner: Caller) -> None:
    assert list(shown(owner)) == [kind.name for kind in registry.all_types()]


def test_everybody_with_a_key_sees_the_same(owner: Caller, teammate: Caller, outsider: Caller) -> None:
    assert shown(owner) == shown(teammate) == shown(outsider)


def test_a_type_is_described_in_full(owner: Caller) -> None:
    pricing = shown(owner)["pricing_recalculate"]
    assert pricing["description"]
    assert pricing["typical_duration_seconds"] == {"min": 10, "max": 60, "expected": 30.0}
    assert pricing["limits"] == {"soft_time_limit_seconds": 120, "hard_time_limit_seconds": 150, "attempts": 3}
    assert pricing["params_schema"]["properties"]["skus"]["anyOf"][0]["maxItems"] == 1000
    assert pricing["params_schema"]["required"] == ["marketplace"]
    assert [each["required"] for each in pricing["params_schema"]["oneOf"]] == [["skus"], ["all"]]
    assert pricing["params_schema"]["additionalProperties"] is False
    assert pricing["result_schema"]["properties"].keys() >= {"processed_count", "updated_count", "recommendations"}


@pytest.mark.parametrize("kind", [each for each in registry.all_types() if not each.name.startswith("test_")])
def test_an_example_is_what_the_type_accepts_and_answers(kind: JobType[Params, Result]) -> None:
    registry.parse_params(kind, orjson.dumps(kind.example["params"]))
    kind.result.model_validate(kind.example["result"])


def test_the_expected_duration_is_the_median_of_recent_runs(owner: Caller) -> None:
    QueueStatistics.objects.create(
        refreshed_at=now(), active=0, depths={}, drain_rate=0.0, medians={"pricing_recalculate": 12.5}
    )
    statistics.forget()
    assert shown(owner)["pricing_recalculate"]["typical_duration_seconds"]["expected"] == 12.5


def test_any_read_scope_suffices_and_write_does_not(owner: Caller) -> None:
    assert shown(caller(owner.tenant, scopes=("catalogue:read",)))
    error_of(caller(owner.tenant, scopes=("ai-jobs:write",)).get(PATH), 403, "INSUFFICIENT_SCOPE")
