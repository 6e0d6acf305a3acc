from django.urls import re_path

from aijobs.api.guide import Section, add_section
from workers.assistants.api.connections import AssistantViewSet
from workers.assistants.api.spending import BudgetViewSet, UsageViewSet

NAME = r"(?P<name>[^/]+)"

add_section(Section("assistants", "Assistants", "assistants/guide/assistants.html"))

urlpatterns = [
    re_path(r"^assistants/?$", AssistantViewSet.as_view({"get": "list"}), name="assistants"),
    re_path(
        rf"^assistants/{NAME}/?$",
        AssistantViewSet.as_view({"get": "retrieve", "put": "update", "delete": "destroy"}),
        name="assistant",
    ),
    re_path(rf"^assistants/{NAME}/test/?$", AssistantViewSet.as_view({"post": "test"}), name="assistant-test"),
    re_path(
        r"^assistant-budget/?$",
        BudgetViewSet.as_view({"get": "retrieve", "put": "update"}),
        name="assistant-budget",
    ),
    re_path(r"^assistant-usage/?$", UsageViewSet.as_view({"get": "retrieve"}), name="assistant-usage"),
]
