"""The staff's view of the catalogue: products to correct, sales and price changes to read."""

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.timezone import now

from aijobs.admin import BoundedPaginator, ReadOnlyAdmin
from workers.catalogue.models import PriceChange, Product, Sale


@admin.register(Product)
class ProductAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # not subscriptable at run time
    list_display = ["sku", "title", "tenant", "marketplace", "price", "currency", "stock", "updated_at"]
    list_filter = ["marketplace", "tenant"]
    list_select_related = ["tenant"]
    search_fields = ["sku__startswith", "tenant__name"]
    ordering = ["tenant", "marketplace", "sku"]
    # Any other order would sort the whole table.
    sortable_by: ClassVar = ()
    paginator = BoundedPaginator
    show_full_result_count = False
    autocomplete_fields = ["tenant"]
    readonly_fields = ["created_at", "updated_at"]

    def save_model(self, request: HttpRequest, obj: Product, form: "ModelForm[Product]", change: bool) -> None:
        obj.updated_at = now()
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What identifies a product never changes: sales and price changes refer to it."""
        return [*self.readonly_fields, *(["tenant", "marketplace", "sku"] if obj else [])]


@admin.register(Sale)
class SaleAdmin(ReadOnlyAdmin):
    list_display = ["product", "date", "price", "units", "promoted"]
    list_select_related = ["product"]
    search_fields = ["product__sku__exact"]


@admin.register(PriceChange)
class PriceChangeAdmin(ReadOnlyAdmin):
    list_display = ["product", "before", "after", "status", "tenant", "public_job_id", "applied_by", "created_at"]
    list_filter = ["status", "tenant"]
    list_select_related = ["product", "tenant", "applied_by"]
    search_fields = ["product__sku__exact"]
    raw_id_fields = ["job"]
