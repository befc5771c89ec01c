with source as (
    select * from {{ source('raw_hubspot', 'campaigns') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'campaigns', 'id') }} as record_key,
        id as campaign_id,

        name,
        status,
        utm,
        currency,

        spend,
        budget,

        start_date,
        end_date,

        created_at,
        updated_at
    from source
)

select * from renamed
