with source as (
    select * from {{ source('raw_salesforce', 'opportunity_history') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'OpportunityHistory', 'id') }} as record_key,
        id as history_id,
        opportunityid as opportunity_id,
        createdbyid as changed_by_id,

        stagename as stage,
        forecastcategory as forecast_category,

        amount,
        probability,

        closedate as close_date,

        createddate as changed_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
