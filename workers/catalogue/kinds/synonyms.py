"""Names of the columns of plain tables: English synonyms, German, French, Spanish, Italian.

Compared as names.normalised makes them. Left out on purpose, because they mean something else in a plausible file:
list price, rrp, msrp, compare at price, regular price, retail price (not what is charged), sale price of products
(often empty beside a regular one), product id, item id, ean, upc, gtin, barcode, mpn, part number, model (no SKU),
vendor and supplier (who delivers, not the brand), in stock and availability (yes/no), amount, total, subtotal, sales,
item price, discount (of a unit, of a row, of an order or a percentage), description.
"""

# fmt: off
_SKU = (
    "sku", "seller sku", "merchant sku", "product sku", "item sku", "variant sku", "sku code", "sku number",
    "sku id", "stock keeping unit", "custom label", "custom label sku", "item code", "product code", "article code",
    "item number", "item no", "article number", "article no", "product number",
    "artikelnummer", "artikel nr", "artikelnr", "art nr", "artnr", "artikel nummer", "händler sku",
    "produktnummer", "artikelcode",
    "ugs", "référence", "référence produit", "référence article", "réf", "code article", "code produit",
    "sku vendeur",
    "numéro d'article", "référence sku",
    "código", "número de referencia",
    "referencia", "referencia del producto", "código de artículo", "código de producto", "código artículo",
    "código producto", "sku del vendedor", "número de artículo",
    "codice articolo", "codice prodotto", "codice", "cod articolo", "sku venditore", "riferimento", "numero articolo",
)
_TITLE = (
    "title", "name", "product name", "product title", "item name", "item title", "product", "listing title",
    "article name",
    "titel", "artikelname", "produktname", "artikelbezeichnung", "bezeichnung", "produktbezeichnung", "produkttitel",
    "artikel", "produkt", "artikeltitel",
    "titre", "nom", "nom du produit", "nom produit", "titre du produit", "libellé", "désignation", "intitulé",
    "produit",
    "nom de l'article", "libellé produit", "article",
    "título", "nombre", "nombre del producto", "nombre de producto", "nombre producto", "título del producto",
    "producto", "denominación", "nombre del artículo", "artículo",
    "titolo", "nome", "nome prodotto", "nome del prodotto", "titolo prodotto", "denominazione", "prodotto",
    "nome articolo", "nome dell'articolo", "articolo",
)
_CURRENCY = (
    "currency", "currency code", "währung", "währungscode", "devise", "monnaie", "code devise", "moneda", "divisa",
    "código de moneda", "valuta", "codice valuta",
)
_PRICE = (
    "price", "selling price", "unit price", "current price", "sales price", "sell price", "our price", "your price",
    "my price", "price per unit", "price each", "gross price", "price incl tax", "price incl vat",
    "price including tax",
    "price including vat",
    "preis", "verkaufspreis", "vk", "vk preis", "vkpreis", "vk brutto", "verkaufspreis brutto", "bruttopreis",
    "preis brutto", "einzelpreis", "stückpreis", "aktueller preis", "preis inkl mwst", "preis pro stück",
    "prix", "prix de vente", "prix vente", "prix ttc", "prix de vente ttc", "prix unitaire", "prix unitaire ttc",
    "prix actuel",
    "precio", "precio de venta", "precio venta", "precio unitario", "pvp", "precio actual", "precio con iva",
    "precio por unidad",
    "prezzo", "prezzo di vendita", "prezzo vendita", "prezzo unitario", "prezzo attuale", "prezzo iva inclusa",
    "prezzo ivato",
)

PRODUCTS: dict[str, tuple[str, ...]] = {
    "sku": _SKU,
    "title": _TITLE,
    "brand": (
        "brand", "brand name", "manufacturer", "make",
        "marke", "markenname", "hersteller",
        "marque", "fabricant",
        "marca", "fabricante", "nombre de marca",
        "produttore", "marchio", "nome marca",
    ),
    "category": (
        "category", "categories", "product category", "product type", "item category", "category name", "department",
        "kategorie", "kategorien", "produktkategorie", "warengruppe", "produktgruppe", "artikelgruppe", "produkttyp",
        "catégorie", "catégorie de produit", "famille", "rayon", "type de produit",
        "categoría", "categoría de producto", "familia", "tipo de producto",
        "categoria", "categorie", "categoria prodotto", "tipo di prodotto", "reparto",
    ),
    "cost": (
        "cost", "unit cost", "cost price", "cost per item", "cost per unit", "item cost", "product cost", "cogs",
        "purchase price", "purchase cost", "buying price", "buy price", "landed cost", "cost of goods",
        "cost of goods sold",
        "einkaufspreis", "ek", "ek preis", "ekpreis", "ek netto", "einkaufspreis netto", "kosten", "selbstkosten",
        "stückkosten", "herstellungskosten", "einstandspreis", "wareneinsatz",
        "coût", "coût unitaire", "coût d'achat", "prix d'achat", "prix d'achat ht", "prix achat", "prix de revient",
        "coste", "costo", "coste unitario", "costo unitario", "precio de compra", "precio de coste",
        "precio de costo",
        "coste de compra", "precio coste", "precio compra",
        "costo di acquisto", "prezzo di acquisto", "prezzo acquisto", "prezzo d'acquisto", "costo d'acquisto",
        "prezzo di costo",
    ),
    "price": _PRICE,
    "currency": _CURRENCY,
    "min_price": (
        "min price", "minimum price", "price min", "price floor", "floor price", "minimum allowed price",
        "minimum seller allowed price", "minimum selling price", "min selling price", "lowest allowed price",
        "mindestpreis", "minimalpreis", "preisuntergrenze", "minpreis", "untergrenze preis",
        "prix minimum", "prix minimal", "prix mini", "prix min", "prix plancher",
        "precio mínimo", "precio min", "precio mín",
        "prezzo minimo", "prezzo min",
    ),
    "max_price": (
        "max price", "maximum price", "price max", "price ceiling", "ceiling price", "maximum allowed price",
        "maximum seller allowed price", "maximum selling price", "max selling price", "highest allowed price",
        "höchstpreis", "maximalpreis", "preisobergrenze", "maxpreis", "obergrenze preis",
        "prix maximum", "prix maximal", "prix maxi", "prix max", "prix plafond",
        "precio máximo", "precio max", "precio máx",
        "prezzo massimo", "prezzo max",
    ),
    "map_price": (
        "map", "map price", "minimum advertised price", "min advertised price", "minimum advertised price map",
    ),
    "stock": (
        "stock", "quantity", "qty", "inventory", "stock quantity", "stock qty", "stock level", "stock on hand",
        "quantity available", "available quantity", "qty available", "available qty", "available stock",
        "stock available", "on hand", "quantity on hand", "qty on hand", "on hand quantity", "units in stock",
        "quantity in stock", "qty in stock", "inventory quantity", "inventory qty", "inventory level",
        "current stock",
        "fulfillable quantity", "units available",
        "bestand", "lagerbestand", "lagermenge", "menge", "anzahl", "stückzahl", "verfügbare menge",
        "verfügbarer bestand", "vorrat", "aktueller bestand",
        "quantité", "qté", "quantité en stock", "stock disponible", "quantité disponible", "stock actuel",
        "cantidad", "existencias", "inventario", "cantidad disponible", "cantidad en stock", "stock actual",
        "existencia", "unidades disponibles", "unidades en stock",
        "quantità", "qtà", "giacenza", "giacenze", "scorte", "scorta", "quantità disponibile", "quantità in stock",
        "giacenza magazzino", "quantità in magazzino",
    ),
    "external_id": (
        "external id", "asin", "asin1", "asin 1", "listing id", "ebay item id", "ebay item number",
        "ebay artikelnummer", "shopify variant id", "variant id", "marketplace id of the product", "walmart item id",
        "externe id",
    ),
    "competitor_urls": (
        "competitor urls", "competitor url", "competitor links", "competitor link", "competitor pages",
        "competitor addresses", "competitors urls",
        "wettbewerber urls", "wettbewerber url", "wettbewerber links", "konkurrenz urls", "konkurrenz links",
        "mitbewerber urls", "konkurrenten urls",
        "urls concurrents", "url concurrent", "url concurrents", "liens concurrents", "urls des concurrents",
        "urls competencia", "url competencia", "urls de la competencia", "urls de competidores",
        "enlaces competencia",
        "url concorrenti", "url concorrente", "url dei concorrenti", "link concorrenti",
    ),
}

SALES: dict[str, tuple[str, ...]] = {
    "sku": _SKU,
    "date": (
        "date", "day", "sale date", "sales date", "date of sale", "date sold", "sold on", "order date",
        "date ordered",
        "purchase date", "date of order", "order day", "week", "week start", "week starting", "week beginning",
        "datum", "verkaufsdatum", "bestelldatum", "auftragsdatum", "kaufdatum", "woche",
        "jour", "date de vente", "date de commande", "date d'achat", "date commande", "date vente", "semaine",
        "fecha", "día", "fecha de venta", "fecha de pedido", "fecha del pedido", "fecha de compra", "fecha venta",
        "fecha pedido", "semana",
        "data", "giorno", "data di vendita", "data vendita", "data ordine", "data dell'ordine", "data di acquisto",
        "data acquisto", "settimana",
    ),
    "price": (
        *_PRICE, "sale price", "sold price", "average price", "avg price", "average selling price", "asp",
        "price sold", "durchschnittspreis", "prix moyen", "precio medio", "prezzo medio",
    ),
    "units": (
        "units", "quantity", "qty", "units sold", "quantity sold", "qty sold", "sold quantity", "sold qty",
        "units ordered", "quantity ordered", "qty ordered", "ordered quantity", "number sold", "items sold",
        "pieces", "pieces sold", "unit sales", "sales units", "quantity purchased", "net items sold",
        "net quantity sold",
        "menge", "anzahl", "stück", "stückzahl", "verkaufte menge", "verkaufte stück", "verkaufte einheiten",
        "verkaufte anzahl", "absatz", "absatzmenge", "bestellte einheiten", "bestellmenge", "einheiten", "stk",
        "verkäufe stück",
        "quantité", "qté", "quantité vendue", "unités", "unités vendues", "quantités vendues", "qté vendue",
        "unités commandées", "nombre vendu", "ventes unités", "pièces vendues",
        "cantidad", "unidades", "unidades vendidas", "cantidad vendida", "uds", "unidades pedidas",
        "quantità", "qtà", "unità", "unità vendute", "quantità vendute", "quantità venduta", "pezzi",
        "pezzi venduti", "unità ordinate", "qtà venduta",
    ),
    "revenue": (
        "revenue", "line total", "total price", "total revenue", "sales revenue", "sales amount",
        "ordered product sales", "line amount",
        "umsatz", "erlös", "gesamtpreis", "positionssumme", "zeilensumme", "umsatz brutto", "bruttoumsatz",
        "chiffre d'affaires", "ca ttc", "prix total", "montant de la ligne", "total ligne",
        "ingresos", "facturación", "precio total", "importe total", "ingresos totales", "total línea",
        "fatturato", "ricavo", "ricavi", "prezzo totale", "importo totale", "totale riga",
    ),
    "discount": (
        "line discount", "discount amount", "total discount", "discount total",
        "rabattbetrag", "rabatt gesamt", "montant de la remise", "remise totale", "importe del descuento",
        "descuento total", "importo sconto", "sconto totale",
    ),
    "promoted": (
        "promoted", "is promoted", "on promotion", "in promotion", "on promo", "on sale", "promotion active",
        "in aktion", "beworben", "aktionspreis aktiv",
        "en promotion", "en promo", "promu",
        "promocionado", "en promoción", "en oferta",
        "in promozione", "promozionato", "in offerta",
    ),
    "currency": _CURRENCY,
}

OFFERS: dict[str, tuple[str, ...]] = {
    "sku": _SKU,
    "seller": (
        "seller", "seller name", "competitor", "competitor name", "merchant", "merchant name", "shop", "shop name",
        "store", "store name", "retailer", "retailer name", "sold by",
        "verkäufer", "verkäufername", "händler", "händlername", "anbieter", "wettbewerber", "mitbewerber",
        "konkurrent",
        "vendeur", "nom du vendeur", "concurrent", "marchand", "boutique", "magasin", "vendu par",
        "vendedor", "nombre del vendedor", "competidor", "tienda", "comercio", "vendido por",
        "venditore", "nome venditore", "nome del venditore", "concorrente", "negozio", "venduto da",
    ),
    "price": (
        *_PRICE, "offer price", "competitor price", "item price", "seller price", "sale price",
        "angebotspreis", "wettbewerberpreis", "konkurrenzpreis",
        "prix de l'offre", "prix concurrent", "prix du concurrent",
        "precio de la oferta", "precio oferta", "precio competidor", "precio de la competencia",
        "prezzo dell'offerta", "prezzo offerta", "prezzo concorrente", "prezzo del concorrente",
    ),
    "shipping": (
        "shipping", "shipping cost", "shipping costs", "shipping price", "shipping fee", "shipping charge", "postage",
        "delivery cost", "delivery price", "delivery fee", "delivery charge",
        "versand", "versandkosten", "versandpreis", "lieferkosten", "porto",
        "frais de port", "frais de livraison", "livraison", "frais d'expédition",
        "envío", "gastos de envío", "coste de envío", "costo de envío", "precio de envío", "portes",
        "spedizione", "spese di spedizione", "costo di spedizione", "costi di spedizione", "costo spedizione",
    ),
    "currency": _CURRENCY,
    "condition": (
        "condition", "item condition", "zustand", "artikelzustand", "état", "condición", "estado del artículo",
        "condizione",
    ),
    "fulfilment": (
        "fulfilment", "fulfillment", "fulfilment channel", "fulfillment channel", "fulfilled by", "fulfilment by",
        "fulfillment by", "shipped by", "ships from", "versand durch", "expédié par", "enviado por", "spedito da",
    ),
    "is_buy_box": (
        "is buy box", "buy box", "buybox", "is buybox", "buy box winner", "is buy box winner", "buybox winner",
        "featured offer", "is featured offer", "in buy box",
    ),
    "url": (
        "url", "link", "offer url", "offer link", "product url", "page url", "competitor url", "competitor link",
        "adresse url", "lien", "url de l'offre", "enlace", "url de la oferta", "collegamento", "url offerta",
    ),
    "fetched_at": (
        "fetched at", "fetched", "scraped at", "crawled at", "checked at", "seen at", "collected at", "captured at",
        "observed at", "timestamp", "date", "datetime", "date time", "last checked",
        "datum", "zeitpunkt", "abgerufen am", "zeitstempel",
        "relevé le", "date et heure", "horodatage",
        "fecha", "fecha y hora", "marca de tiempo", "data", "data e ora", "rilevato il",
    ),
}
