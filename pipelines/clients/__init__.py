"""Talks HTTP to CRMs: one client, one rate budget and one error vocabulary for reading and writing a vendor.

Belongs here: auth, transport, retries, paging, the vendors' shapes. What to read is `pipelines.sources`, what
to write is `pipelines.reverse_sync`.
"""
