"""How many decimals a currency has (ISO 4217). Those not listed have two."""

from decimal import Decimal

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_DECIMALS = {**dict.fromkeys(_ZERO.split(), 0), **dict.fromkeys(_THREE.split(), 3)}


def decimals(currency: str) -> int:
    return _DECIMALS.get(currency, 2)


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the amount is a whole number of the currency's smallest units."""
    return amount == amount.quantize(Decimal(1).scaleb(-decimals(currency)))
