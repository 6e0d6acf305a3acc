"""Whether two of a page's products are one: pages often say it twice, in two forms."""

from workers.catalogue.models import LONGEST_TITLE
from workers.marketplaces.web.values import Node, dicts, scalars, text

IDENTITIES = ("sku", "productID", "mpn", "gtin", "gtin8", "gtin12", "gtin13", "gtin14")


def same(one: Node, other: Node) -> bool:
    """By their numbers or their whole name: the iPhone 15 Pro is no iPhone 15 Pro Max."""
    if one is other or _numbers(one) & _numbers(other) or _groups(one) & _groups(other):
        return True
    name = comparable(text(one, "name", LONGEST_TITLE))
    return bool(name) and name == comparable(text(other, "name", LONGEST_TITLE))


def is_told(product: Node) -> bool:
    """Whether it says what it is: some markup has only a rating, say."""
    return any(scalars(product, name) for name in ("name", *IDENTITIES))


def comparable(name: str) -> str:
    return " ".join(name.casefold().split())


def _numbers(node: Node) -> set[tuple[str, str]]:
    return {(name[:4], str(each)) for name in (*IDENTITIES, "@id") for each in scalars(node, name)}


def _groups(node: Node) -> set[str]:
    """By their name on the page: the group that it is, or that it is a variant of."""
    found = [each for name in ("isVariantOf", "hasVariant") for each in dicts(node.get(name))]
    return {name for each in (node, *found) if (name := text(each, "@id"))}
