from django.apps import AppConfig


class MarketplacesConfig(AppConfig):
    name = "workers.marketplaces"
    label = "marketplaces"
