"""API keys: made, shown once, revoked."""

from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.timezone import now

from aijobs import auth, scopes
from aijobs.admin import audit
from aijobs.admin.base import DELAY, Admin
from aijobs.models import ApiKey


def _choices() -> list[tuple[str, str]]:
    return [(scope, f"{scope}: {description}") for scope, description in scopes.known().items()]


class ApiKeyForm(forms.ModelForm):  # type: ignore[type-arg]  # not subscriptable at run time
    """Scopes are ticked, not typed: a misspelt one would be a key that can do nothing."""

    scopes = forms.MultipleChoiceField(choices=_choices, widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiKey
        fields: ClassVar = ["label", "scopes", "tenants", "expires_at"]

    def clean_expires_at(self) -> datetime | None:
        """A moment that is over would be a key that nobody can use. One that has expired stays as it is."""
        expires_at: datetime | None = self.cleaned_data["expires_at"]
        if expires_at and expires_at <= now() and "expires_at" in self.changed_data:
            raise forms.ValidationError(
                "This moment is over. Choose a later one, or none for a key that does not expire; to end a key now, "
                "revoke it."
            )
        return expires_at


@admin.register(ApiKey)
class ApiKeyAdmin(Admin):
    form = ApiKeyForm
    list_display = ["prefix", "label", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at"]
    ordering = ["-pk"]
    search_fields = ["prefix", "label", "tenants__name"]
    readonly_fields = ["prefix", "created_at", "revoked_at", "last_used_at"]
    autocomplete_fields = ["tenants"]
    actions = ["revoke"]

    def get_fields(self, request: HttpRequest, obj: ApiKey | None = None) -> list[Any]:
        asked_for = ["label", "scopes", "tenants", "expires_at"]
        return [*asked_for, *self.readonly_fields] if obj else asked_for

    def has_delete_permission(self, request: HttpRequest, obj: ApiKey | None = None) -> bool:
        """A key is revoked and stays on record."""
        return False

    def save_model(self, request: HttpRequest, obj: ApiKey, form: "ModelForm[ApiKey]", change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        created, secret = auth.create_key(
            form.cleaned_data["tenants"], obj.scopes, expires_at=obj.expires_at, label=obj.label
        )
        # The admin goes on with its own instance: let that be the row just made.
        obj.pk = created.pk
        obj.refresh_from_db()
        request.new_api_key = secret  # type: ignore[attr-defined]  # until response_add, in memory only

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the secret in this very response: a message would carry it through a cookie or the session table."""
        secret = request.new_api_key  # type: ignore[attr-defined]
        content = format_html(
            "<p>Copy the key now. It will not be shown again.</p><p><code>{}</code></p><p><a href='{}'>Done</a></p>",
            secret,
            reverse("admin:aijobs_apikey_change", args=[obj.pk]),
        )
        context = {**self.admin_site.each_context(request), "title": f"API key {obj}", "content": content}
        return TemplateResponse(request, "admin/base_site.html", context)

    @admin.action(description="Revoke selected API keys", permissions=["change"])
    def revoke(self, request: HttpRequest, keys: QuerySet[ApiKey]) -> None:
        revoked = audit.changed(request, keys.filter(revoked_at=None), "Revoked.", revoked_at=now())
        self.message_user(
            request, f"The service revoked {revoked} of the selected keys. It stops accepting them {DELAY}."
        )
