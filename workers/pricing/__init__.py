"""Pricing mathematics: demand estimation with partial pooling, and the price that maximises expected profit.

Pure numpy, no database and no clock: ``fit`` turns a panel of sales into a posterior per SKU, ``recommend``
turns the posterior and the seller's constraints, among them the band that a competitor's offer allows (``band``),
into one recommendation per SKU. Money crosses this boundary
only as integer minor units (``to_minor`` / ``from_minor`` convert Decimals).
"""

from workers.pricing.competition import AnchorRule, band, price_war, suspicious
from workers.pricing.demand import DemandPosterior, SalesPanel, fit, predict
from workers.pricing.money import from_minor, to_minor
from workers.pricing.optimise import NONE, Constraints, Recommendations, recommend

__all__ = [
    "NONE",
    "AnchorRule",
    "Constraints",
    "DemandPosterior",
    "Recommendations",
    "SalesPanel",
    "band",
    "fit",
    "from_minor",
    "predict",
    "price_war",
    "recommend",
    "suspicious",
    "to_minor",
]
