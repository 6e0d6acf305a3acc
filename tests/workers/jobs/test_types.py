"""Every job type's handler, which it names by dotted path: nothing else ties the two together."""

import json
from inspect import signature

import pytest

from aijobs import registry
from aijobs.registry import Context, JobType, Params, Result

ALL = pytest.mark.parametrize("kind", registry.all_types(), ids=lambda kind: kind.name)


@ALL
def test_a_handler_takes_the_params_and_gives_the_result_that_its_type_declares(
    kind: JobType[Params, Result],
) -> None:
    told = signature(registry.handler_of(kind))
    assert [each.annotation for each in told.parameters.values()] == [kind.params, Context]
    assert told.return_annotation is kind.result


@ALL
def test_the_example_is_one_that_the_type_accepts(kind: JobType[Params, Result]) -> None:
    if kind.name.startswith("test_"):
        pytest.skip("the suite's own types have no example")
    registry.parse_params(kind, json.dumps(kind.example["params"]))
    kind.result.model_validate(kind.example["result"])
