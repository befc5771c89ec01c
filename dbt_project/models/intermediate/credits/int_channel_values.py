"""What each channel is worth to each data-driven model. The work is `pipelines.attribution.values`."""


def model(dbt, session):
    dbt.config(materialized="table", schema="intermediate")
    from pipelines.attribution import values

    return values.channel_values(
        session,
        journeys=dbt.ref("int_journeys"),
        models=dbt.source("rules", "attribution_models"),
    )
