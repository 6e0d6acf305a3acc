"""Every job type's handler, which it names by dotted path: nothing else ties the two together."""

import json
from collections.abc import Iterator
from inspect import signature

import pytest

from aijobs import registry
from aijobs.registry import Context, JobType, Params, Result
from aijobs.shapes import WITHOUT_NUL, RequestModel

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


def patterns(schema: object) -> Iterator[str]:
    """Of the texts in a model, as pydantic checks them."""
    if isinstance(schema, list | tuple):
        for each in schema:
            yield from patterns(each)
    elif isinstance(schema, dict):
        if schema.get("type") == "str" and isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        for name, part in schema.items():
            if name not in ("default", "metadata"):
                yield from patterns(part)


def kinds_of(model: type[RequestModel]) -> Iterator[type[RequestModel]]:
    for each in model.__subclasses__():
        yield each
        yield from kinds_of(each)


def test_nobody_is_told_a_regular_expression() -> None:
    """A text's form is an `aijobs.shapes.Form`, which says in words what it must be."""
    ours = [each for each in kinds_of(RequestModel) if each.__module__.startswith(("aijobs.", "workers."))]
    assert len(ours) > 20
    for model in ours:
        assert set(patterns(model.__pydantic_core_schema__)) <= {WITHOUT_NUL}, model
