"""Which records are tied together, and what was not. The work is `pipelines.identity.joining.links`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import joining

    return joining.links(
        "account",
        records=dbt.ref("int_account_records"),
        keys=dbt.ref("int_account_keys"),
        decided=dbt.source("rules", "identity_decisions"),
        settings=dbt.source("rules", "identity"),
        of=dbt.ref("int_account_features"),
        scored=dbt.ref("int_account_pairs"),
        with_model=dbt.ref("int_account_model"),
    )
