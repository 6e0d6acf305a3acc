from django.apps import AppConfig

from aijobs import scopes


class CatalogueConfig(AppConfig):
    name = "workers.catalogue"
    label = "catalogue"

    def ready(self) -> None:
        scopes.add(
            "catalogue:read",
            "Read products, sales, offers, reviews, returns, listings, keywords, price changes and the repricing "
            "policy.",
        )
        scopes.add(
            "catalogue:write",
            "Import and remove products, sales, offers, reviews, returns, listings and keywords, apply and revert "
            "price changes, and set the repricing policy.",
        )
