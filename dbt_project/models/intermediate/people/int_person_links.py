"""Which records are tied together, and what was not. The work is `pipelines.identity.joining.links`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import joining

    return joining.links(
        "person",
        records=dbt.ref("int_person_records"),
        keys=dbt.ref("int_person_keys"),
        decided=dbt.source("rules", "identity_decisions"),
        settings=dbt.source("rules", "identity"),
        of=dbt.ref("int_person_features"),
        scored=dbt.ref("int_person_pairs"),
        with_model=dbt.ref("int_person_model"),
    )
