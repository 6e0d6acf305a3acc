"""The currencies of ISO 4217, how many decimals they have (two, if not listed there), and the marks for them."""

from collections.abc import Iterable
from decimal import Decimal

_ZERO = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE = "BHD IQD JOD KWD LYD OMR TND"
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP "
    "CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF "
    "IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD "
    "MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB "
    "RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD "
    "UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG"
)
CODES = frozenset(_CODES.split())
# Where shops and sellers write prices without tax, for consumers too: it is the till that adds it.
WRITTEN_WITHOUT_TAX = frozenset(["USD", "CAD"])
_DECIMALS = {**dict.fromkeys(_ZERO.split(), 0), **dict.fromkeys(_THREE.split(), 3)}


def decimals(currency: str) -> int:
    return _DECIMALS.get(currency, 2)


def fits(amount: Decimal, currency: str) -> bool:
    """Whether the amount is a whole number of the currency's smallest units."""
    return amount == amount.quantize(Decimal(1).scaleb(-decimals(currency)))


# Floating point leaves 19.990000000000002 of 19.99. Smaller differences than this are nobody's price.
_DUST = Decimal("1e-6")


def without_dust(amount: Decimal, currency: str) -> Decimal:
    """The amount in the currency's smallest units, if it is that but for what floating point left behind."""
    rounded = amount.quantize(Decimal(1).scaleb(-decimals(currency)))
    return rounded if rounded and amount != rounded and abs(amount - rounded) < _DUST else amount


# Written with the mark of the dollar, and not called so.
PESOS = frozenset(["MXN", "CLP", "COP", "ARS", "UYU", "DOP"])
_OTHER_DOLLARS = "BBD BMD BND BSD BZD FJD GYD JMD KYD LRD NAD SBD SRD TTD XCD"
_DOLLARS = PESOS.union(["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "TWD"], _OTHER_DOLLARS.split())
_CROWNS = frozenset(["SEK", "NOK", "DKK", "ISK"])
_RUPEES = frozenset(["INR", "PKR", "LKR", "NPR"])
_MARKS = {
    "€": {"EUR"}, "£": {"GBP"}, "$": _DOLLARS, "us$": {"USD"}, "u$s": {"USD"}, "c$": {"CAD"}, "ca$": {"CAD"},
    "cad$": {"CAD"}, "a$": {"AUD"}, "au$": {"AUD"}, "nz$": {"NZD"}, "s$": {"SGD"}, "hk$": {"HKD"}, "mx$": {"MXN"},
    "nt$": {"TWD"}, "r$": {"BRL"}, "¥": {"JPY", "CNY"}, "\uffe5": {"JPY", "CNY"}, "円": {"JPY"}, "元": {"CNY"},
    "₹": {"INR"}, "rs": _RUPEES, "rs.": _RUPEES, "zł": {"PLN"}, "kč": {"CZK"}, "kr": _CROWNS, "kr.": _CROWNS,
    "ft": {"HUF"}, "lei": {"RON"}, "₺": {"TRY"}, "tl": {"TRY"}, "fr.": {"CHF"}, "sfr.": {"CHF"}, "sfr": {"CHF"},
    "fr": {"CHF"}, "₽": {"RUB"}, "руб": {"RUB"}, "грн": {"UAH"}, "лв": {"BGN"}, "euros": {"EUR"},
    "₩": {"KRW"}, "r": {"ZAR"}, "₪": {"ILS"}, "฿": {"THB"}, "₫": {"VND"}, "₱": {"PHP"}, "₴": {"UAH"},
    "rm": {"MYR"}, "rp": {"IDR"}, "eur": {"EUR"}, "euro": {"EUR"}, "dh": {"AED"}, "sr": {"SAR"},
}  # fmt: skip


def marked(mark: str) -> frozenset[str]:
    """The currencies that a mark beside an amount may stand for: $ for every dollar, USD for itself, ca. for none."""
    words = mark.casefold().split()
    found = [_MARKS.get(word) or ({word.upper()} & CODES) for word in words]
    return frozenset(set.intersection(*map(set, found))) if found else frozenset()


def all_marked(marks: Iterable[str]) -> str | None:
    """The one currency that all these marks mean; None if they do not agree, or only say that it is a dollar."""
    meant = [marked(mark) for mark in marks]
    common = frozenset.intersection(*meant) if meant else frozenset()
    return next(iter(common)) if len(common) == 1 else None
