"""The way back: compare what the CRMs should hold with what they hold, plan it, write it, prove it.

Belongs here: plan, apply, recovery and the journal's way into the warehouse. What a field should be is
decided in `dbt_project/models/reverse_sync` and `pipelines.decisions`; here it is compared and written.
"""
