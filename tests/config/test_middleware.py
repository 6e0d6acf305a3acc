"""The Content-Security-Policy of every answer. tests/browser/test_documentation.py has a browser look at it."""

import re
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from config.middleware import ContentSecurityPolicyMiddleware
from tests.clients import HTTP, Caller

INLINE = re.compile(r"<style|<script(?![^>]* src=)|\s(style|on[a-z]+)=")


def directives(policy: str) -> dict[str, str]:
    return {name: value for name, _, value in (each.strip().partition(" ") for each in policy.split(";"))}


@pytest.mark.parametrize(
    "path",
    ["/", "/api/docs", "/api/docs/guide", "/admin/login/", "/admin/aijobs/job/", "/admin/password_change/"],
)
def test_a_page_loads_only_what_we_serve(admin_client: Client, path: str) -> None:
    response = admin_client.get(path, follow=True)
    assert response["Content-Type"].startswith("text/html")
    policy = directives(response["Content-Security-Policy"])
    assert (policy["default-src"], policy["script-src"], policy["base-uri"]) == ("'none'", "'self'", "'none'")
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    # A browser would leave out what is written into the page.
    assert INLINE.search(response.content.decode()) is None


def test_a_page_may_ask_the_events_process_where_that_has_an_address_of_its_own(settings: Any) -> None:
    settings.AIJOBS_EVENTS_URL = "http://127.0.0.1:8001/streams"
    answer = ContentSecurityPolicyMiddleware(lambda _: HttpResponse())(RequestFactory().get("/"))
    assert directives(answer["Content-Security-Policy"])["connect-src"] == "'self' http://127.0.0.1:8001"
    settings.AIJOBS_EVENTS_URL = ""
    answer = ContentSecurityPolicyMiddleware(lambda _: HttpResponse())(RequestFactory().get("/"))
    assert directives(answer["Content-Security-Policy"])["connect-src"] == "'self'"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/schema", 200),
        ("/api/docs?script=", 200),
        ("/healthz", 200),
        ("/nothing", 404),
        ("/api/", 200),
        ("/api/nothing", 404),
        ("/static/aijobs/docs.css", 200),
        ("/static/aijobs/pages.css", 200),
        ("/static/aijobs/docs.js", 200),
        ("/static/aijobs/icon.svg", 200),
        ("/api/ai-jobs", 401),
    ],
)
def test_whatever_is_no_page_may_load_nothing(db: None, path: str, status: int) -> None:
    response = HTTP.get(path)
    response.close()
    assert response.status_code == status
    assert response["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"


def test_an_answer_of_the_api_may_load_nothing(owner: Caller) -> None:
    assert directives(owner.get("/api/ai-jobs")["Content-Security-Policy"])["default-src"] == "'none'"


def test_an_error_of_the_service_may_load_nothing(owner: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rest_framework.views.APIView.dispatch", None)
    response = owner.get("/api/ai-jobs")
    assert response.status_code == 500
    assert directives(response["Content-Security-Policy"])["default-src"] == "'none'"
