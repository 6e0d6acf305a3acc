"""Words for prices that not everybody pays for one piece, once: in English, German, French, Spanish and Italian."""

import re

CUSTOMERS = {"business", "businesses", "reseller", "publicinstitution", "b2b", "companies", "trade", "wholesale"}
EVERYBODY = {
    *("enduser", "endusers", "consumer", "consumers", "private", "privat", "b2c", "all", "everyone", "everybody"),
    *("public", "guest", "general", "any", "anyone", "retail", "customer", "customers", "default"),
}
# UN/CEFACT's codes, and what is written instead of them: of weights, volumes, lengths, areas, and many pieces.
MEASURES = {
    *(
        "KGM",
        "GRM",
        "MGM",
        "LBR",
        "ONZ",
        "TNE",
        "KG",
        "G",
        "GR",
        "MG",
        "LB",
        "LBS",
        "OZ",
        "TON",
        "TONNE",
        "TONNELLATA",
    ),
    *("GRAM", "KILOGRAM", "POUND", "OUNCE", "KILO", "KILOGRAMM", "KILOGRAMME", "KILOGRAMO", "CHILO", "CHILOGRAMMO"),
    *("GRAMM", "GRAMME", "GRAMO", "GRAMMO", "GRAMMI", "PFUND", "LIVRE", "LIBRA", "ETTO"),
    *("LTR", "MLT", "CLT", "DLT", "GLL", "OZA", "L", "ML", "CL", "DL", "LT", "LITRE", "LITER", "LITRO", "LITRI"),
    *("GALLON", "MILLILITER", "MILLILITRE", "MILILITRO", "MILLILITRO", "FLOZ", "FLUIDOUNCE", "PINT", "QUART"),
    *(
        "MTR",
        "CMT",
        "MMT",
        "FOT",
        "INH",
        "YRD",
        "M",
        "CM",
        "MM",
        "FT",
        "FOOT",
        "FEET",
        "IN",
        "YD",
        "YARD",
        "LFM",
        "LM",
    ),
    *("METRE", "METER", "METRO", "METRI", "CENTIMETER", "CENTIMETRE", "LAUFMETER"),
    *("MTK", "MTQ", "FTK", "M2", "M3", "QM", "SQM", "SQFT", "SQMETER", "SQUAREMETER", "SQUAREFOOT", "QUADRATMETER"),
    *("KWH", "WH", "DZN", "DOZEN", "DUTZEND", "CEN", "MIL", "CASE", "PALLET", "PALETTE", "PF"),
}
TIMES = {
    *("SEC", "MIN", "HUR", "DAY", "WEE", "MON", "QAN", "ANN", "HOUR", "WEEK", "MONTH", "QUARTER", "YEAR", "MO", "YR"),
    *("MONTHLY", "WEEKLY", "DAILY", "YEARLY", "ANNUALLY", "TAG", "WOCHE", "MONAT", "MTL", "MONATLICH", "JAHR"),
    *("JOUR", "SEMAINE", "MOIS", "AN", "ANNE", "MESE", "MES", "ANNO", "SEMANA", "GIORNO", "SETTIMANA"),
    *("INSTALLMENT", "INSTALMENT", "RATE", "RATA", "CUOTA", "MENSUALIT"),
}

_MEMBERS = (
    r"members?|membership|mitglied\w*|loyalty|club(?:card|preis|prei[sx]|karten?)?|kundenkarten?\w*|vorteilskarte\w*"
    r"|vip|prime(?: price| members?|$)"
    r"|adh[ée]rente?s?|membres?|soci(?:os?|as?)?|fid[ée]lit\w+|fedelt[àa]|fidelidad|tessera|card ?holders?"
)
_SUBSCRIPTIONS = (
    r"subscri\w+|(?:spar-?)?abos?(?:-?preis\w*)?|abonn\w+|abbonament\w*|suscripci\w+|assinatura|prenumeration"
    r"|auto-?(?:ship|delivery|renew)\w*|recurring|per month|monthly|monatlich\w*|mensuel\w*|mensual|mensile"
    r"|(?:every|alle|tous les|toutes les|cada|ogni) \d+|deliver\w* every|(?:weekly|monthly) delivery"
)
_PARTS = (
    r"instal?l?ments?|monatsrate\w*|raten(?:kauf|zahlung|preis)\w*|mensualit\w+|financ\w+|finanzierung\w*"
    r"|cuotas?"
    r"|\d+ ?[x×] ?\d+[.,]\d\d|anzahlung\w*|deposit|acompte|anticipo|acconto|down ?payment|kaution|cauci[óo]n"
)
_TRADE = (
    r"wholesale|b2b|trade[ -]in|trade price|bulk|h[äa]ndler\w*|gro(?:ß|ss)handel\w*|grossiste|mayorista|ingrosso"
    r"|revendeur\w*|reseller|staffel\w*|mengen(?:rabatt|preis|staffel)\w*|netto(?:preis)?|net price|prix ht"
    r"|volume (?:price|discount)"
    r"|quantity (?:price|discount)|\d+\+ ?(?:pieces?|pcs|st[üu]ck|stk|units?|pi[èe]ces?|$)"
    r"|(?:from|ab|à partir de|desde|da) \d+ (?:pieces?|pcs|st[üu]ck|stk|units?|pi[èe]ces?|unidades|pezzi)"
    r"|bundle of \d+"
    r"|buy \d+|\d+ or more|prix (?:pro|professionnel|de gros)|rivenditori|trade customers"
)
_FEW = (
    r"firmenkunden|registered users|login price|rewards price|medlems\w*|klubb?pris|ledenprijs"
    r"|students?|studenten\w*|[ée]tudiants?|estudiantes?|studenti|employees?|mitarbeiter\w*"
    r"|(?:senior|military) (?:price|discount)|new customers?"
    r"|neukunden\w*|erstbestell\w*|first order|app[- ](?:price|preis|only|exclusive)|pick-?up price|abholpreis"
    r"|bank transfer|vorkasse\w*|prepay\w*|cash price"
)
_OTHER_THINGS = (
    r"leihgeb\w*|gutschein|gift card|pfand"
    r"|rent(?:al)?|miete\w*|mieten|leas(?:e|ing\w*)|alquiler|noleggio|warranty|protection plan|insurance"
    r"|versicherung|garantieverl\w+"
    r"|assurance|schutzbrief|gift (?:wrap\w*|box)|geschenk(?:verpackung|box)|sample|(?:farb)?muster(?:preis|$)"
    r"|[ée]chantillon|muestra|campione"
)
NAMED_SO = re.compile(
    rf"(?<!\w)(?:{'|'.join((_MEMBERS, _SUBSCRIPTIONS, _PARTS, _TRADE, _FEW, _OTHER_THINGS))})(?!\w)"
    # All that the text is.
    r"|^(?:standard |express )?(?:shipping|delivery|postage|versand(?:kosten)?|livraison"
    r"|frais de port|env[íi]o|spedizione"
    r"|handling|geb[üu]hr|fee)(?: costs?| fee| charge)?$",
    re.IGNORECASE,
)
NAMED_USED = re.compile(
    r"(?<!\w)(?:refurb\w*|renewed|open[- ]?box|b-ware|used(?! (?:look|by|for|in|as|to))|pre-?owned|second[- ]?hand"
    r"|gebraucht\w*|general[üu]berholt|reconditionn\w+|ricondizionat\w+|reacondicionad\w+|d.occasion"
    r"|usato|usad[oa]|zweite wahl|retoure"
    r"|ausstellungsst\w*|vorf[üu]hr\w*)(?!\w)",
    re.IGNORECASE,
)
# A price for non-members, one without a subscription.
WITHOUT = re.compile(
    r"\b(?:non?|not|without|ohne|kein\w*|nicht|sans|sin|senza)(?:[ -]|(?=mitglied))(?:an? )?\w+", re.IGNORECASE
)
