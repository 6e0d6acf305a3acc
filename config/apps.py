from django.apps import AppConfig


class Config(AppConfig):
    """An app only because Django looks for the command `up` in one."""

    name = "config"
