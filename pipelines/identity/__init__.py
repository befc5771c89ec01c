"""Who is the same person or company: pure functions from Arrow to Arrow, called by dbt's Python models.

Belongs here: matching on exact keys and the life of a `person_id`. Which keys a record has is SQL, in the
dbt project; keeping the registry between runs is `pipelines.state`.
"""
