"""Who is the same, and under which id. The work is `pipelines.identity.joining.resolved`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import joining

    return joining.resolved(
        "account",
        records=dbt.ref("int_account_records"),
        links=dbt.ref("int_account_links"),
        registry=dbt.source("rules", "identity_registry"),
        aliases=dbt.source("rules", "identity_aliases"),
        run=dbt.source("rules", "run"),
    )
