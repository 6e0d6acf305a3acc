"""First answers that are replayed."""

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString

from aijobs.admin.base import ReadOnlyAdmin, pretty
from aijobs.admin.filters import TenantFilter
from aijobs.models import IdempotencyKey


@admin.register(IdempotencyKey)
class IdempotencyKeyAdmin(ReadOnlyAdmin):
    list_display = ["key", "tenant", "created_at"]
    list_select_related = ["tenant"]
    list_filter = [TenantFilter]
    search_fields = ["key__exact"]
    search_help_text = "Enter a whole key."
    fields = ["key", "tenant", "created_at", "shown_fingerprint", "shown_answer"]

    def get_ordering(self, request: HttpRequest) -> Any:
        """Of a tenant's, in the order of the one index that they have."""
        return ["key"] if request.GET.get("tenant") else self.ordering

    @admin.display(description="fingerprint")
    def shown_fingerprint(self, key: IdempotencyKey) -> str:
        return bytes(key.fingerprint).hex()

    @admin.display(description="answer")
    def shown_answer(self, key: IdempotencyKey) -> SafeString:
        return pretty(json.loads(key.answer))
