"""What is compared of each record. The work is `pipelines.identity.build.features`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import build

    return build.features(
        "account",
        records=dbt.ref("int_account_compared"),
        settings=dbt.source("rules", "identity"),
    )
