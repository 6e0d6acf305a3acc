from django.apps import AppConfig


class BenchmarksConfig(AppConfig):
    name = "tests.benchmarks"
    label = "benchmarks"

    def ready(self) -> None:
        import tests.benchmarks.jobs  # noqa: F401
