"""Why customers return things: our fifteen reasons, to which codes of marketplaces and comments are brought."""

from enum import StrEnum


class Reason(StrEnum):
    TOO_SMALL = "too_small"
    """Too small, tight, short or narrow for a person, an animal or a place."""
    TOO_LARGE = "too_large"
    STYLE_OR_COLOR = "style_or_color"
    """A taste: the customer does not like its colour, cut, pattern or look."""
    DEFECTIVE = "defective"
    """Never worked, or stopped working."""
    DAMAGED_IN_TRANSIT = "damaged_in_transit"
    WRONG_ITEM_SENT = "wrong_item_sent"
    """Another article, size or colour than the one ordered."""
    MISSING_PARTS = "missing_parts"
    NOT_AS_DESCRIBED = "not_as_described"
    """The right article, which is not what the page promised."""
    POOR_QUALITY = "poor_quality"
    """Works, but is cheap, weak, uncomfortable, smells or wears out."""
    NOT_COMPATIBLE = "not_compatible"
    """Does not fit or work with the customer's device, vehicle or part."""
    LATE_DELIVERY = "late_delivery"
    """Late, or never delivered."""
    BETTER_PRICE = "better_price"
    CHANGED_MIND = "changed_mind"
    """No longer wanted or needed."""
    ORDERED_BY_MISTAKE = "ordered_by_mistake"
    """The customer's own slip: the wrong one, twice, or by accident."""
    OTHER = "other"
    """No reason, or one that is none of these: service, health, assembly, fraud, an address."""


REASONS = tuple(Reason)
