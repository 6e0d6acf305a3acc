"""/api/docs/guide. tests/integration/test_guide.py runs its examples."""

import re

import pytest
from django.urls import get_resolver
from lxml import html  # type: ignore[import-untyped]  # it has no types of its own

from aijobs import registry, scopes
from aijobs.api import guide
from aijobs.errors import all_errors
from tests.aijobs.api.answers import error_of
from tests.clients import HTTP

# The views, and with them what they answer, are loaded with the addresses.
get_resolver().url_patterns  # noqa: B018
ERRORS = all_errors()


@pytest.fixture(scope="module")
def page() -> html.HtmlElement:
    """It asks neither the database nor the broker."""
    response = HTTP.get("/api/docs/guide")
    assert response.status_code == 200
    assert response["Content-Type"] == "text/html; charset=utf-8"
    return html.fromstring(response.content.decode())


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_it_has_the_sections_that_its_contents_name(page: html.HtmlElement) -> None:
    anchors = ["tour", "keys", "jobs", "polling", "batches", "webhooks"]
    anchors += ["imports", "listings", "schedules", "assistants", "errors"]
    assert page.xpath("//section/@id") == anchors
    assert page.xpath("//ol/li/a/@href") == [f"#{each}" for each in anchors]
    for section in page.xpath("//section"):
        assert len(words(section)) > 200, section.get("id")
        assert section.xpath(".//pre"), section.get("id")


def test_every_link_leads_somewhere(page: html.HtmlElement) -> None:
    anchors = set(page.xpath("//@id"))
    for link in page.xpath("//a/@href"):
        path, _, anchor = link.partition("#")
        assert path or anchor in anchors, link
        if path in ("/api/docs", "/api/docs/guide"):
            assert HTTP.get(path).status_code == 200


def test_it_describes_every_scope_and_every_job_type(page: html.HtmlElement) -> None:
    told = {words(term): words(term.getnext()) for term in page.xpath("//dt")}
    assert {scope: told[scope] for scope in scopes.known()} == scopes.known()
    for kind in registry.all_types():
        assert told[kind.name].startswith(kind.description)


def test_it_says_of_every_error_what_to_do(page: html.HtmlElement) -> None:
    for error in ERRORS:
        [term] = page.xpath("//section[@id='errors']//dt[@id=$code]", code=error.code)
        assert words(term) == f"{error.code} {error.status}"
        message, advice = (words(each) for each in term.getnext().xpath("./p"))
        assert message == " ".join(error.default_message.split())
        assert advice == error.advice.replace("`", ""), error.code


def test_what_to_do_is_said_in_sentences() -> None:
    """A new error needs an `advice` of its own."""
    for error in ERRORS:
        assert re.fullmatch(r"[A-Z`].{20,}\.", error.advice), error.code
        assert error.advice.count("`") % 2 == 0, error.code
        assert error.default_message, error.code


def test_every_code_stands_for_one_error() -> None:
    assert len({error.code for error in ERRORS}) == len(ERRORS)
    assert {error.code for error in ERRORS} >= {
        *("JOB_NOT_FOUND", "INVALID_JOB_TYPE", "QUEUE_FULL", "INSUFFICIENT_SCOPE", "JOB_NOT_CANCELLABLE"),
        *("NOT_FOUND", "METHOD_NOT_ALLOWED", "INTERNAL_ERROR", "REQUEST_TIMEOUT", "IMPORT_BUSY", "NOT_READY"),
    }


def test_an_app_adds_its_section_before_the_errors() -> None:
    assert [each.anchor for each in guide.sections()][-2:] == ["assistants", "errors"]


def test_head_and_other_methods() -> None:
    head = HTTP.head("/api/docs/guide")
    assert (head.status_code, head.content) == (200, b"")
    error_of(HTTP.post("/api/docs/guide"), 405, "METHOD_NOT_ALLOWED")


def test_with_a_slash_and_with_other_parameters_it_is_the_same() -> None:
    assert {HTTP.get(f"/api/docs/guide{end}").status_code for end in ("/", "?x=1")} == {200}


def test_the_reference_leads_to_every_section(page: html.HtmlElement) -> None:
    reference = html.fromstring(HTTP.get("/api/docs").content.decode())
    for anchor in page.xpath("//section/@id"):
        assert reference.xpath("//a[@href=$to]", to=f"/api/docs/guide#{anchor}")
