"""Dagster only, and thin: what is an asset, what blocks what, when it runs. The work is in `pipelines`."""
