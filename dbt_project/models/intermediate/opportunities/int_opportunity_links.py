"""Which deals are tied together, and what was not. The work is `pipelines.identity.joining.links`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import joining

    return joining.links(
        "opportunity",
        records=dbt.ref("int_opportunity_records"),
        keys=dbt.ref("int_opportunity_keys"),
        decided=dbt.source("rules", "identity_decisions"),
        settings=dbt.source("rules", "identity"),
    )
