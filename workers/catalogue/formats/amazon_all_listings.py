"""Amazon, Inventory Reports: All Listings Report (also Active Listings), tab-separated."""

from workers.catalogue.importing.formats import Format

AMAZON_ALL_LISTINGS = Format(
    name="amazon_all_listings",
    title="Amazon's All Listings report",
    kind="products",
    signature=(
        (
            "item-name",
            "Artikelbezeichnung",
            "nom-produit",
            "nom de l'article",
            "nome dell'articolo",
            "título del producto",
        ),
        ("seller-sku", "Händler-SKU", "sku-vendeur", "sku vendeur", "SKU venditore", "sku del vendedor"),
        (
            "listing-id",
            "Angebotsnummer",
            "Id de l'offre",
            "numéro de l'offre",
            "numero offerta",
            "identificador del listing",
        ),
    ),
    columns={
        "sku": ("seller-sku", "Händler-SKU", "sku-vendeur", "sku vendeur", "SKU venditore", "sku del vendedor"),
        "title": (
            "item-name",
            "Artikelbezeichnung",
            "nom-produit",
            "nom de l'article",
            "nome dell'articolo",
            "título del producto",
        ),
        "price": ("price", "Preis", "prix", "prezzo", "precio"),
        "stock": ("quantity", "Menge", "Anzahl", "quantité", "quantità", "cantidad"),
        "external_id": ("asin1", "ASIN 1", "product-id", "Produkt-ID"),
    },
    quoted=False,
)
