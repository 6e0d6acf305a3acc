"""What a tenant may say of competitors' pages."""

from workers.connections.shapes import ConnectionModel


class WebSettings(ConnectionModel):
    """Nothing has to be set: products have the addresses."""
