with source as (
    select * from {{ source('raw_hubspot', 'campaign_assets') }}
),

renamed as (
    select
        campaign_id,
        asset_type,
        id as campaign_asset_id,
        name,
        metrics
    from source
)

select * from renamed
