"""What a tenant may say of competitors' pages."""

from workers.marketplaces.protocols import ConnectionModel


class WebSettings(ConnectionModel):
    """Nothing has to be set: products have the addresses."""
