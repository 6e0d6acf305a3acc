from django.apps import AppConfig


class WorkersConfig(AppConfig):
    name = "workers"

    def ready(self) -> None:
        # Importing the package registers every job type in it.
        import workers.jobs  # noqa: F401
