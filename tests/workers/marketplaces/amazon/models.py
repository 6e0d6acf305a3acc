"""Amazon's own models of its API, which lie beside the repository: without them requests are not validated."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from jsonschema import Draft4Validator

FOLDER = Path(__file__).parents[5] / "shared" / "spapi"
PRESENT = FOLDER.is_dir()

# Items of a batch name what they ask for by such a URI, which is in no model.
_BATCH_URIS = {
    "/products/pricing/2022-05-01/items/competitiveSummary",
    "/products/pricing/2022-05-01/offer/featuredOfferExpectedPrice",
}

Model = dict[str, Any]


@cache
def models() -> list[Model]:
    return [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]


def find(operation: str) -> tuple[Model, Model]:
    """The operation of this name, and the model that it is in."""
    for model in models():
        for methods in model["paths"].values():
            for described in methods.values():
                if isinstance(described, dict) and described.get("operationId") == operation:
                    return described, model
    raise LookupError(operation)


def sandboxes(operation: str, status: str = "200") -> list[Model]:
    """What Amazon's sandbox answers to the operation's examples, and the examples' requests."""
    examples: list[Model] = find(operation)[0]["responses"][status]["x-amzn-api-sandbox"]["static"]
    return examples


def sandbox(operation: str, status: str = "200") -> Model:
    """The first of them."""
    return sandboxes(operation, status)[0]


def usage_plan(operation: str) -> tuple[float, int]:
    """Rate and burst, from the table in the operation's description."""
    found = re.search(r"\| ([0-9.]+) \| ([0-9]+) \|", find(operation)[0]["description"])
    assert found
    return float(found[1]), int(found[2])


def violations(method: str, path: str, query: str, body: bytes) -> list[str]:
    """What a request has that the models do not allow, or lacks."""
    for model in models():
        for template, methods in model["paths"].items():
            if method.lower() in methods and _matches(template, path):
                return _of_operation(methods[method.lower()], model, query, body)
    return [f"no operation {method} {path}"]


def _matches(template: str, path: str) -> bool:
    return re.fullmatch(re.sub(r"\\{\w+\\}", "[^/?]+", re.escape(template)), path) is not None


def _of_operation(operation: Model, model: Model, query: str, body: bytes) -> list[str]:
    found = []
    given = parse_qs(query, keep_blank_values=True)
    known = {each["name"]: each for each in operation["parameters"]}
    found += [f"unknown parameter {name}" for name in given if known.get(name, {}).get("in") != "query"]
    for name, parameter in known.items():
        if parameter["in"] == "query" and (parameter["required"] or name in given):
            found += _of_parameter(parameter, given.get(name, []))
        if parameter["in"] == "body":
            found += _of_body(parameter["schema"], model, json.loads(body))
    return found


def _of_parameter(parameter: Model, values: list[str]) -> list[str]:
    if len(values) != 1:
        return [f"{parameter['name']} is given {len(values)} times"]
    allowed = parameter.get("items", parameter).get("enum")
    parts = values[0].split(",") if parameter["type"] == "array" else values
    if parameter["type"] == "integer" and int(values[0]) > parameter.get("maximum", 0):
        return [f"{parameter['name']} is too large"]
    return [f"{parameter['name']} cannot be {each}" for each in parts if allowed and each not in allowed]


def _of_body(schema: Model, model: Model, body: Any) -> list[str]:
    validator = Draft4Validator({**schema, "definitions": model["definitions"]})
    found = [error.message[:300] for error in validator.iter_errors(body)]
    uris = [each.get("uri", "") for each in body.get("requests", [])]
    paths = [path for each in models() for path in each["paths"]]
    return found + [uri for uri in uris if uri not in _BATCH_URIS and not any(_matches(path, uri) for path in paths)]
