from django.apps import AppConfig

from aijobs import watching
from workers.changes.watched import STAYS_UNKNOWN


class ChangesConfig(AppConfig):
    name = "workers.changes"
    label = "changes"

    def ready(self) -> None:
        watching.add(STAYS_UNKNOWN)
