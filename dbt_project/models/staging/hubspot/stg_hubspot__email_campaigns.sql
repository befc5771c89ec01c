with source as (
    select * from {{ source('raw_hubspot', 'email_campaigns') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'email_campaigns', 'id') }} as record_key,
        id as email_campaign_id,
        name,
        subject,
        type as email_campaign_type,
        content_id,
        app_id,
        app_name,
        included,
        counters,
        last_updated_at
    from source
)

select * from renamed
