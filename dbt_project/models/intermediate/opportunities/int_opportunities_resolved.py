"""Who is the same, and under which id. The work is `pipelines.identity.joining.resolved`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import joining

    return joining.resolved(
        "opportunity",
        records=dbt.ref("int_opportunity_records"),
        links=dbt.ref("int_opportunity_links"),
        registry=dbt.source("rules", "identity_registry"),
        aliases=dbt.source("rules", "identity_aliases"),
        run=dbt.source("rules", "run"),
    )
