from django.apps import AppConfig

from aijobs import scopes


class AssistantsConfig(AppConfig):
    name = "workers.assistants"
    label = "assistants"

    def ready(self) -> None:
        scopes.add("assistants:read", "Read assistants' connections, without their credentials, and what they cost.")
        scopes.add("assistants:write", "Set, test and remove assistants' connections, and set their budget.")
