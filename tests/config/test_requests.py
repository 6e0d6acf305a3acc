"""What the headers of a request must not decide, whatever they are."""

from collections.abc import Callable, Iterator
from contextlib import closing
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import close_old_connections

from aijobs.postgresql.patience import patience
from config.requests import Request
from config.wsgi import application

# Importing it has made this process one of the API, which waits for the database for some seconds only. What checks
# a test's rows at its end may take longer beside other processes.
patience.limit(None)


@pytest.mark.parametrize("charset", ["utf-16", "base64", "idna", "klingon", "cp037"])
def test_the_address_is_utf_8_whatever_the_charset_of_the_body(charset: str) -> None:
    request = Request(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/",
            "QUERY_STRING": "marketplace=amazon_us&sku=%C3%A91",
            "CONTENT_TYPE": f"text/csv; charset={charset}",
            "wsgi.input": BytesIO(),
        }
    )
    assert request.GET.dict() == {"marketplace": "amazon_us", "sku": "é1"}
    assert request.content_params == {"charset": charset}


# A parameter in a charset that nobody knows, as RFC 2231 writes one.
UNREADABLE = "; a*=x''%41"


def environ(method: str, path: str, **headers: str) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "wsgi.url_scheme": "http",
        "wsgi.input": BytesIO(),
        **headers,
    }


@pytest.fixture
def _connections_stay() -> Iterator[None]:
    """A request looks at connections that earlier tests have left open; that of Django's own client does not."""
    signals = (request_started, request_finished)
    for each in signals:
        each.disconnect(close_old_connections)
    yield
    for each in signals:
        each.connect(close_old_connections)


def status_of(method: str, path: str, **headers: str) -> int:
    """Of the application itself: Django's own client makes requests of another class."""
    told: list[str] = []

    def start(status: str, *rest: object) -> Callable[[bytes], object]:
        told.append(status)
        return lambda _: None

    with closing(application(environ(method, path, **headers), start)):
        return int(told[0].partition(" ")[0])


@pytest.mark.usefixtures("_connections_stay")
def test_a_content_type_that_cannot_be_read_has_no_parameters() -> None:
    for media_type in ("application/json", "multipart/form-data"):
        request = Request(environ("POST", "/", CONTENT_TYPE=f"{media_type}; boundary=x{UNREADABLE}"))
        assert (request.content_type, request.content_params) == (media_type, {})
        assert request.META["CONTENT_TYPE"] == media_type
        sent = {"CONTENT_TYPE": f"{media_type}; boundary=x{UNREADABLE}"}
        assert status_of("POST", "/api/ai-jobs", **sent) == 401, media_type
        assert status_of("GET", "/nowhere", **sent) == 404, media_type
        assert status_of("POST", "/admin/login/", **sent) in (400, 403), media_type


@pytest.mark.usefixtures("_connections_stay")
def test_an_accept_that_cannot_be_read_accepts_anything() -> None:
    accept = "application/json" + UNREADABLE
    for path, status in {"/nowhere": 404, "/api/docs": 200, "/api/schema": 200}.items():
        assert status_of("GET", path, HTTP_ACCEPT=accept) == status, path
    wanted = ["text/html", "application/json"]
    assert Request(environ("GET", "/", HTTP_ACCEPT=accept)).get_preferred_type(wanted) == "text/html"


@pytest.mark.parametrize(
    ("accept", "preferred"),
    [
        ("*/*", "text/html"),
        ("application/json", "application/json"),
        ("text/html;q=0, */*;q=0.1, application/json", "application/json"),
        ("text/html;q=0.5, application/json;q=0.4", "text/html"),
        ("image/png", None),
        ("", None),
    ],
)
def test_other_ones_are_read_as_django_reads_them(accept: str, preferred: str | None) -> None:
    sent, wanted = environ("GET", "/", HTTP_ACCEPT=accept), ["text/html", "application/json"]
    assert Request(sent).get_preferred_type(wanted) == WSGIRequest(sent).get_preferred_type(wanted) == preferred


def test_the_service_reads_its_requests_so() -> None:
    assert application.request_class is Request
