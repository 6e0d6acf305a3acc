"""What a tenant says to connect a shop, and the secret it is connected with."""

import re

import httpx
from pydantic import Field, SecretStr, field_validator

from workers.marketplaces.protocols import ConnectionModel

# Of a header, where anything but visible ASCII is refused with an error that quotes the value.
_TOKEN = re.compile(r"[!-~]+")


class ShopifySettings(ConnectionModel):
    shop: str = Field(
        pattern=r"\A[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com\z",
        description="The shop's address, for example my-shop.myshopify.com.",
    )
    endpoint: str | None = Field(
        default=None,
        max_length=500,
        description="The address of the Admin API if it is not the shop's own, such as a proxy's.",
    )
    api_version: str = Field(
        default="2026-10", pattern=r"\A20[0-9]{2}-(0[1-9]|1[0-2])\z", description="The version of the Admin API."
    )

    @field_validator("endpoint")
    @classmethod
    def _is_plain_address(cls, endpoint: str | None) -> str | None:
        """A password in the address would be shown with it."""
        if endpoint is not None:
            try:
                url = httpx.URL(endpoint)
            except httpx.InvalidURL:
                raise ValueError("must be a URL, for example https://proxy.example.com") from None
            if url.scheme not in ("https", "http") or not url.host:
                raise ValueError("must be an http or https URL, for example https://proxy.example.com")
            if url.userinfo or url.query or url.fragment:
                raise ValueError("must not have a user, a query or a fragment")
        return endpoint

    @property
    def url(self) -> httpx.URL:
        base = (self.endpoint or f"https://{self.shop}").rstrip("/")
        return httpx.URL(f"{base}/admin/api/{self.api_version}/graphql.json")


class ShopifyCredentials(ConnectionModel):
    access_token: SecretStr = Field(
        min_length=1,
        max_length=500,
        description="The access token of an app that has the scopes read_products and write_products.",
    )

    @field_validator("access_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("must be letters, digits and punctuation without spaces")
        return token
