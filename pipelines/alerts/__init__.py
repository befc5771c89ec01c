"""Seeing that something is wrong with a run, and telling people once.

Belongs here: conditions and the telling. Incidents are kept in `pipelines.state.incidents`; messages about
leads are actions of the plan (`pipelines.decisions`).
"""
