"""Who is the same, and under which id. The work is `pipelines.identity.build.resolved`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import build

    return build.resolved(
        session,
        "person",
        records=dbt.ref("int_person_records").select("record_key, created_at"),
        links=dbt.ref("int_person_links"),
        registry=dbt.source("rules", "identity_registry"),
        aliases=dbt.source("rules", "identity_aliases"),
        run=dbt.source("rules", "run"),
    )
