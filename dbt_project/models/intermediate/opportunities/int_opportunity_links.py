"""Which deals are tied together, and what was not. The work is `pipelines.identity.build.links`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import build

    return build.links(
        session,
        "opportunity",
        records=dbt.ref("int_opportunity_records").select("record_key, created_at"),
        keys=dbt.ref("int_opportunity_keys"),
        decided=dbt.source("rules", "identity_decisions"),
        settings=dbt.source("rules", "identity"),
    )
