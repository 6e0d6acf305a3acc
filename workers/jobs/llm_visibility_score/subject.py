"""Whose visibility a job measures, and by which of the tenant's products."""

from typing import cast

from aijobs.errors import ApiError
from workers.catalogue.models import Product, ProductQuerySet
from workers.jobs.llm_visibility_score.shapes import BrandNames, VisibilityParams, brand_from
from workers.visibility.shapes import Brand


class UnknownSkus(ApiError):
    code, status = "UNKNOWN_SKUS", 422
    default_message = "None of the SKUs is in the catalogue of the marketplace."
    advice = "Check the SKUs with `GET /api/catalogue/products`, or import the products first."


class BrandNotClear(ApiError):
    code, status = "BRAND_NOT_CLEAR", 422
    default_message = "It is not clear whose visibility is to be measured."
    advice = (
        "Send `brand`, or SKUs whose products have one and the same brand in the catalogue. For a brand without "
        "products in the catalogue, send `questions` too."
    )


def products_of(params: VisibilityParams, tenant_id: int) -> ProductQuerySet:
    """The products that are asked for, else those of the brand."""
    rows = Product.objects.of(tenant_id).filter(marketplace=params.marketplace)
    if params.skus is not None:
        return rows.filter(sku__in=params.skus)
    # By the index of their brands, which has only those that have one.
    return rows.exclude(brand="").filter(brand__iexact=cast("BrandNames", params.brand).name)


def brand_of(params: VisibilityParams, products: ProductQuerySet) -> Brand:
    """The brand, as it was sent, else that of the products. Raises BrandNotClear."""
    if params.brand is not None:
        return brand_from(params.brand)
    names = sorted(set(products.values_list("brand", flat=True)) - {""})
    if len(names) != 1:
        found = "have no brand in the catalogue" if not names else f"are of several brands ({', '.join(names[:5])})"
        raise BrandNotClear(f"The SKUs {found}. Send the brand whose visibility to measure.")
    return Brand(names[0])


def check(params: VisibilityParams, tenant_id: int) -> None:
    """Raises UnknownSkus or BrandNotClear."""
    products = products_of(params, tenant_id)
    if params.skus is not None and not products.exists():
        raise UnknownSkus(
            f"None of the SKUs is in the catalogue of {params.marketplace}. Check them, or import the products first."
        )
    brand = brand_of(params, products)
    if params.questions is None and not products.exists():
        raise BrandNotClear(
            f"No product of {params.marketplace} has the brand {brand.name}, so that there is nothing to make "
            "questions of. Send SKUs or questions, or import the products first."
        )
