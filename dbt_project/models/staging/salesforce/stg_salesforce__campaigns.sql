with source as (
    select * from {{ source('raw_salesforce', 'campaign') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Campaign', 'id') }} as record_key,
        id as campaign_id,
        parentid as parent_campaign_id,
        ownerid as owner_id,

        name,
        type,
        status,

        budgetedcost as budgeted_cost,
        actualcost as actual_cost,

        isactive as is_active,

        startdate as start_date,
        enddate as end_date,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
