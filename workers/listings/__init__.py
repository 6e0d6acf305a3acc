"""Listings: rules of marketplaces, keywords, a score and proposals that invent nothing; without Django or the project."""
