"""Competitors' product pages, read by URL."""

from workers.marketplaces.web.connector import Web, WebSettings

__all__ = ["Web", "WebSettings"]
