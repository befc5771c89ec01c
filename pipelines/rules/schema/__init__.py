"""Objects and fields as the team describes them once for both CRMs: `custom_objects.yml` and `fields.yml`.

Belongs here: what the files may say, and what can be said against it before any CRM is asked. What a CRM has,
and making it so, is `pipelines.schema`.
"""
