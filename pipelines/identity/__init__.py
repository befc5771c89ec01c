"""Who is the same person, company or deal: called by dbt's Python models on the connection that dbt lends.

Belongs here: matching, clustering and the life of an id. Which keys a record has is SQL, in the
dbt project; keeping the registry between runs is `pipelines.state`.
"""
