with source as (
    select * from {{ source('raw_hubspot', 'exchange_rates') }}
),

renamed as (
    select
        {{ record_key('hubspot', 'exchange_rates', 'id') }} as record_key,
        id as exchange_rate_id,
        from_currency,
        to_currency,
        rate,
        effective_at,
        visible_in_ui as is_visible_in_ui,
        created_at,
        updated_at
    from source
)

select * from renamed
