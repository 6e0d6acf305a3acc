"""What a tenant may say of a marketplace that only the catalogue knows."""

from pydantic import Field

from workers.connections.shapes import ConnectionModel


class CatalogueSettings(ConnectionModel):
    """Nothing has to be set."""

    own_sellers: list[str] = Field(
        default=[], max_length=20, description="The seller names under which imported offers are your own."
    )
