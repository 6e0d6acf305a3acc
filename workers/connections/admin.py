"""The staff's view of connections: what the API's PUT does, with the same checks. Credentials are write-only."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, Protocol

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from aijobs.admin import audit
from aijobs.admin.base import Admin
from aijobs.errors import ApiError
from workers.connections.connectors import ConnectorTypes
from workers.connections.models import StoredConnection
from workers.connections.shapes import ConnectionModel
from workers.connections.trying import Tested


class Connections(Protocol):
    """What an app's `connections.py` does with its own rows."""

    def locked(self, tenant_id: int, name: str) -> AbstractContextManager[Any]: ...

    def check(
        self,
        stored: Any,
        connector: str,
        settings: Mapping[str, object],
        credentials: Mapping[str, object] | None,
    ) -> None: ...

    def save(
        self,
        tenant_id: int,
        name: str,
        connector: str,
        settings: Mapping[str, object],
        credentials: Mapping[str, object] | None,
    ) -> tuple[Any, bool]: ...

    def test(self, connection: Any) -> Tested: ...


def _named(models: Mapping[str, type[ConnectionModel]]) -> str:
    """The fields of each connector, those that may be left out in brackets."""
    fields = {
        name: [each if field.is_required() else f"[{each}]" for each, field in model.model_fields.items()]
        for name, model in sorted(models.items())
    }
    return "; ".join(f"{name}: {', '.join(those) or 'nothing'}" for name, those in fields.items())


class ConnectionForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Of an app's connections. A subclass says which."""

    connections: Connections
    known: ConnectorTypes

    connector = forms.ChoiceField()
    settings = forms.JSONField(required=False, initial=dict)
    credentials = forms.JSONField(required=False, widget=forms.Textarea(attrs={"autocomplete": "off", "rows": 4}))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        settings = _named({name: kind.settings_model for name, kind in self.known.items()})
        credentials = _named({name: kind.credentials_model for name, kind in self.known.items()})
        self.fields["connector"] = forms.ChoiceField(choices=[(name, name) for name in sorted(self.known)])
        self.fields[
            "settings"
        ].help_text = f"Enter a JSON object. The connectors' fields, with optional ones in brackets, are {settings}."
        self.fields["credentials"].help_text = (
            f"Enter a JSON object. The fields of each connector are {credentials}. The service encrypts them and "
            "never shows them again. Leave this empty to keep those that are stored."
        )

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.errors:
            return cleaned
        for part in ("settings", "credentials"):
            if not isinstance(cleaned[part] or {}, dict):
                raise forms.ValidationError({part: "Enter a JSON object, such as {}."})
        wanted = cleaned["connector"], cleaned["settings"] or {}, cleaned["credentials"] or None
        tenant_id = self.instance.tenant_id or cleaned["tenant"].pk
        try:
            # Within the transaction of the page, at whose end the lock is let go: saving finds what was checked.
            with self.connections.locked(tenant_id, self._name(cleaned)) as stored:
                self.connections.check(stored if self.instance.pk else None, *wanted)
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


class ConnectionAdmin(Admin):
    """Of an app's connections. A subclass names the form."""

    form: type[ConnectionForm]
    list_display = ["name", "tenant", "connector", "updated_at"]
    list_select_related = ["tenant"]
    list_filter = ["connector"]
    search_fields = ["name", "tenant__name"]
    fields = ["tenant", "name", "connector", "settings", "credentials", "created_at", "updated_at"]
    readonly_fields = ["created_at", "updated_at"]
    autocomplete_fields = ["tenant"]
    actions = ["test"]

    def get_readonly_fields(self, request: HttpRequest, obj: StoredConnection | None = None) -> list[str]:
        """Jobs name it, and its credentials are sealed for it: tenant and name never change."""
        return [*self.readonly_fields, *(["tenant", "name"] if obj else [])]

    def save_model(
        self, request: HttpRequest, obj: StoredConnection, form: "ModelForm[StoredConnection]", change: bool
    ) -> None:
        cleaned = form.cleaned_data
        saved, _ = self.form.connections.save(
            obj.tenant_id, obj.name, cleaned["connector"], cleaned["settings"] or {}, cleaned["credentials"] or None
        )
        # The admin goes on with its own instance: let that be the row just written.
        obj.pk = saved.pk
        obj.refresh_from_db()

    @admin.action(description="Test selected connections", permissions=["change"])
    def test(self, request: HttpRequest, rows: QuerySet[StoredConnection]) -> None:
        for row in rows:
            try:
                tested = self.form.connections.test(row)
            except ApiError as error:
                self.message_user(request, f"{row}: {error.message}", messages.WARNING)
                continue
            level = messages.SUCCESS if tested["ok"] else messages.WARNING
            self.message_user(request, f"{row}: {tested['message']}", level)
            audit.record(request, row, "Tested.")
