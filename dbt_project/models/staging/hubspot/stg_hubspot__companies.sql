with source as (
    select * from {{ source('raw_hubspot', 'companies') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'companies', 'id') }} as record_key,
        id as company_id,
        hubspot_owner_id as owner_id,
        salesforceaccountid as account_id_salesforce,

        name,
        domain,
        industry,
        city,
        state,
        country,
        hs_merged_object_ids as merged_company_ids,

        numberofemployees as employees,
        annualrevenue as annual_revenue,

        coalesce(createdate, created_at) as created_at,
        updated_at
    from source
    where
        deleted_at is null
        and not coalesce(archived, false)
)

select * from renamed
