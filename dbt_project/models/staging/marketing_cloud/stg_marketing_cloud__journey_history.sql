with source as (
    select * from {{ source('raw_marketing_cloud', 'journey_history') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'JourneyHistory', '"id"') }} as record_key,
        "id" as journey_event_id,
        "ContactKey" as subscriber_key,
        "TransactionTime" as occurred_at,
        "DefinitionId" as journey_version_id,
        "DefinitionName" as journey_name,
        case lower("ActivityType")
            when 'startinteractionactivity' then 'entered'
            when 'goalcriteriaactivity' then 'goal'
            when 'exitcriteriaactivity' then 'left'
        end as kind
    from source
)

select * from renamed
where kind is not null
