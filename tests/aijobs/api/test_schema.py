"""/api/schema and /api/docs"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import drf_spectacular.validation
import jsonschema_rs
import pytest
import yaml
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.renderers import OpenApiJsonRenderer, OpenApiYamlRenderer
from jsonschema import Draft202012Validator
from pydantic import create_model

from aijobs import identifiers, registry
from aijobs.api.wire.openapi import COMPONENTS, AutoSchema, PydanticSchema
from aijobs.engine import lifecycle
from aijobs.registry import JobType, Params, Result
from tests import engine
from tests.aijobs.api.answers import UNKNOWN, error_of, paths_of, uuid_of
from tests.clients import HTTP, Caller
from tests.workers.catalogue.samples import give_sample_catalogue

JSON = "application/json"
DISPATCH_REFUSALS = {"INVALID_JOB_TYPE", "INVALID_PARAMS", "INVALID_FILTER", "IDEMPOTENCY_KEY_REUSED"}


@pytest.fixture
def document(db: None) -> dict[str, Any]:
    return read()


@cache
def read() -> dict[str, Any]:
    """Once for all tests, which only look at it: it is large."""
    found: dict[str, Any] = HTTP.get("/api/schema").json()
    return found


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for path in document["paths"].values():
        yield from path.values()


# With parameters that change nothing: each document is 0.2 s of CPU.
@pytest.mark.parametrize(
    ("accept", "query"),
    [
        ("", "?lang=%00"),
        ("*/*", "?lang=../../x"),
        ("application/json", "?version=9"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "?x=1"),
    ],
)
def test_json_for_browsers_and_tools_without_a_key(document: dict[str, Any], accept: str, query: str) -> None:
    response = HTTP.get(f"/api/schema{query}", headers={"accept": accept} if accept else {})
    assert response.status_code == 200
    assert response["Content-Type"].partition(";")[0] == JSON
    assert response.json() == document
    assert document["openapi"] == "3.1.0"
    assert HTTP.get(f"/api/docs{query}").status_code == 200


def test_yaml_for_who_asks(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    response = HTTP.get("/api/schema?format=yaml", headers={"accept": "*/*"})
    assert response["Content-Type"].partition(";")[0] == "application/yaml"
    # The loader in C: the other takes 3 s of CPU for this document.
    assert yaml.load(response.content, yaml.CSafeLoader) == document
    # It is written in 2 s of CPU, once.
    monkeypatch.setattr(OpenApiYamlRenderer, "render", None)
    again = HTTP.get("/api/schema", headers={"accept": "application/yaml"})
    assert (again["Content-Type"], again.content) == (response["Content-Type"], response.content)


def test_who_has_it_is_told_that_it_is_the_same(document: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    first = HTTP.get("/api/schema")
    monkeypatch.setattr(OpenApiJsonRenderer, "render", None)
    again = HTTP.get("/api/schema", headers={"if-none-match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert HTTP.get("/api/schema", headers={"if-none-match": '"another"'}).content == first.content
    # In another form it is another.
    other = HTTP.get("/api/schema?format=yaml", headers={"if-none-match": first["ETag"]})
    assert (other.status_code, other["ETag"] != first["ETag"]) == (200, True)
    assert "Accept" in other["Vary"]


def test_a_form_that_it_does_not_have_is_refused_as_elsewhere(db: None) -> None:
    error_of(HTTP.get("/api/schema", headers={"accept": "image/png"}), 406, "NOT_ACCEPTABLE")


def test_it_is_valid(document: dict[str, Any]) -> None:
    """By drf-spectacular's own schema of OpenAPI, which its validator in Python takes 10 s of CPU to compare."""
    meaning = Path(drf_spectacular.validation.__file__).with_name("openapi_3_1_schema.json")
    jsonschema_rs.validator_for(json.loads(meaning.read_text())).validate(document)


def test_paths_are_the_contracts(document: dict[str, Any]) -> None:
    documented = {(path, method) for path, found in document["paths"].items() for method in found}
    assert documented >= {
        ("/api/ai-jobs", "get"),
        ("/api/ai-jobs", "post"),
        ("/api/ai-jobs/{job_id}", "get"),
        ("/api/ai-jobs/{job_id}", "delete"),
        ("/api/ai-jobs/types", "get"),
        ("/api/ai-jobs/batch", "post"),
        ("/api/ai-jobs/batch/{batch_id}", "get"),
        ("/api/ai-jobs/batch/{batch_id}", "delete"),
    }
    assert not any(path.endswith(("/", "?")) for path in document["paths"])


def test_two_models_of_one_name_are_refused() -> None:
    """One of them would be described as the other."""
    schema = SimpleNamespace(registry=ComponentRegistry())

    def describe(inner: type[object]) -> None:
        model = create_model("Answer", data=(create_model("Inner", value=(inner, ...)), ...))
        extension = PydanticSchema(model)  # type: ignore[no-untyped-call]
        extension.map_serializer(cast("AutoSchema", schema), "response")

    describe(int)
    describe(int)
    with pytest.raises(ValueError, match="Two models of the API have the name Inner"):
        describe(str)


def test_a_bearer_key_is_asked_for(document: dict[str, Any]) -> None:
    scheme = document["components"]["securitySchemes"]["ApiKey"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    # Whoever presses Authorize is told where to get one.
    for words in ("manage.py up", "manage.py createapikey", "/admin/"):
        assert f"`{words}" in scheme["description"]
    for path, found in document["paths"].items():
        for operation in found.values():
            assert operation.get("security") == ([{"ApiKey": []}] if path.startswith("/api/") else None)


NAMED = [
    ("post", "/api/ai-jobs", "422", DISPATCH_REFUSALS),
    ("post", "/api/ai-jobs/batch", "422", {*DISPATCH_REFUSALS, "INVALID_BATCH", "DEPENDENCY_CYCLE"}),
    ("get", "/api/ai-jobs/{job_id}", "404", {"JOB_NOT_FOUND"}),
    ("delete", "/api/ai-jobs/{job_id}", "409", {"JOB_NOT_CANCELLABLE", "TRY_AGAIN"}),
    ("delete", "/api/ai-jobs/batch/{batch_id}", "409", {"TRY_AGAIN"}),
    ("get", "/api/ai-jobs", "503", {"SERVICE_UNAVAILABLE", "DATABASE_BUSY"}),
    ("post", "/api/catalogue/price-changes", "409", {"JOB_NOT_FINISHED"}),
    ("post", "/api/catalogue/price-changes/{change_id}/revert", "404", {"PRICE_CHANGE_NOT_FOUND"}),
    ("post", "/api/catalogue/price-changes/{change_id}/revert", "409", {"NOT_REVERTIBLE"}),
    ("post", "/api/catalogue/products", "415", {"UNSUPPORTED_MEDIA_TYPE"}),
    ("put", "/api/marketplaces/{name}", "409", {"CHANGES_IN_PROGRESS"}),
    ("post", "/api/marketplaces/{name}/test", "429", {"RATE_LIMITED", "TEST_RUNNING"}),
    ("post", "/api/assistants/{name}/test", "429", {"RATE_LIMITED", "TEST_RUNNING"}),
    ("get", "/api/assistants/{name}", "404", {"ASSISTANT_NOT_FOUND"}),
]


def test_answers_name_the_errors_of_their_endpoint(document: dict[str, Any], subtests: pytest.Subtests) -> None:
    for method, path, status, codes in NAMED:
        with subtests.test(method=method, path=path, status=status):
            found = document["paths"][path][method]["responses"][status]["description"]
            assert set(re.findall(r"^([A-Z_]+):", found, re.MULTILINE)) == codes


def test_headers_of_answers_are_documented(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            assert "X-Request-ID" in response["headers"]
            says_when = status in ("429", "503") or ("ETag" in response["headers"] and status in ("200", "304"))
            assert ("Retry-After" in response["headers"]) == says_when
            assert ("WWW-Authenticate" in response["headers"]) == (status == "401")
    for path in ("/api/ai-jobs", "/api/ai-jobs/batch"):
        headers = document["paths"][path]["post"]["responses"]["201"]["headers"]
        assert {"Location", "Idempotency-Replayed"} <= headers.keys()


def test_every_body_is_required(document: dict[str, Any]) -> None:
    assert all(each["requestBody"]["required"] for each in operations(document) if "requestBody" in each)


def test_parameters_say_what_they_take(document: dict[str, Any]) -> None:
    found = {each["name"]: each for each in document["paths"]["/api/ai-jobs"]["get"]["parameters"]}
    for name in ("type", "status", "include"):
        assert found[name]["schema"]["minItems"] == 1
        assert (found[name]["style"], found[name]["explode"]) == ("form", False)
    assert found["status"]["schema"]["items"]["enum"] == ["queued", "running", "completed", "failed", "cancelled"]
    assert found["type"]["schema"]["items"]["enum"] == [kind.name for kind in registry.all_types()]
    batch_id = found["batch_id"]["schema"]["pattern"]
    assert re.search(batch_id, "batch_01JQZ4X5M8N9P0Q1R2S3T4V5W6")
    assert not re.search(batch_id, "batch_81JQZ4X5M8N9P0Q1R2S3T4V5W6")


def test_every_parameter_has_an_example_that_it_takes(document: dict[str, Any]) -> None:
    """In the schema, where Swagger UI does not send it when an operation is tried out; and in words."""
    for operation in operations(document):
        for each in operation.get("parameters", []):
            assert each["schema"]["examples"], each["name"]
            assert "example" not in each
            assert "examples" not in each
            assert " For example `" in each["description"]
            for example in each["schema"]["examples"]:
                Draft202012Validator(each["schema"]).validate(example)


def test_every_operation_says_which_scope_it_needs(document: dict[str, Any]) -> None:
    for path, found in document["paths"].items():
        for operation in found.values():
            assert ("x-required-scope" in operation) == path.startswith("/api/")
            if path.startswith("/api/"):
                assert "Your key needs the scope `" in operation["description"]


def test_examples_of_errors_are_of_their_own_status(document: dict[str, Any]) -> None:
    for operation in operations(document):
        for status, response in operation["responses"].items():
            if int(status) < 400 or response["content"][JSON]["schema"].get("$ref") != f"{COMPONENTS}ErrorAnswer":
                continue
            codes = re.findall(r"^([A-Z_]+):", response["description"], re.MULTILINE)
            examples = response["content"][JSON]["examples"].values()
            assert sorted(each["value"]["error"]["code"] for each in examples) == sorted(codes)


def called(path: str) -> str:
    """A path of the document with ids that the tenant of a test does not have."""
    return re.sub(r"\{(\w+)\}", lambda found: UNKNOWN[found[1]], path)


def test_every_endpoint_refuses_query_parameters_that_it_does_not_have(
    owner: Caller, document: dict[str, Any]
) -> None:
    """But the probes: some add parameters of their own."""
    for path, found in document["paths"].items():
        for method in found:
            answer = owner.request(method.upper(), called(path) + "?unknown=1", {})
            if path.startswith("/api/"):
                assert paths_of(error_of(answer, 422, "INVALID_FILTER")) == ["unknown"], (method, path)
            else:
                assert answer.status_code == 200


def test_head_answers_as_get_without_a_body(owner: Caller, document: dict[str, Any]) -> None:
    for path in (path for path, found in document["paths"].items() if "get" in found):
        head, get = (owner.request(method, called(path)) for method in ("HEAD", "GET"))
        assert (head.status_code, head["Content-Type"], head.content) == (get.status_code, get["Content-Type"], b"")


@pytest.mark.parametrize("kind", registry.all_types(), ids=lambda kind: kind.name)
def test_every_type_is_spelled_out(document: dict[str, Any], kind: JobType[Params, Result]) -> None:
    schemas = document["components"]["schemas"]
    name = kind.name.title().replace("_", "")
    assert schemas[f"{name}Params"]["properties"].keys() == kind.params.model_fields.keys()
    assert schemas[f"{name}Result"]["properties"].keys() == kind.result.model_fields.keys()
    request = schemas[f"{name}Request"]
    assert request["properties"]["type"]["const"] == kind.name
    assert request["properties"]["params"] == {"$ref": f"{COMPONENTS}{name}Params"}
    assert request["additionalProperties"] is False
    assert schemas["JobRequest"]["discriminator"]["mapping"][kind.name] == f"{COMPONENTS}{name}Request"
    assert {"$ref": f"{COMPONENTS}{name}Params"} in schemas["JobView"]["properties"]["params"]["anyOf"]
    assert {"$ref": f"{COMPONENTS}{name}Result"} in schemas["JobView"]["properties"]["result"]["anyOf"]
    examples = document["paths"]["/api/ai-jobs"]["post"]["requestBody"]["content"][JSON]["examples"]
    assert examples[kind.name]["value"] == {"type": kind.name, "params": kind.example["params"]}


def test_a_batchs_jobs_are_described_like_single_ones(document: dict[str, Any]) -> None:
    jobs = document["components"]["schemas"]["BatchRequest"]["properties"]["jobs"]
    assert jobs["items"] == {"$ref": f"{COMPONENTS}JobOfBatch"}
    assert (jobs["minItems"], jobs["maxItems"]) == (1, 20)
    schemas = document["components"]["schemas"]
    for reference in schemas["JobOfBatch"]["discriminator"]["mapping"].values():
        member = schemas[reference.removeprefix(COMPONENTS)]
        alone = schemas[reference.removeprefix(COMPONENTS).removesuffix("Member") + "Request"]
        assert member["properties"].keys() - alone["properties"].keys() == {"depends_on"}


def test_the_documentation_is_a_page_without_foreign_addresses(db: None) -> None:
    response = HTTP.get("/api/docs")
    page = response.content.decode()
    assert response["Content-Type"].startswith("text/html")
    assert "swagger-ui" in page
    assert 'name="viewport"' in page
    assert "https://" not in page


def test_answers_are_as_documented(owner: Caller, document: dict[str, Any]) -> None:
    """In every state of a job: schemathesis meets hardly any but the first."""
    queued, running, completed, failed, cancelled, retried = (uuid_of(owner.dispatch()["id"]) for _ in range(6))
    engine.start(running)
    engine.complete(engine.start(completed), {"label": "a", "slept": 0.5})
    engine.fail(engine.start(failed))
    engine.fail(engine.start(retried), transient=True)
    lifecycle.cancel(cancelled, owner.tenant.pk)
    batch_id, members = engine.dispatch_batch(owner.tenant, 3)
    engine.fail(engine.start(members[0]))

    for job_id in (queued, running, completed, failed, cancelled, retried, *members):
        answer = owner.get(f"/api/ai-jobs/{identifiers.encode(identifiers.JOB_PREFIX, job_id)}")
        assert_documented(document, "JobAnswer", answer)
    assert_documented(document, "JobList", owner.get("/api/ai-jobs", include="params,result"))
    assert_documented(document, "JobList", owner.get("/api/ai-jobs"))
    batch = owner.get(f"/api/ai-jobs/batch/{identifiers.encode(identifiers.BATCH_PREFIX, batch_id)}")
    assert_documented(document, "BatchAnswer", batch)
    assert_documented(document, "JobTypesAnswer", owner.get("/api/ai-jobs/types"))


def assert_documented(document: dict[str, Any], component: str, answer: Any) -> None:
    assert answer.status_code == 200
    schema = {"$ref": COMPONENTS + component, "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())


# Those of the tests have no real examples.
OFFERED = [kind for kind in registry.all_types() if not kind.name.startswith("test_")]


@pytest.mark.parametrize("kind", OFFERED, ids=lambda kind: kind.name)
def test_examples_are_as_documented(document: dict[str, Any], kind: JobType[Params, Result]) -> None:
    for path, method, part in (("", "post", "201"), ("/{job_id}", "get", "200")):
        content = document["paths"]["/api/ai-jobs" + path][method]["responses"][part]["content"][JSON]
        schema = {**content["schema"], "components": document["components"]}
        Draft202012Validator(schema).validate(content["examples"][kind.name]["value"])


def test_every_type_has_an_example_with_all_its_params(
    owner: Caller, document: dict[str, Any], subtests: pytest.Subtests
) -> None:
    give_sample_catalogue(owner.tenant)
    dispatch, batch = (
        document["paths"][path]["post"]["requestBody"]["content"][JSON]["examples"]
        for path in ("/api/ai-jobs", "/api/ai-jobs/batch")
    )
    for kind in OFFERED:
        with subtests.test(kind=kind.name):
            name = f"{kind.name}, every parameter"
            assert dispatch[name]["value"]["params"].keys() == kind.params.model_fields.keys()
            assert batch[name]["value"]["jobs"] == [dispatch[name]["value"]]
            for path, body in (("", dispatch[name]), ("", dispatch[kind.name]), ("/batch", batch[name])):
                assert owner.post(f"/api/ai-jobs{path}", body["value"]).status_code == 201, body


def test_examples_of_other_bodies_are_accepted(owner: Caller, document: dict[str, Any]) -> None:
    """Of imports and connections."""
    for path, found in document["paths"].items():
        for method, operation in found.items():
            if path.startswith("/api/ai-jobs") or "requestBody" not in operation:
                continue
            address = called(path) + ("?marketplace=amazon_us" if path.startswith("/api/catalogue") else "")
            for media_type, content in operation["requestBody"]["content"].items():
                for each in content.get("examples", {}).values():
                    value = each["value"]
                    body = value.encode() if isinstance(value, str) else value
                    if method == "put":
                        # Each example is of a connection that is not there yet.
                        owner.delete(address)
                    answer = owner.request(method.upper(), address, body, content_type=media_type)
                    assert answer.status_code in (200, 201), (path, answer.content)
