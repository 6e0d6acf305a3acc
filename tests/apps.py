from django.apps import AppConfig


class TestsConfig(AppConfig):
    name = "tests"

    def ready(self) -> None:
        import tests.jobs  # noqa: F401
