"""Scored pairs; only what is new is scored. The work is `pipelines.identity.build.compared`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import build

    return build.compared(
        "account",
        of=dbt.ref("int_account_features"),
        with_model=dbt.ref("int_account_model"),
    )
