"""Competitors' product pages, read by URL.

lxml and json rather than extruct (0.18.0, tried in November 2026): that hands pages to lxml as they come, where a
tag of 40,000 attributes takes 1.7 s and one of 200,000 a minute; it makes floats of prices; and it installs 21
packages (rdflib, requests, …) for forms that are read here in two small files.
"""
