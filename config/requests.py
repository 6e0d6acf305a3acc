"""A request as the service reads it."""

from typing import Any

from django.core.handlers.wsgi import WSGIRequest
from django.utils.http import parse_header_parameters


class Request(WSGIRequest):
    """A request whose address is UTF-8, whatever the charset of its body is.

    Django reads the query string in the charset of the body: a file in UTF-16 makes other words of its parameters,
    and `charset=base64` is an error of the server.
    """

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        self.content_type, self.content_params = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
