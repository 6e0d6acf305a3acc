"""Log-log demand per SKU with partial pooling over the tenant."""

from workers.pricing.panel import DemandPosterior, Floats, Ints, SalesPanel

__all__ = ["DemandPosterior", "SalesPanel", "fit", "predict"]


def fit(panel: SalesPanel, as_of_day: int, horizon_days: int = 28) -> DemandPosterior:
    """Fit the demand model of one tenant to the sales up to and including ``as_of_day``."""
    raise NotImplementedError


def predict(posterior: DemandPosterior, sku: Ints, day: Ints, price: Floats, promoted: Floats) -> Floats:
    """Expected units, shape of ``sku``; NaN for SKUs without observations."""
    raise NotImplementedError
