"""What a tenant says about its Amazon account."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr

from aijobs.shapes import Form
from workers.connections.addresses import Address
from workers.connections.shapes import ConnectionModel
from workers.marketplaces.amazon.regions import MARKETPLACES, Marketplace

TOKEN_ENDPOINT = "https://api.amazon.com/auth/o2/token"  # noqa: S105  # an address


def _known_country(country: str) -> str:
    if country not in MARKETPLACES:
        raise ValueError(f"must be one of {', '.join(MARKETPLACES)}")
    return country


class AmazonSettings(ConnectionModel):
    """Which of the seller's accounts, and in which of Amazon's marketplaces."""

    seller_id: Annotated[
        str, Form(r"^[A-Z0-9]{1,32}$", "must have 1 to 32 capital letters and digits, such as A2EXAMPLE1SELL")
    ] = Field(
        description="Your seller ID at Amazon, which tells your offers from those of others.",
    )
    country: Annotated[
        str,
        AfterValidator(_known_country),
        Field(
            description=f"The country of the marketplace: one of {', '.join(MARKETPLACES)}.",
            json_schema_extra={"enum": [str(name) for name in MARKETPLACES]},
        ),
    ]
    endpoint: Address | None = Field(
        default=None,
        description="An address to use instead of the API of the country's region, such as Amazon's sandbox.",
    )
    token_endpoint: Address = Field(
        default=TOKEN_ENDPOINT, description="The address at which Login with Amazon issues access tokens."
    )
    product_type: Annotated[
        str, Form(r"^[A-Z0-9_]{1,100}$", "must have 1 to 100 capital letters, digits and _, such as LUGGAGE")
    ] = Field(
        default="PRODUCT",
        description="The product type of the listings whose prices are set. Amazon accepts PRODUCT for all of them. "
        "Texts are sent with each listing's own product type.",
    )
    featured_offer_expected_price: bool = Field(
        default=False,
        description="Whether scans ask at which price your offer would be the featured one. "
        "This takes one call for each 40 products, and Amazon allows two such calls a minute.",
    )

    @property
    def marketplace(self) -> Marketplace:
        return MARKETPLACES[self.country]


class AmazonCredentials(ConnectionModel):
    """Of Login with Amazon: the application's, and the seller's consent to it."""

    client_id: SecretStr = Field(
        min_length=1,
        max_length=500,
        description="The LWA client identifier of the application, which begins with amzn1.application-oa2-client.",
    )
    client_secret: SecretStr = Field(
        min_length=1, max_length=500, description="The LWA client secret of the application."
    )
    refresh_token: SecretStr = Field(
        min_length=1,
        max_length=4000,
        description="The refresh token from your authorisation of the application, which begins with Atzr|.",
    )
