"""The staff's view of the catalogue: products to correct; what belongs to them to read."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.timezone import now

from aijobs.admin.base import Admin, ReadOnlyAdmin
from aijobs.admin.filters import ExactFilter, TenantFilter, of_tenant
from workers.catalogue.models import (
    CompetitorListing,
    Keyword,
    Listing,
    Offer,
    Product,
    Removal,
    Return,
    Review,
    Sale,
    Scan,
)

# A SKU that more products share is searched for in one tenant's list.
MOST_PRODUCTS = 100


class MarketplaceFilter(ExactFilter):
    title = "marketplace"
    parameter_name = "marketplace"

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(marketplace=self.value()) if self.value() else queryset


class OfProductsAdmin(ReadOnlyAdmin):
    """Rows that belong to products, found by the products' SKU: those first, so that an index can find the rows."""

    search_fields: ClassVar = ["product__sku__exact"]
    search_help_text = "Enter a whole SKU."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        sku = search_term.strip()
        if not sku:
            return queryset, False
        products: QuerySet[Product] = Product.objects.filter(sku=sku)
        if tenant := request.GET.get("tenant"):
            products = of_tenant(products, tenant)
        return queryset.filter(product__in=list(products.values_list("pk", flat=True)[:MOST_PRODUCTS])), False


@admin.register(Product)
class ProductAdmin(Admin):
    list_display = ["sku", "title", "tenant", "marketplace", "price", "currency", "stock", "updated_at"]
    list_filter = [TenantFilter, MarketplaceFilter]
    list_select_related = ["tenant"]
    search_fields = ["sku__exact"]
    search_help_text = "Enter a whole SKU."
    # By the column, and not by what it refers to: so an index has it.
    ordering = ["tenant_id", "marketplace", "sku"]
    # Any other order would sort the whole table.
    sortable_by: ClassVar = ()
    autocomplete_fields = ["tenant"]
    readonly_fields = ["created_at", "updated_at"]

    def save_model(self, request: HttpRequest, obj: Product, form: "ModelForm[Product]", change: bool) -> None:
        obj.updated_at = now()
        super().save_model(request, obj, form, change)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """What identifies a product never changes: sales and price changes refer to it."""
        return [*self.readonly_fields, *(["tenant", "marketplace", "sku"] if obj else [])]


@admin.register(Sale)
class SaleAdmin(OfProductsAdmin):
    list_display = ["product", "date", "price", "units", "promoted"]
    list_select_related = ["product"]


@admin.register(Offer)
class OfferAdmin(OfProductsAdmin):
    list_display = [
        "product",
        "seller",
        "price",
        "shipping",
        "currency",
        "condition",
        "is_buy_box",
        "availability",
        "tax_included",
        "fetched_at",
    ]
    list_select_related = ["product"]


@admin.register(Review)
class ReviewAdmin(OfProductsAdmin):
    list_display = [
        "product",
        "external_id",
        "rating",
        "title",
        "verified",
        "created_at",
        "label",
        "score",
        "confidence",
        "analysed_with",
    ]
    list_select_related = ["product"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A page of the list would else hold a hundred long texts."""
        return super().get_queryset(request).defer("body", "aspects")


@admin.register(Return)
class ReturnAdmin(OfProductsAdmin):
    list_display = [
        "product",
        "return_id",
        "date",
        "quantity",
        "reason_code",
        "disposition",
        "reason",
        "confidence",
        "classified_with",
    ]
    list_select_related = ["product"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A page of the list would else hold a hundred long texts."""
        return super().get_queryset(request).defer("comment", "classification")


@admin.register(Listing)
class ListingAdmin(OfProductsAdmin):
    list_display = ["product", "title", "category", "images", "updated_at", "optimised_at"]
    list_select_related = ["product"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A page of the list would else hold a hundred long texts."""
        return super().get_queryset(request).defer("bullets", "description", "search_terms", "attributes")


@admin.register(CompetitorListing)
class CompetitorListingAdmin(OfProductsAdmin):
    list_display = ["external_id", "marketplace", "brand", "title", "product", "imported_at"]
    list_select_related = ["product"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """A page of the list would else hold a hundred long texts."""
        return super().get_queryset(request).defer("bullets", "description", "attributes")


@admin.register(Keyword)
class KeywordAdmin(OfProductsAdmin):
    list_display = ["keyword", "marketplace", "sku", "volume", "imported_at"]


@admin.register(Scan)
class ScanAdmin(OfProductsAdmin):
    list_display = ["product", "scanned_at", "fetched", "lowest_landed", "buy_box_price"]
    list_select_related = ["product"]
    raw_id_fields = ["job"]


@admin.register(Removal)
class RemovalAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "tenant",
        "kind",
        "marketplace",
        "sku",
        "first_day",
        "last_day",
        "deleted",
        "refused",
        "key_prefix",
        "ended_at",
    ]
    list_filter = [TenantFilter]
    list_select_related = ["tenant"]
