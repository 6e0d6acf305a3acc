"""A marketplace of which we know what is in the catalogue."""
