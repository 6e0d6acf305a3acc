"""A listing as sellers have it, and what is known beside it."""

from workers.listings.shapes import Competitor, Evidence, Keyword, ListingText, Material

LISTING = ListingText(
    title="Northfield Steel Bottle 500 ml - Black, BPA Free",
    bullets=(
        "Keeps drinks cold for 24 hours and hot for 12 hours",
        "Lid with handle, easy to carry",
        "Not suitable for the dishwasher",
    ),
    description=(
        "A bottle for hiking and the gym. The wide mouth takes ice cubes and is easy to clean by hand. "
        "Steel body, silicone seal, bamboo lid. It fits cup holders in most cars. Comes with 2 brushes."
    ),
    attributes={"Material": "Stainless Steel", "Colour": "Black", "Capacity": "500 ml", "Weight": "310 g"},
    category="Sports & Outdoors > Water Bottles",
    brand="Northfield",
    images=6,
)
COMPETITORS = (
    Competitor(
        "HydraMax Insulated Water Bottle 32 oz, Leakproof Sports Flask for Kids",
        ("Leakproof lid, dishwasher safe", "Vacuum insulated stainless steel water bottle"),
        brand="HydraMax",
    ),
    Competitor(
        "Kestrel Stainless Steel Water Bottle, Insulated Flask for Hiking and Gym",
        ("Water bottle for hiking and gym", "BPA free and dishwasher safe"),
        brand="Kestrel",
    ),
    Competitor(
        "Stainless Steel Water Bottle with Handle Lid, Sports Flask for Gym",
        ("Wide mouth water bottle with handle lid", "Leakproof and BPA free"),
        brand="AquaPeak",
    ),
)
MATERIAL = Material(
    listing=LISTING,
    product_title="Steel Bottle 0.5 l",
    competitors=COMPETITORS,
    keywords=(Keyword("hiking water bottle", 5400), Keyword("hydramax bottle", 9000), Keyword("gym bottle", 2400)),
    questions=("Does the flask fit a cup holder?", "Is this flask heavy?"),
    reviews=("Love this flask, easy to clean.", "My flask leaks when it lies on its side."),
    evidence=(
        Evidence("ease_of_use", "positive", "so easy to clean by hand", 14),
        Evidence("performance", "negative", "leaks when it lies on its side", 6),
        Evidence("durability", "positive", "survived many falls", 9),
    ),
)
