with source as (
    select * from {{ source('raw_hubspot', 'campaign_items') }}
),

renamed as (
    select
        campaign_id,
        kind,
        id as campaign_item_id,
        name,
        description,
        amount,
        currency,
        position,
        created_at,
        updated_at
    from source
)

select * from renamed
