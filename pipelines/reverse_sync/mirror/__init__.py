"""The mirrored provider of desired state: `config/field_mappings/` made into cells, conflicts settled.

Belongs here: what the CRMs' metadata makes of a mapping (`metadata`, `resolve`), conversion in SQL
(`conversions`), records in pairs (`pairs`), who wins (`settle`), the step (`build`), its page (`page`).
"""
