"""What a request's Content-Type must not decide."""

from io import BytesIO

import pytest

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


def test_the_service_reads_its_requests_so() -> None:
    assert application.request_class is Request
