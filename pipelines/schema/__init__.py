"""Objects as code: what the model says, held against what the CRMs have, planned, applied, read back.

Belongs here: objects, fields and what is around them. What the model may say is `pipelines.rules.schema`;
records and their values are `pipelines.reverse_sync`.
"""
