"""Decimal money to integer minor units and back. No float ever holds an amount that leaves this package."""

from decimal import ROUND_HALF_EVEN, Decimal


def to_minor(amount: Decimal, exponent: int) -> int:
    """``amount`` in minor units of a currency with ``exponent`` decimals (JPY 0, EUR 2, BHD 3).

    Rounds half to even, as ISO 20022 settlement does. Raises ValueError for NaN and infinities.
    """
    if not amount.is_finite():
        raise ValueError("an amount of money must be finite")
    return int(amount.scaleb(exponent).to_integral_value(rounding=ROUND_HALF_EVEN))


def from_minor(minor: int, exponent: int) -> Decimal:
    """The Decimal amount of ``minor`` minor units, with exactly ``exponent`` decimals."""
    return Decimal(minor).scaleb(-exponent)
