"""Names of the columns of plain tables: English synonyms, German, French, Spanish, Italian.

Compared as names.normalised makes them. Left out on purpose, because they mean something else in a plausible file:
list price, rrp, msrp, compare at price, regular price, retail price (not what is charged), sale price of products
(often empty beside a regular one), product id, item id, ean, upc, gtin, barcode, mpn, part number, model (no SKU),
vendor and supplier (who delivers, not the brand), in stock and availability (yes/no), amount, total, subtotal, sales,
item price, discount (of a unit, of a row, of an order or a percentage), description of products.
"""

from workers.catalogue.importing.formats import Series

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

RETURNS: dict[str, tuple[str, ...]] = {
    "return_id": (
        "return number", "return no", "return nr", "return name", "rma", "rma id", "rma number", "rma no",
        "amazon rma id", "return request id", "return order id", "license plate number", "lpn",
        "rücksendenummer", "retourennummer", "retourenummer", "retouren nr", "retoure nr", "retouren id",
        "rückgabenummer", "rücksendungs id", "rma nummer",
        "numéro de retour", "numéro retour", "n° de retour", "id retour", "identifiant du retour", "référence retour",
        "numéro rma",
        "número de devolución", "id de devolución", "id devolución", "nº de devolución", "número rma",
        "código de devolución",
        "numero reso", "numero di reso", "numero del reso", "id reso", "codice reso", "numero rma",
    ),
    "order_id": (
        "order", "order number", "order no", "order nr", "order name", "order ref", "order reference", "orderid",
        "amazon order id", "customer order", "original order", "purchase order", "sales order",
        "bestellnummer", "bestell nr", "bestellnr", "bestell id", "auftragsnummer", "auftrags nr", "bestellung",
        "numéro de commande", "numéro commande", "n° de commande", "id commande", "commande", "référence commande",
        "número de pedido", "nº de pedido", "id de pedido", "id pedido", "número pedido", "pedido",
        "numero ordine", "numero d'ordine", "numero dell'ordine", "id ordine", "ordine", "n° ordine",
    ),
    "sku": _SKU,
    "date": (
        "return date", "returned", "returned at", "returned on", "date returned", "date of return", "return day",
        "return request date", "request date", "requested at", "return requested", "return created at", "created at",
        "day",
        "datum", "rücksendedatum", "retourendatum", "retouredatum", "rückgabedatum", "datum der rücksendung",
        "datum der rückgabe", "datum der retoure", "tag",
        "date de retour", "date du retour", "date retour", "jour",
        "fecha", "fecha de devolución", "fecha devolución", "fecha de la devolución", "día",
        "data", "data reso", "data di reso", "data del reso", "data restituzione", "giorno",
    ),
    "quantity": (
        "qty", "units", "return quantity", "return qty", "returned quantity", "returned qty", "quantity returned",
        "qty returned", "units returned", "returned units", "items returned", "pieces",
        "menge", "anzahl", "stück", "stückzahl", "retournierte menge", "retourmenge", "rücksendemenge", "einheiten",
        "quantité", "qté", "quantité retournée", "quantité renvoyée", "unités", "unités retournées",
        "cantidad", "unidades", "cantidad devuelta", "unidades devueltas", "uds",
        "quantità", "qtà", "quantità resa", "quantità restituita", "unità", "pezzi",
    ),
    "reason_code": (
        "reason", "return reason", "return reason code", "reason for return", "reason of return", "return code",
        "customer return reason", "return line item reason",
        "grund", "rücksendegrund", "rückgabegrund", "retourengrund", "retouregrund", "grund der rücksendung",
        "grund der rückgabe", "grundcode", "grund für die rücksendung",
        "motif", "motif de retour", "motif du retour", "raison", "raison du retour", "raison de retour", "code motif",
        "motivo", "motivo de devolución", "motivo de la devolución", "razón", "razón de devolución",
        "código de motivo",
        "motivo reso", "motivo del reso", "motivo di reso", "motivo restituzione", "causale", "causale reso",
        "codice motivo",
    ),
    "comment": (
        "comments", "customer comment", "customer comments", "buyer comment", "buyer comments", "return comment",
        "return comments", "customer note", "customer notes", "reason note", "return reason note", "return note",
        "customer feedback", "feedback", "note", "notes", "remark", "remarks", "message",
        "kommentar", "kommentare", "kundenkommentar", "kundenkommentare", "bemerkung", "bemerkungen", "anmerkung",
        "anmerkungen", "kundennotiz", "notiz",
        "commentaire", "commentaires", "commentaire client", "commentaires client", "commentaire du client",
        "commentaires du client", "remarque", "remarques",
        "comentario", "comentarios", "comentario del cliente", "comentarios del cliente", "observaciones", "nota",
        "notas",
        "commento", "commenti", "commento cliente", "commento del cliente", "commenti del cliente", "osservazioni",
    ),
    "disposition": (
        "detailed disposition", "item condition", "condition", "item grade", "grade", "return condition",
        "inventory disposition",
        "zustand", "artikelzustand", "zustand der ware", "warenzustand",
        "état", "état de l'article", "état du produit",
        "estado del artículo", "condición", "disposición",
        "condizione", "condizioni", "stato articolo",
    ),
    "buyer_id": (
        "buyer", "buyer email", "customer", "customer id", "customer email", "customer number", "customer no",
        "customer e mail", "email", "e mail", "email address", "buyer user name", "buyer username",
        "kunde", "kundennummer", "kunden nr", "kunden id", "käufer", "kunden e mail", "e mail adresse", "kundenmail",
        "client", "id client", "numéro client", "acheteur", "e mail client", "adresse e mail", "email client",
        "cliente", "id de cliente", "número de cliente", "comprador", "correo electrónico", "correo", "email cliente",
        "id cliente", "codice cliente", "numero cliente", "acquirente", "indirizzo e mail",
    ),
}

REVIEWS: dict[str, tuple[str, ...]] = {
    "sku": _SKU,
    "external_id": (
        "external id", "review id", "reviewid", "id of the review", "id", "comment id", "amazon review id",
        "review number", "review url", "review link",
        "bewertungs id", "bewertungsid", "rezensions id", "rezensionsid", "bewertung id", "bewertungsnummer",
        "id avis", "identifiant avis", "identifiant de l'avis", "id de l'avis", "id commentaire",
        "id reseña", "id de la reseña", "id de reseña", "id opinión", "id valoración", "id de la opinión",
        "id recensione", "id della recensione", "identificativo recensione",
    ),
    "rating": (
        "rating", "stars", "star rating", "review rating", "review score", "score", "review stars", "star",
        "ratingscore", "reviewrating", "overall", "overall rating", "rating value", "number of stars",
        "bewertung in sternen", "sterne", "sternebewertung", "bewertungssterne", "anzahl sterne", "sternzahl", "note",
        "étoiles", "nombre d'étoiles", "note sur 5", "évaluation",
        "estrellas", "puntuación", "valoración", "calificación", "número de estrellas",
        "stelle", "valutazione", "voto", "punteggio", "numero di stelle",
    ),
    "title": (
        "title", "review title", "reviewtitle", "headline", "review headline", "summary", "subject", "review subject",
        "titel", "überschrift", "bewertungstitel", "titel der bewertung", "rezensionstitel", "betreff",
        "titre", "titre de l'avis", "titre avis", "titre du commentaire", "sujet",
        "título", "título de la reseña", "titular", "asunto", "título de la opinión",
        "titolo", "titolo recensione", "titolo della recensione", "oggetto",
    ),
    "body": (
        "body", "review", "review text", "review body", "review content", "text", "content", "comment", "reviewtext",
        "reviewbody", "reviewcontent", "reviewdescription", "review description", "message", "review message",
        "comments", "customer review", "feedback", "review comment", "full review",
        "bewertungstext", "bewertung", "rezension", "rezensionstext", "kommentar", "inhalt", "nachricht",
        "kundenrezension", "bewertungsinhalt",
        "avis", "texte de l'avis", "texte", "commentaire", "contenu", "contenu de l'avis", "avis client",
        "texte avis",
        "reseña", "texto", "texto de la reseña", "comentario", "contenido", "opinión", "mensaje",
        "recensione", "testo", "testo della recensione", "testo recensione", "commento", "contenuto", "messaggio",
    ),
    "author": (
        "author", "reviewer", "reviewer name", "author name", "customer name", "customer", "name", "user name",
        "username", "display name", "nickname", "reviewer email", "author email", "email", "profile name", "user",
        "reviewername", "customer email", "reviewed by", "user id", "userid",
        "autor", "verfasser", "kunde", "kundenname", "rezensent", "benutzername", "bewertet von",
        "auteur", "nom du client", "client", "pseudo", "nom de l'auteur", "rédacteur",
        "cliente", "nombre del cliente", "usuario", "nombre del autor",
        "autore", "nome cliente", "recensore", "utente", "nome autore",
    ),
    "verified": (
        "verified", "verified purchase", "verified buyer", "is verified", "isverified", "is verified buyer",
        "verified order", "verified customer", "verifiedpurchase", "verified reviewer",
        "verifiziert", "verifizierter kauf", "bestätigter kauf", "verifizierter käufer",
        "vérifié", "achat vérifié", "avis vérifié", "acheteur vérifié",
        "verificado", "verificada", "compra verificada", "comprador verificado",
        "verificato", "verificata", "acquisto verificato", "acquirente verificato",
    ),
    "language": (
        "language", "review language", "lang", "locale", "language code",
        "sprache", "bewertungssprache", "langue", "langue de l'avis", "idioma", "lengua", "lingua",
    ),
    "created_at": (
        "created at", "date", "review date", "created", "date created", "reviewed at", "reviewdate", "datecreated",
        "createdat", "review created at", "submission date", "submitted at", "published at", "date of review",
        "review created utc", "timestamp", "posted at", "date posted", "date reviewed",
        "datum", "bewertungsdatum", "erstellt am", "rezensionsdatum", "bewertet am", "erstellungsdatum",
        "date de l'avis", "date avis", "créé le", "date de création", "publié le",
        "fecha", "fecha de la reseña", "fecha reseña", "creado el", "fecha de creación", "fecha de publicación",
        "data", "data recensione", "data della recensione", "creato il", "data di creazione",
    ),
    "product_id": (
        "asin", "product asin", "productasin", "child asin", "product id", "productid", "shopify product id",
        "external product id", "product external id", "item id", "listing id",
        "produkt id", "artikel id", "id produit", "identifiant produit", "id del producto", "id producto",
        "id prodotto",
    ),
    "product_handle": ("handle", "product handle", "producthandle", "url handle", "product slug", "slug"),
}

_BULLETS = (
    "bullets", "bullet points", "bulletpoints", "bullet point", "features", "key features", "product features",
    "key product features", "about this item", "about", "feature bullets", "highlights", "product highlights",
    "stichpunkte", "aufzählungspunkte", "produktmerkmale", "highlights des produkts", "über diesen artikel",
    "puces", "points forts", "points clés", "caractéristiques principales", "à propos de cet article",
    "viñetas", "puntos clave", "puntos destacados", "características principales", "acerca de este producto",
    "punti elenco", "punti chiave", "punti di forza", "caratteristiche principali", "informazioni su questo articolo",
)
_DESCRIPTION = (
    "description", "product description", "item description", "long description", "body", "body html",
    "html description", "descriptions", "text",
    "beschreibung", "produktbeschreibung", "artikelbeschreibung", "langbeschreibung", "produkttext",
    "description du produit", "description produit", "description longue", "descriptif",
    "descripción", "descripción del producto", "descripción larga", "descripción del artículo",
    "descrizione", "descrizione prodotto", "descrizione del prodotto", "descrizione lunga",
)
_ATTRIBUTES = (
    "attributes", "product attributes", "specifications", "specs", "item specifics", "product information",
    "product details", "technical details", "productinformation", "productdetails",
    "attribute", "eigenschaften", "merkmale", "produkteigenschaften", "artikelmerkmale", "technische daten",
    "attributs", "caractéristiques", "spécifications", "caractéristiques du produit", "fiche technique",
    "atributos", "características", "especificaciones", "ficha técnica",
    "attributi", "caratteristiche", "specifiche", "scheda tecnica",
)
_CATEGORY_PATH = (
    *PRODUCTS["category"], "category path", "browse path", "breadcrumbs", "breadcrumb", "category tree", "node path",
    "kategoriepfad", "chemin de catégorie", "ruta de categorías", "percorso categoria",
)
_LISTING_TITLE = (*_TITLE, "listing name", "headline", "überschrift", "angebotstitel", "titre de l'annonce")

LISTINGS: dict[str, tuple[str, ...]] = {
    "sku": _SKU,
    "title": _LISTING_TITLE,
    "bullets": _BULLETS,
    "description": _DESCRIPTION,
    "search_terms": (
        "search terms", "search term", "backend keywords", "backend search terms", "generic keywords",
        "generic keyword", "search keywords", "hidden keywords", "keywords", "tags",
        "suchbegriffe", "allgemeine schlüsselwörter", "schlüsselwörter", "stichwörter", "schlagwörter",
        "termes de recherche", "mots clés", "mots clés génériques", "étiquettes",
        "términos de búsqueda", "palabras clave", "palabras clave genéricas", "etiquetas",
        "termini di ricerca", "parole chiave", "parole chiave generiche", "etichette",
    ),
    "attributes": _ATTRIBUTES,
    "category": _CATEGORY_PATH,
    "images": (
        "images", "image count", "images count", "number of images", "image urls", "image url", "image links",
        "photos", "photo count", "number of photos", "pictures", "picture urls",
        "bilder", "anzahl bilder", "anzahl der bilder", "bildanzahl", "bild urls", "fotos",
        "nombre d'images", "images du produit", "nombre de photos", "urls des images",
        "imágenes", "número de imágenes", "cantidad de imágenes", "urls de imágenes",
        "immagini", "numero di immagini", "numero immagini", "url immagini", "foto",
    ),
    "product_id": (
        "asin", "asin1", "asin 1", "child asin", "external id", "product id", "external product id", "listing id",
        "item id", "externe id", "produkt id", "id produit", "id del producto", "id prodotto",
    ),
}

COMPETITOR_LISTINGS: dict[str, tuple[str, ...]] = {
    "external_id": (
        "asin", "asin1", "child asin", "product asin", "competitor asin", "external id", "product id", "listing id",
        "item id", "item number", "id", "competitor id",
        "wettbewerber asin", "produkt id", "artikel id", "id produit", "asin concurrent", "id del producto",
        "asin competidor", "id prodotto", "asin concorrente",
    ),
    "title": (*_LISTING_TITLE, "competitor title"),
    "brand": (*PRODUCTS["brand"], "competitor", "competitor brand", "wettbewerber", "concurrent", "competidor",
              "concorrente"),
    "bullets": _BULLETS,
    "description": _DESCRIPTION,
    "category": _CATEGORY_PATH,
    "attributes": _ATTRIBUTES,
    "url": (
        "url", "link", "product url", "page url", "listing url", "product link", "competitor url", "competitor link",
        "adresse url", "produkt url", "produktlink", "lien", "url du produit", "enlace", "url del producto",
        "collegamento", "url prodotto",
    ),
    "sku": (
        "sku", "our sku", "own sku", "my sku", "seller sku", "competes with", "own product", "our product",
        "eigene sku", "unsere sku", "eigenes produkt", "notre sku", "sku propre", "nuestro sku", "sku propio",
        "nostro sku", "sku proprio",
    ),
}

KEYWORDS: dict[str, tuple[str, ...]] = {
    "keyword": (
        "keyword", "keyword phrase", "keyphrase", "key phrase", "search term", "search phrase", "search query",
        "query", "phrase", "search words", "customer search term", "question", "questions", "frage", "fragen",
        "pregunta", "preguntas", "domanda", "domande",
        "suchbegriff", "suchwort", "schlüsselwort", "suchanfrage", "suchphrase",
        "mot clé", "terme de recherche", "requête", "expression de recherche",
        "palabra clave", "término de búsqueda", "consulta", "frase de búsqueda",
        "parola chiave", "termine di ricerca", "chiave di ricerca", "frase di ricerca",
    ),
    "volume": (
        "volume", "search volume", "monthly search volume", "monthly searches", "searches", "searches per month",
        "avg monthly searches", "average monthly searches", "exact search volume", "monthly volume",
        "suchvolumen", "monatliches suchvolumen", "suchanfragen pro monat", "monatliche suchanfragen",
        "volume de recherche", "volume mensuel", "recherches mensuelles", "recherches par mois",
        "volumen de búsqueda", "volumen", "búsquedas mensuales", "búsquedas al mes",
        "volume di ricerca", "volume mensile", "ricerche mensili",
    ),
    "sku": _SKU,
}

# Columns that are one field together: bullet_1, Bullet point 2, features/0; attribute.material, Merkmal: Material.
SERIES_OF_LISTINGS = (
    Series(
        "bullets",
        r"(?:bullets?|bullet[ _-]?points?|(?:key[ _-]?)?(?:product[ _-]?)?features?|feature[ _-]?bullets?"
        r"|stichpunkt|aufzählungspunkt|puce|point[ _-](?:fort|clé)|viñeta|punto[ _-](?:clave|elenco|chiave))"
        r"[ _.#/-]*(\d{1,2})",
    ),
    # As scrapers lay out a list of names and values.
    Series("attributes", r"attributes/(\d+)/value", label_in="attributes/{}/key"),
    Series(
        "attributes",
        r"(?:attributes?|attributs?|attributo|atributo|merkmal|eigenschaft|item specifics?|spec(?:ification)?)"
        r"\s*[.:/_]\s*([^\W\d].{0,99})",
    ),
)
