"""What is compared of each record. The work is `pipelines.identity.build.features`."""


def model(dbt, session):
    dbt.config(materialized="kept", schema="intermediate")
    from pipelines.identity import build

    return build.features(
        "person",
        records=dbt.ref("int_person_compared"),
        settings=dbt.source("rules", "identity"),
    )
