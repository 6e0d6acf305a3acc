from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    name = "workers.catalogue"
    label = "catalogue"
