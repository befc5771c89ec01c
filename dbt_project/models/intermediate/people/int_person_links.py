"""Which records are tied together, and what was not. The work is `pipelines.identity.build.links`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import build

    return build.links(
        session,
        "person",
        records=dbt.ref("int_person_records").select("record_key, created_at"),
        keys=dbt.ref("int_person_keys"),
        decided=dbt.source("rules", "identity_decisions"),
        settings=dbt.source("rules", "identity"),
        of=dbt.ref("int_person_features"),
        scored=dbt.ref("int_person_pairs"),
        with_model=dbt.ref("int_person_model"),
        this=dbt.this,
    )
