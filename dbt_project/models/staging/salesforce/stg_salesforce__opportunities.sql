with source as (
    select * from {{ source('raw_salesforce', 'opportunity') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Opportunity', 'id') }} as record_key,
        id as opportunity_id,
        accountid as account_id,
        contactid as contact_id,
        campaignid as campaign_id,
        ownerid as owner_id,

        name,
        stagename as stage,
        currencyisocode as currency,
        type,
        leadsource as lead_source,
        forecastcategoryname as forecast_category,

        amount,
        probability,

        isclosed as is_closed,
        iswon as is_won,

        closedate as close_date,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
