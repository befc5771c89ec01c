with source as (
    select * from {{ source('raw_marketing_cloud', 'people') }}
),

renamed as (
    select
        {{ record_key('marketing_cloud', 'DataExtensionRow', '"ContactKey"') }} as record_key,
        "ContactKey" as contact_key,
        "EmailAddress" as email,
        "PersonId" as person_id,
        "FirstName" as first_name,
        "LastName" as last_name,
        "LeadScore" as lead_score,
        "LifecycleStage" as lifecycle_stage
    from source
)

select * from renamed
