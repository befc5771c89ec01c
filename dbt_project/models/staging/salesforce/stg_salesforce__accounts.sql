with source as (
    select * from {{ source('raw_salesforce', 'account') }}
),

renamed as (
    select
        {{ record_key('salesforce', 'Account', 'id') }} as record_key,
        id as account_id,
        parentid as parent_account_id,
        ownerid as owner_id,

        name,
        website,
        industry,
        billingcity as city,
        billingstate as state,
        billingcountry as country,
        type,

        numberofemployees as employees,
        annualrevenue as annual_revenue,

        createddate as created_at,
        systemmodstamp as updated_at
    from source
    where deleted_at is null
        and not coalesce(isdeleted, false)
)

select * from renamed
