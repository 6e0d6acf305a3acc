"""The staff's view of the catalogue: products to correct; sales, offers and scans to read."""

from typing import Any, ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.timezone import now

from aijobs.admin.base import Admin, BoundedPaginator, ReadOnlyAdmin
from workers.catalogue.models import Offer, Product, Sale, Scan


@admin.register(Product)
class ProductAdmin(Admin):
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


@admin.register(Offer)
class OfferAdmin(ReadOnlyAdmin):
    list_display = ["product", "seller", "price", "shipping", "currency", "condition", "is_buy_box", "fetched_at"]
    list_select_related = ["product"]
    search_fields = ["product__sku__exact"]


@admin.register(Scan)
class ScanAdmin(ReadOnlyAdmin):
    list_display = ["product", "scanned_at", "fetched", "lowest_landed", "buy_box_price"]
    list_select_related = ["product"]
    search_fields = ["product__sku__exact"]
    raw_id_fields = ["job"]
