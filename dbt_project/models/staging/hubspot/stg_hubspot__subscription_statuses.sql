with source as (
    select * from {{ source('raw_hubspot', 'subscription_statuses') }}
),

renamed as (
    select
        email,
        subscription_id,
        subscription_name,
        status,
        source as subscription_status_source,
        legal_basis,
        legal_basis_explanation,
        changed_at
    from source
)

select * from renamed
