with source as (
    select * from {{ source('raw_hubspot', 'deals') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'deals', 'id') }} as record_key,
        id as deal_id,
        hubspot_owner_id as owner_id,
        hs_salesforceopportunityid as opportunity_id_salesforce,

        dealname as name,
        pipeline,
        dealstage as stage,
        deal_currency_code as currency,
        dealtype as type,
        closed_lost_reason as lost_reason,
        cast({{ column_if_there(source('raw_hubspot', 'deals'), 'closed_won_reason', 'varchar') }} as varchar) as won_reason,
        hs_merged_object_ids as merged_deal_ids,

        amount,
        cast(hs_deal_stage_probability as double) as probability,

        hs_is_closed as is_closed,
        hs_is_closed_won as is_won,

        coalesce(createdate, created_at) as created_at,
        updated_at,
        closedate as close_at
    from source
    where
        deleted_at is null
        and not coalesce(archived, false)
)

select * from renamed
