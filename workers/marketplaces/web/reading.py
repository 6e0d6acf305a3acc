"""What a page offers. Its parser is loaded with the first page: a process of the API has none to read."""

from collections.abc import Callable, Collection

import httpx
from django.utils.module_loading import import_string

from workers.marketplaces.web.page import Page

# It loads lxml and price-parser.
PARSER = "workers.marketplaces.web.pages.read"


# The body, the charset of its HTTP header, where it was found at last, and the conditions of goods that are wanted.
Parser = Callable[[bytes, str | None, httpx.URL, Collection[str]], Page]


def read(response: httpx.Response, conditions: Collection[str]) -> Page:
    """The offers of the page's main product in these conditions."""
    parser: Parser = import_string(PARSER)
    return parser(response.content, response.charset_encoding, response.request.url, conditions)
