"""Pages as shops serve them, cut to what matters."""

SHOPIFY = """<!DOCTYPE html><html><head><meta charset="utf-8"><title>Mug</title>
<script type="application/ld+json">{"@context": "http://schema.org/", "@type": "ProductGroup", "name": "Mug",
 "url": "/products/mug", "brand": {"@type": "Brand", "name": "Clay"}, "hasVariant": [
 {"@type": "Product", "@id": "/products/mug?variant=1#variant", "name": "Small", "offers": {"@type": "Offer",
  "availability": "http://schema.org/OutOfStock", "price": "9.00", "priceCurrency": "EUR",
  "url": "/products/mug?variant=1"}},
 {"@type": "Product", "@id": "/products/mug?variant=2#variant", "name": "Middle", "offers": {"@type": "Offer",
  "availability": "http://schema.org/InStock", "price": "12.50", "priceCurrency": "EUR",
  "url": "/products/mug?variant=2"}},
 {"@type": "Product", "@id": "/products/mug?variant=3#variant", "name": "Large", "offers": {"@type": "Offer",
  "availability": "http://schema.org/InStock", "price": "15.00", "priceCurrency": "EUR",
  "url": "/products/mug?variant=3"}}]}</script></head><body><h1>Mug</h1></body></html>"""

WOOCOMMERCE = """<html><head><script type="application/ld+json" class="yoast-schema-graph">
<!-- {"@context": "https://schema.org", "@graph": [
 {"@type": "WebPage", "@id": "/mug/", "name": "Mug"},
 {"@type": ["Organization", "Brand"], "@id": "/#organization", "name": "Töpferei"},
 {"@type": "ItemList", "itemListElement": [{"@type": "Product", "name": "Similar",
  "offers": {"@type": "Offer", "price": 1, "priceCurrency": "EUR"}}]},
 {"@type": "Product", "@id": "/mug/#product", "name": "Mug", "offers": [{"@type": "Offer",
  "priceSpecification": [
   {"@type": "UnitPriceSpecification", "price": "20.00", "priceCurrency": "EUR",
    "priceType": "https://schema.org/ListPrice"},
   {"@type": "UnitPriceSpecification", "price": 17.99, "priceCurrency": "EUR", "referenceQuantity": {"value": 1}},
   {"@type": "UnitPriceSpecification", "price": "14.90", "priceCurrency": "EUR"}],
  "itemCondition": "https://schema.org/RefurbishedCondition", "availability": "https://schema.org/InStock",
  "shippingDetails": {"@type": "OfferShippingDetails",
   "shippingRate": {"@type": "MonetaryAmount", "value": "4.95", "currency": "EUR"}},
  "seller": {"@id": "/#organization"}},]}]} --></script></head><body></body></html>"""

MICRODATA = """<html><body><div itemscope itemtype="http://schema.org/Product"><h1 itemprop="name">Becher</h1>
<div itemprop="offers" itemscope itemtype="http://schema.org/Offer">
<span itemprop="price">1.299,00 €</span><link itemprop="availability" href="http://schema.org/InStock">
<link itemprop="itemCondition" href="http://schema.org/DamagedCondition">
<span itemprop="seller" itemscope itemtype="http://schema.org/Organization">
<b itemprop="name">Möbel\u00a0Haus</b></span>
</div></div></body></html>"""

AGGREGATE = """<script type="application/ld+json">//<![CDATA[
{"@context": "https://schema.org", "@type": "Product", "offers": {"@type": "AggregateOffer", "lowPrice": "99.50",
 "highPrice": 120, "offerCount": 5, "priceCurrency": "usd"}}
//]]></script>"""

SELLERS = """<script type="application/ld+json">{"@type": "https://schema.org/Product", "offers": {
 "@type": "AggregateOffer", "lowPrice": 8, "priceCurrency": "USD", "offers": [
 {"@type": "Offer", "price": "10.00", "seller": {"name": "Ann"}},
 {"@type": "Offer", "price": 11.0, "seller": "Bob", "itemCondition": "used"},
 {"@type": "Offer", "price": "-5", "seller": {"name": "Cid"}},
 {"@type": "Offer", "price": 0, "seller": {"name": "Dan"}},
 {"@type": "Offer", "seller": {"name": "Eve"}}]}}</script>"""
