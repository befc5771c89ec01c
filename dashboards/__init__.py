"""The page over the published file: pipeline, conversion, funnel, attribution, routing, quality, syncs, KPIs.

Belongs here: which question is asked of which mart, how its answer is drawn, and the two ways to look at it,
a local server with filters and one HTML file. No business logic: what a number means is decided in the marts.
"""
