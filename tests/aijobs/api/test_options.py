"""OPTIONS, for every address that is routed: it says what the address takes, to everybody."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.aijobs.api.answers import NO_JOB, UNKNOWN
from tests.clients import HTTP, Caller

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")


def routed(resolver: URLResolver, before: str = "") -> Iterator[str]:
    """The addresses of all routes, with ids that nobody has; but the admin's, which are pages."""
    for each in resolver.url_patterns:
        here = before + str(each.pattern)
        if here.startswith("admin/"):
            continue
        if isinstance(each, URLResolver):
            yield from routed(each, here)
        elif isinstance(each, URLPattern):
            yield address(here)


def address(pattern: str) -> str:
    for name, value in UNKNOWN.items():
        pattern = pattern.replace(f"(?P<{name}>[^/]+)", value)
    return "/" + pattern.replace("^", "").removesuffix("\\Z").removesuffix("$").removesuffix("/?")


ADDRESSES = sorted(routed(get_resolver()))


def allowed(answer: Any) -> set[str]:
    return set(answer["Allow"].split(", "))


def test_all_addresses_are_looked_at() -> None:
    assert {"/api/ai-jobs", f"/api/ai-jobs/{NO_JOB}", "/api/catalogue/products", "/api/docs", "/healthz"} <= set(
        ADDRESSES
    )
    assert not [path for path in ADDRESSES if set(path) & set("^$?()\\<>")]


def test_options_answers_everybody_with_what_the_address_takes(owner: Caller, subtests: pytest.Subtests) -> None:
    for path in ADDRESSES:
        with subtests.test(path=path):
            answer = HTTP.options(path)
            assert (answer.status_code, answer.content) == (204, b"")
            assert answer["X-Request-ID"]
            answers = {method: owner.request(method, path) for method in METHODS}
            taken = {method for method, answer in answers.items() if answer.status_code != 405}
            assert allowed(answer) == taken
            assert "OPTIONS" in taken
            assert ("HEAD" in taken) == ("GET" in taken)
            # A refused method names the same ones.
            assert answers["TRACE"].status_code == 405
            assert allowed(answers["TRACE"]) == taken


def test_what_is_documented_is_what_is_taken(owner: Caller) -> None:
    for path, found in HTTP.get("/api/schema").json()["paths"].items():
        implied = {"OPTIONS", "HEAD"} if "get" in found else {"OPTIONS"}
        called = address(path[1:].replace("{", "(?P<").replace("}", ">[^/]+)"))
        assert allowed(HTTP.options(called)) == {method.upper() for method in found} | implied, path


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer nonsense"}, {"content-type": "text/plain"}])
def test_neither_key_nor_body_nor_query_matter(db: None, headers: dict[str, str]) -> None:
    answer = HTTP.generic("OPTIONS", "/api/ai-jobs?x=1", b"{", headers=headers)
    assert (answer.status_code, allowed(answer)) == (204, {"GET", "HEAD", "POST", "OPTIONS"})


def test_nothing_at_an_address_is_404(db: None) -> None:
    assert HTTP.options("/api/nothing").status_code == 404
