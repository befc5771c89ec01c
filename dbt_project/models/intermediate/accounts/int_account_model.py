"""The trained matching model: the one kept, or a new one. The work is `pipelines.identity.build.model`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import build

    return build.model(
        session,
        "account",
        of=dbt.ref("int_account_features"),
        kept=dbt.source("rules", "identity_models"),
        run=dbt.source("rules", "run"),
    )
