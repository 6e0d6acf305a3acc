"""The staff's view of connections: what the API's PUT does, with the same checks. Credentials are write-only."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from aijobs.admin.base import Admin
from aijobs.errors import ApiError
from workers.marketplaces import connections
from workers.marketplaces.connectors import CONNECTORS
from workers.marketplaces.models import Connection
from workers.marketplaces.protocols import ConnectionModel


def _named(models: Mapping[str, type[ConnectionModel]]) -> str:
    """The fields of each connector, those that may be left out in brackets."""
    fields = {
        name: [each if field.is_required() else f"[{each}]" for each, field in model.model_fields.items()]
        for name, model in sorted(models.items())
    }
    return "; ".join(f"{name}: {', '.join(those) or 'nothing'}" for name, those in fields.items())


SETTINGS = _named({name: kind.settings_model for name, kind in CONNECTORS.items()})
CREDENTIALS = _named({name: kind.credentials_model for name, kind in CONNECTORS.items()})


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    connector = forms.ChoiceField(choices=[(name, name) for name in sorted(CONNECTORS)])
    settings = forms.JSONField(
        required=False,
        initial=dict,
        help_text=f"Enter a JSON object. The connectors' fields, with optional ones in brackets, are {SETTINGS}.",
    )
    credentials = forms.JSONField(
        required=False,
        widget=forms.Textarea(attrs={"autocomplete": "off", "rows": 4}),
        help_text=f"Enter a JSON object. The fields of each connector are {CREDENTIALS}. The service encrypts them "
        "and never shows them again. Leave this empty to keep those that are stored.",
    )

    class Meta:
        model = Connection
        fields: ClassVar = ["tenant", "name", "connector", "settings"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        for part in ("settings", "credentials"):
            if not isinstance(cleaned[part] or {}, dict):
                raise forms.ValidationError({part: "Enter a JSON object, such as {}."})
        wanted = cleaned["connector"], cleaned["settings"] or {}, cleaned["credentials"] or None
        try:
            # Within the transaction of the page, at whose end the lock is let go: saving finds what was checked.
            with connections.locked(self.instance.tenant_id or cleaned["tenant"].pk, self._name(cleaned)) as stored:
                connections.check(stored if self.instance.pk else None, *wanted)
        except ApiError as error:
            raise forms.ValidationError(_shown(error)) from None
        return cleaned

    def _name(self, cleaned: Mapping[str, Any]) -> str:
        """A field that never changes is not among those that were sent."""
        name: str = self.instance.name if self.instance.pk else cleaned["name"]
        return name


def _shown(error: ApiError) -> list[str]:
    """Its details, or where there are none its message."""
    details = error.details if isinstance(error.details, list) else []
    return [f"{each['path']}: {each['message']}" for each in details] or [error.message]


@admin.register(Connection)
class ConnectionAdmin(Admin):
    form = ConnectionForm
    list_display = ["name", "tenant", "connector", "updated_at"]
    list_select_related = ["tenant"]
    list_filter = ["connector"]
    search_fields = ["name", "tenant__name"]
    fields = ["tenant", "name", "connector", "settings", "credentials", "created_at", "updated_at"]
    readonly_fields = ["created_at", "updated_at"]
    autocomplete_fields = ["tenant"]
    actions = ["test"]

    def get_readonly_fields(self, request: HttpRequest, obj: Connection | None = None) -> list[str]:
        """Jobs name it, and its credentials are sealed for it: tenant and name never change."""
        return [*self.readonly_fields, *(["tenant", "name"] if obj else [])]

    def save_model(self, request: HttpRequest, obj: Connection, form: "ModelForm[Connection]", change: bool) -> None:
        cleaned = form.cleaned_data
        saved, _ = connections.save(
            obj.tenant_id, obj.name, cleaned["connector"], cleaned["settings"] or {}, cleaned["credentials"] or None
        )
        # The admin goes on with its own instance: let that be the row just written.
        obj.pk = saved.pk
        obj.refresh_from_db()

    def has_delete_permission(self, request: HttpRequest, obj: Connection | None = None) -> bool:
        """Through the API, which refuses while a change is on its way."""
        return False

    @admin.action(description="Test selected connections", permissions=["change"])
    def test(self, request: HttpRequest, rows: QuerySet[Connection]) -> None:
        for row in rows:
            try:
                tested = connections.test(row)
            except ApiError as error:
                self.message_user(request, f"{row}: {error.message}", messages.WARNING)
                continue
            level = messages.SUCCESS if tested["ok"] else messages.WARNING
            self.message_user(request, f"{row}: {tested['message']}", level)
