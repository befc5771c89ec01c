with source as (
    select * from {{ source('raw_hubspot', 'campaign_reports') }}
),

renamed as (
    select
        campaign_id,
        sessions,
        new_contacts_first_touch,
        new_contacts_last_touch,
        influenced_contacts,
        attributed_contacts,
        attributed_deals,
        deal_amount,
        attributed_revenue,
        currency
    from source
)

select * from renamed
