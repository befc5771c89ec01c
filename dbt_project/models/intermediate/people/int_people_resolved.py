"""Who is the same person. The matching is `pipelines.identity.people.resolve`; nothing is decided here."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import people

    run = dbt.source("rules", "run").to_arrow_table()
    return people.resolve(
        records=dbt.ref("int_person_records").select("record_key, created_at").to_arrow_table(),
        keys=dbt.ref("int_person_keys").to_arrow_table(),
        registry=dbt.source("rules", "person_registry").to_arrow_table(),
        aliases=dbt.source("rules", "person_aliases").to_arrow_table(),
        as_of=run.column("as_of")[0].as_py(),
    )
