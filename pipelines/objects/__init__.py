"""Objects of the model in the warehouse: staged by the names of the file, made marts, checked.

Belongs here: what dbt cannot know of, because the file says which objects there are. Making them at a CRM is
`pipelines.schema`, moving their records `pipelines.reverse_sync.records`.
"""
