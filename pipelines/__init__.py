"""Moves data both ways between the CRMs and the warehouse. Plain Python: nothing here imports Dagster."""
