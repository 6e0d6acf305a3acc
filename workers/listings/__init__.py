"""Listings: rules of marketplaces, keywords, a score, and proposals that invent nothing: texts and rules alone."""
