with source as (
    select * from {{ source('raw_marketing_cloud', 'event_definitions') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'EventDefinition', '"id"') }} as record_key,
        "id" as event_definition_id,
        "eventDefinitionKey" as event_definition_key,
        "name" as name,
        "type" as type,
        "dataExtensionId" as data_extension_id,
        "dataExtensionName" as data_extension_name,
        "createdDate" as created_at,
        "modifiedDate" as updated_at,
        "interactionCount" as journeys,
        "publishedInteractionCount" as published_journeys
    from source
)

select * from renamed
