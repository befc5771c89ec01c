with source as (
    select * from {{ source('raw_marketing_cloud', 'journeys') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'Interaction', '"id"') }} as record_key,
        "id" as journey_version_id,
        "key" as journey_key,
        "name" as name,
        "version" as version,
        "status" as status,
        "entryMode" as entry_mode,
        "definitionType" as definition_type,
        "createdDate" as created_at,
        "modifiedDate" as updated_at,
        "lastPublishedDate" as published_at,
        "eventDefinitionKey" as event_definition_key,
        "currentPopulation" as current_population,
        "cumulativePopulation" as cumulative_population,
        "metGoal" as met_goal,
        "metExitCriteria" as met_exit_criteria,
        "goalPerformance" as goal_performance,
        "goals" as goals,
        "activities" as activities
    from source
)

select * from renamed
