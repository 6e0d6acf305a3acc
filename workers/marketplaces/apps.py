from django.apps import AppConfig

from aijobs import scopes


class MarketplacesConfig(AppConfig):
    name = "workers.marketplaces"
    label = "marketplaces"

    def ready(self) -> None:
        scopes.add("marketplaces:read", "Read marketplaces' connections, without their credentials.")
        scopes.add("marketplaces:write", "Set, test and remove marketplaces' connections.")
