"""Which company records are one account. The matching is `pipelines.identity.accounts.resolve`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.identity import accounts

    return accounts.resolve(
        records=dbt.ref("int_account_records").select("record_key, created_at").to_arrow_table(),
        keys=dbt.ref("int_account_keys").to_arrow_table(),
    )
