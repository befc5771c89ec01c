with source as (
    select * from {{ source('raw_hubspot', 'campaign_contacts') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'campaign_contacts', "campaign_id || '-' || contact_id") }} as record_key,
        campaign_id,
        contact_id
    from source
)

select * from renamed
