"""Which records are tied together, and what was not. The work is `pipelines.identity.build.links`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import build

    return build.links(
        session,
        "account",
        records=dbt.ref("int_account_records").select("record_key, created_at"),
        keys=dbt.ref("int_account_keys"),
        decided=dbt.source("rules", "identity_decisions"),
        settings=dbt.source("rules", "identity"),
        of=dbt.ref("int_account_features"),
        scored=dbt.ref("int_account_pairs"),
        with_model=dbt.ref("int_account_model"),
        this=dbt.this,
    )
