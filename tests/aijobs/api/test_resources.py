"""/api/"""

import functools
import re

import pytest

from aijobs import scopes
from tests.aijobs.api.answers import UNKNOWN, data_of, error_of, paths_of
from tests.clients import HTTP, Caller, caller
from tests.factories import ALL_SCOPES


@pytest.mark.parametrize("path", ["/api/", "/api"])
def test_it_needs_no_key_and_says_where_the_documentation_is(db: None, path: str) -> None:
    found = data_of(HTTP.get(path))
    assert {name: found[name] for name in ("guide", "reference", "schema")} == {
        "guide": "/api/docs/guide",
        "reference": "/api/docs",
        "schema": "/api/schema",
    }


def test_every_path_of_the_schema_is_listed_with_a_sentence(db: None) -> None:
    listed = {
        (each["path"], method["method"].lower()): method["description"]
        for each in data_of(HTTP.get("/api/"))["resources"]
        for method in each["methods"]
    }
    paths = HTTP.get("/api/schema").json()["paths"]
    assert listed == {
        (path, method): f"{operation['summary']}."
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/api/")
    }
    assert all(re.fullmatch(r"[A-Z].+[^.]\.", sentence) for sentence in listed.values())


def test_the_scope_that_is_named_is_the_one_that_is_needed(owner: Caller) -> None:
    """Each endpoint refuses a key that has all scopes but this."""
    having = functools.cache(lambda scopes: caller(owner.tenant, scopes))
    for each in data_of(HTTP.get("/api/"))["resources"]:
        path = re.sub(r"\{(\w+)\}", lambda found: UNKNOWN[found[1]], each["path"])
        for method in each["methods"]:
            required = method["scope"].partition(",")[0]
            others = tuple(scope for scope in ALL_SCOPES if scope != required)
            if "any other read scope" in method["scope"]:
                others = tuple(scope for scope in ALL_SCOPES if not scope.endswith(":read"))
            assert required in scopes.known()
            refused = having(others).request(method["method"], path, {})
            assert required in error_of(refused, 403, "INSUFFICIENT_SCOPE")["message"], (method, path)


def test_what_takes_no_body_refuses_fields_and_takes_an_empty_object(owner: Caller) -> None:
    """A wish that is misspelt, or belongs elsewhere, would else do nothing without a word."""
    without = [
        (path, method)
        for path, operations in HTTP.get("/api/schema").json()["paths"].items()
        for method, operation in operations.items()
        if method in ("post", "put", "patch") and "requestBody" not in operation
    ]
    assert ("/api/ai-jobs/schedules/{schedule_id}/run-now", "post") in without
    for path, method in without:
        address = re.sub(r"\{(\w+)\}", lambda found: UNKNOWN[found[1]], path)
        refused = error_of(owner.request(method.upper(), address, {"at": "noon"}), 422, "INVALID_PARAMS")
        assert paths_of(refused) == ["at"], path
        # Nobody has what it is about; `test` of a marketplace that everybody has works.
        assert owner.request(method.upper(), address, {}).status_code in (200, 201, 404), path


def test_query_parameters_are_refused(db: None) -> None:
    assert paths_of(error_of(HTTP.get("/api/?x=1"), 422, "INVALID_FILTER")) == ["x"]


def test_head_and_other_methods(db: None) -> None:
    head = HTTP.head("/api/")
    assert (head.status_code, head.content) == (200, b"")
    error_of(HTTP.post("/api/"), 405, "METHOD_NOT_ALLOWED")
