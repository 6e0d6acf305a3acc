"""What a page offers. Its parser is loaded with the first page: a process of the API has none to read."""

from collections.abc import Callable, Collection

import httpx
from django.utils.module_loading import import_string

from workers.marketplaces.web.page import Page

# It loads lxml.
PARSER = "workers.marketplaces.web.pages.read"


# The body, the charset of its HTTP header, its address, the conditions of goods that are wanted, and
# the product's currency.
Parser = Callable[[bytes, str | None, httpx.URL, Collection[str], str], Page]


def read(response: httpx.Response, url: httpx.URL, conditions: Collection[str], currency: str) -> Page:
    """The offers of the page's main product in these conditions, in this currency where the page has several."""
    parser: Parser = import_string(PARSER)
    return parser(response.content, response.charset_encoding, url, conditions, currency)
