from django.apps import AppConfig


class ChangesConfig(AppConfig):
    name = "workers.changes"
    label = "changes"
