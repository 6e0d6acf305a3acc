"""What a tenant says to connect a shop, and the secret it is connected with."""

import re
from typing import Annotated

import httpx
from pydantic import Field, SecretStr, field_validator

from aijobs.shapes import Form
from workers.connections.addresses import Address
from workers.connections.shapes import ConnectionModel

# Of a header, where anything but visible ASCII is refused with an error that quotes the value.
_TOKEN = re.compile(r"[!-~]+")


class ShopifySettings(ConnectionModel):
    shop: Annotated[
        str,
        Form(
            r"^[a-z0-9][a-z0-9-]{0,62}\.myshopify\.com$",
            "must be the shop's own address, such as my-shop.myshopify.com, in lower case and without https://",
        ),
    ] = Field(
        description="The shop's address, for example my-shop.myshopify.com.",
    )
    endpoint: Address | None = Field(
        default=None, description="The address of the Admin API if it is not the shop's own, such as a proxy's."
    )
    api_version: Annotated[
        str, Form(r"^20[0-9]{2}-(0[1-9]|1[0-2])$", "must be a year and a month, such as 2026-10")
    ] = Field(default="2026-10", description="The version of the Admin API.")

    @property
    def url(self) -> httpx.URL:
        base = self.endpoint or f"https://{self.shop}"
        return httpx.URL(f"{base}/admin/api/{self.api_version}/graphql.json")


class ShopifyCredentials(ConnectionModel):
    access_token: SecretStr = Field(
        min_length=1,
        max_length=500,
        description="The access token of an app that has the scopes read_products and write_products.",
        json_schema_extra={"pattern": f"^{_TOKEN.pattern}$"},
    )

    @field_validator("access_token")
    @classmethod
    def _fits_a_header(cls, token: SecretStr) -> SecretStr:
        if not _TOKEN.fullmatch(token.get_secret_value()):
            raise ValueError("must be letters, digits and punctuation without spaces")
        return token
